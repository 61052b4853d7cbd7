/**
 * How a broker reads scopes and matches patterns, bug for bug: what it would refuse must be refused here.
 * Its matcher takes the first place where a part fits and never goes back, so `*b` does not match `abab`.
 * Texts are handled as bytes, one character each, as the broker does.
 */
import type { Permission } from './rules.ts'

export interface BrokerScope {
  /** As it stands in the token. */
  readonly scope: string
  readonly permission: Permission
  /** Still encoded. */
  readonly vhost: string
  readonly name: string
  /** Absent in a scope of two segments, which no topic check accepts. */
  readonly routingKey: string | undefined
}

export interface Resource {
  readonly vhost: string
  readonly name: string
}

const utf8 = new TextEncoder()

function asBytes(text: string): string {
  return utf8.encode(text).reduce((all, byte) => all + String.fromCharCode(byte), '')
}

export function wildcardMatch(subject: string, pattern: string): boolean {
  const parts = asBytes(pattern).split('*').map(decodePart)
  if (!parts.every((part) => part !== undefined)) return false
  const text = asBytes(subject)
  const [first = '', ...rest] = parts
  return text.startsWith(first) && scan(text, rest, first.length)
}

function scan(text: string, parts: readonly string[], from: number): boolean {
  let at = from
  for (const [index, part] of parts.entries()) {
    if (part === '' && index === parts.length - 1) return true
    if (at === text.length) return false
    if (part === '') continue
    const found = text.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return at === text.length
}

/** `%XX` and `+`; `undefined` for a broken escape, with which the whole pattern matches nothing. */
function decodePart(part: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})/.test(part)) return undefined
  return part
    .replaceAll('+', ' ')
    .replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

const PERMISSION_SCOPE = /^(configure|write|read):(.*)$/s

/** Scopes that give permissions, without those the broker ignores: foreign prefix, unknown permission, not 2 or 3 segments. */
export function permissionScopes(scopes: readonly string[], resourceServerId: string): readonly BrokerScope[] {
  return scopes.flatMap((scope) => {
    const [, permission, pattern = ''] = PERMISSION_SCOPE.exec(withoutPrefix(scope, resourceServerId) ?? '') ?? []
    const [vhost = '', name, routingKey, ...more] = pattern.split('/')
    if (permission === undefined || name === undefined || more.length > 0) return []
    return [{ scope, permission: permission as Permission, vhost, name, routingKey }]
  })
}

/** Management tags, those that unbind the token from its vhost included. */
export function tagsOf(scopes: readonly string[], resourceServerId: string): readonly string[] {
  return scopes.flatMap((scope) => {
    const [, tag] = /^tag:(.*)$/s.exec(withoutPrefix(scope, resourceServerId) ?? '') ?? []
    return tag === undefined ? [] : [tag]
  })
}

function withoutPrefix(scope: string, resourceServerId: string): string | undefined {
  return scope.startsWith(`${resourceServerId}.`) ? scope.slice(resourceServerId.length + 1) : undefined
}

/** The first scope that opens the vhost: any permission in it does. */
export function vhostAccess(vhost: string, scopes: readonly BrokerScope[]): BrokerScope | undefined {
  return scopes.find((scope) => wildcardMatch(vhost, scope.vhost))
}

/** The first scope that allows this on a queue or exchange. The broker calls the default exchange `amq.default`. */
export function resourceAccess(
  resource: Resource,
  permission: Permission,
  scopes: readonly BrokerScope[],
): BrokerScope | undefined {
  return scopes.find(
    (scope) =>
      scope.permission === permission &&
      wildcardMatch(resource.vhost, scope.vhost) &&
      wildcardMatch(resource.name, scope.name),
  )
}

/** The first scope that allows this routing key on a topic exchange; checked by the broker after `resourceAccess`. */
export function topicAccess(
  topic: Resource & { readonly routingKey: string },
  permission: Permission,
  scopes: readonly BrokerScope[],
): BrokerScope | undefined {
  const allowed = scopes.filter(
    ({ routingKey }) => routingKey !== undefined && wildcardMatch(topic.routingKey, routingKey),
  )
  return resourceAccess(topic, permission, allowed)
}

/**
 * From 4.1.1 on `{vhost}` and `{claim}` are replaced before matching, so that `{vhost}` opens every vhost. Earlier
 * brokers take the braces literally.
 */
export function expandVariables(scope: string, vhost: string, claims: Readonly<Record<string, unknown>>): string {
  let broken = false
  const expanded = scope.replace(/\{([^{.*}]*)([{.*}]|$)/g, (_, variable: string, end: string) => {
    if (end !== '}' && end !== '') broken = true
    const claim = claims[variable]
    return variable === 'vhost' ? vhost : typeof claim === 'string' ? claim : variable
  })
  return broken ? '' : expanded
}
