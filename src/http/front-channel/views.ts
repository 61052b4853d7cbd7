/** From records to what pages show. */
import type { Client } from '../../core/clients/records.ts'
import type { VhostGrant } from '../../core/rabbitmq/rules.ts'
import type { User } from '../../core/users/records.ts'
import type { AccountView, ClientView, VhostRights } from '../../web/view.ts'

export function clientView({ name, logoUri, clientUri, policyUri, tosUri }: Client): ClientView {
  return {
    name,
    ...(logoUri !== null && { logo: logoUri }),
    ...(clientUri !== null && { uri: clientUri }),
    ...(policyUri !== null && { policyUri }),
    ...(tosUri !== null && { termsUri: tosUri }),
  }
}

export function accountView({ username, displayName }: User): AccountView {
  return { username, ...(displayName !== null && { displayName }) }
}

/** What is asked for, the rights in words of their own. */
export function askedView(scopes: readonly string[], rights: VhostGrant | undefined) {
  if (!rights) return { scopes, vhosts: [] }
  const { broker, vhost, patterns, tags } = rights
  const prefix = `${broker.resourceServerId}.`
  const isRight = (scope: string) =>
    scope.startsWith(prefix) && /^(?:configure|write|read|tag):/.test(scope.slice(prefix.length))
  const narrowed = scopes.filter(isRight).map((scope) => scope.slice(prefix.length))
  const all: VhostRights = { vhost, broker: broker.name, ...patterns, tags }
  return {
    scopes: scopes.filter((scope) => !isRight(scope)),
    vhosts: [narrowed.length === 0 ? all : { ...all, ...rightsIn(narrowed) }],
  }
}

/** `read:vhost/name` and `tag:name`, as they were asked for. */
function rightsIn(scopes: readonly string[]) {
  const of = (permission: string) =>
    scopes
      .filter((scope) => scope.startsWith(`${permission}:`))
      .map((scope) => readable(scope.slice(scope.indexOf('/') + 1)))
  const tags = scopes.filter((scope) => scope.startsWith('tag:')).map((scope) => scope.slice(4))
  return { configure: of('configure'), write: of('write'), read: of('read'), tags }
}

function readable(pattern: string): string {
  try {
    return decodeURIComponent(pattern)
  } catch {
    return pattern
  }
}
