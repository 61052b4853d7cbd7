/** Part of a grant: the scopes that somebody asks for and that what the rules give covers. */
import { permissionScopes, tagsOf, wildcardMatch } from './matcher.ts'
import { tagScope } from './scope.ts'

/**
 * Requested scopes that some given scope covers, pattern by pattern: a `*` that is asked for is only covered by a `*`.
 * A requested scope of two segments asks for every routing key.
 */
export function narrowed(
  given: readonly string[],
  requested: readonly string[],
  resourceServerId: string,
): readonly string[] {
  const covering = permissionScopes(given, resourceServerId)
  const wanted = permissionScopes(requested, resourceServerId)
  const kept = wanted
    .filter(({ permission, vhost, name, routingKey = '*' }) =>
      covering.some(
        (have) =>
          have.permission === permission &&
          have.vhost === vhost &&
          covers(have.name, name) &&
          covers(have.routingKey ?? '*', routingKey),
      ),
    )
    .map(({ permission, vhost, name, routingKey = '*' }) => {
      return `${resourceServerId}.${permission}:${vhost}/${name}/${routingKey}`
    })
  const tags = new Set(tagsOf(given, resourceServerId))
  const asked = tagsOf(requested, resourceServerId).filter((tag) => tags.has(tag))
  return [...new Set([...kept, ...asked.map((tag) => tagScope(resourceServerId, tag))])]
}

/**
 * Whatever the requested pattern matches, the given one would too: its own text, wildcards taken as plain characters,
 * is matched. Both are encoded, so a literal `*` is `%2A` and never mistaken.
 */
function covers(given: string, requested: string): boolean {
  if (given === requested) return true
  return (
    /^(?:[A-Za-z0-9_.~*-]|%[0-9A-F]{2})*$/.test(requested) && wildcardMatch(requested, given.replaceAll('%', '%25'))
  )
}
