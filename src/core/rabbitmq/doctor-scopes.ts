/** The rules about scopes: their shape, the vhost they open, and what can be done there. */
import { resourceRefused, vhostRefused } from './broker-words.ts'
import type { Check, Examined, Finding } from './doctor-examined.ts'
import { type BrokerScope, expandVariables, permissionScopes, resourceAccess, tagsOf, vhostAccess } from './matcher.ts'
import type { Permission } from './rules.ts'
import { atLeast } from './versions.ts'

const MAX_SCOPES = 2048
const UNBOUND_TAGS: readonly string[] = ['administrator', 'monitoring']
const NO_SCOPE_3_10 = "User '' authentication failed with internal error. Enable debug logs to see the real error."

/** One finding about the scopes that have a fault, or that none has. */
function about(
  rule: string,
  faulty: readonly string[],
  words: { readonly good: string; readonly bad: string },
): Finding {
  return faulty.length === 0
    ? { rule, ok: true, text: words.good }
    : { rule, ok: false, text: `${words.bad}: ${faulty.slice(0, 5).join(' ')}` }
}

const present: Check = ({ scopes, input: { broker } }) => {
  if (scopes && scopes.length > MAX_SCOPES) {
    return {
      rule: 'scope',
      ok: false,
      text: `It has ${scopes.length} scopes; newer brokers take ${MAX_SCOPES}`,
      brokerSays: '{error,too_many_scopes}',
    }
  }
  if (scopes) return { rule: 'scope', ok: true, text: `It has ${scopes.length} scopes` }
  const text = 'It has no "scope" claim, the only one in which brokers look for permissions'
  return atLeast(broker.version, '4.0')
    ? { rule: 'scope', ok: false, text }
    : { rule: 'scope', ok: false, text, brokerSays: NO_SCOPE_3_10 }
}

const prefix: Check = ({ scopes = [], input: { broker } }) => {
  const own = `${broker.resourceServerId}.`
  if (scopes.some((scope) => scope.startsWith(own))) {
    return { rule: 'prefix', ok: true, text: `It has scopes that begin with "${own}"` }
  }
  return { rule: 'prefix', ok: false, text: `None of its scopes begins with "${own}": the broker ignores them all` }
}

function ownPatterns({ scopes = [], input: { broker } }: Examined): readonly (readonly [string, string])[] {
  const pattern = new RegExp(`^${RegExp.escape(broker.resourceServerId)}\\.(?:configure|write|read):(.*)$`, 's')
  return scopes.flatMap((scope) => {
    const [, path] = pattern.exec(scope) ?? []
    return path === undefined ? [] : [[scope, path] as const]
  })
}

function scopesWhere(examined: Examined, hasFault: (path: string) => boolean): readonly string[] {
  return ownPatterns(examined)
    .filter(([, path]) => hasFault(path))
    .map(([scope]) => scope)
}

const segments: Check = (examined) =>
  about(
    'segments',
    scopesWhere(examined, (path) => path.split('/').length !== 3),
    {
      good: 'Its scopes have three segments',
      bad: 'Brokers refuse scopes of two segments on topic exchanges, and ignore those of one or more than three',
    },
  )

const encoding: Check = (examined) =>
  about(
    'encoding',
    scopesWhere(examined, (path) => /%(?![0-9A-Fa-f]{2})|\+/.test(path)),
    {
      good: 'Its scopes are encoded as brokers decode them',
      bad: 'A broken % escape matches nothing, and + is read as a space',
    },
  )

const wildcards: Check = (examined) =>
  about(
    'vhost-wildcard',
    scopesWhere(examined, (path) => (path.split('/')[0] ?? '').includes('*')),
    {
      good: 'No scope has a wildcard for the vhost',
      bad: 'It is not bound to one vhost; a wildcard is in',
    },
  )

const variables: Check = (examined) =>
  about(
    'variables',
    scopesWhere(examined, (path) => path.includes('{')),
    {
      good: 'No scope has a variable',
      bad: 'Brokers from 4.1.1 on replace {…}, and {vhost} opens every vhost',
    },
  )

function wantedVhost({ input, claims }: Examined): string | undefined {
  return input.vhost ?? (typeof claims.vhost === 'string' ? claims.vhost : undefined)
}

/** Scopes as this broker sees them while somebody opens this vhost. */
function effective({ scopes = [], claims, input: { broker } }: Examined, vhost: string): readonly BrokerScope[] {
  const expanded = atLeast(broker.version, '4.1.1')
    ? scopes.map((scope) => expandVariables(scope, vhost, claims))
    : scopes
  return permissionScopes(expanded, broker.resourceServerId)
}

const vhost: Check = (examined) => {
  const name = wantedVhost(examined)
  if (name === undefined) return { rule: 'vhost', ok: true, text: 'Say which vhost to check whether it opens that' }
  const scope = vhostAccess(name, effective(examined, name))
  if (scope) return { rule: 'vhost', ok: true, text: `It opens vhost "${name}" by ${scope.scope}` }
  const text = `It does not open vhost "${name}": no scope is for that`
  return { rule: 'vhost', ok: false, text, brokerSays: vhostRefused(name, examined.user) }
}

const permissions: Check = (examined) => {
  const name = wantedVhost(examined)
  if (name === undefined) return undefined
  const inVhost = effective(examined, name).filter((scope) => vhostAccess(name, [scope]))
  const list = (['configure', 'write', 'read'] satisfies Permission[]).map((permission) => {
    const patterns = inVhost.filter((scope) => scope.permission === permission)
    return `${permission} ${patterns.map((scope) => `${scope.name}/${scope.routingKey ?? '-'}`).join(' ') || 'nothing'}`
  })
  return { rule: 'permissions', ok: inVhost.length > 0, text: `In vhost "${name}": ${list.join('; ')}` }
}

const defaultExchange: Check = (examined) => {
  const name = wantedVhost(examined)
  if (name === undefined) return undefined
  const resource = { vhost: name, name: 'amq.default' }
  if (resourceAccess(resource, 'write', effective(examined, name))) {
    return { rule: 'default-exchange', ok: true, text: 'It may publish to any queue by name (write on amq.default)' }
  }
  const refused = {
    ...resource,
    version: examined.input.broker.version,
    user: examined.user,
    permission: 'write',
  } as const
  return {
    rule: 'default-exchange',
    ok: true,
    text: 'It may not publish to queues by name: that needs write on amq.default',
    brokerSays: resourceRefused({ ...refused, kind: 'exchange' }),
  }
}

const tags: Check = ({ scopes = [], input: { broker } }) => {
  const found = tagsOf(scopes, broker.resourceServerId)
  const unbound = found.filter((tag) => UNBOUND_TAGS.includes(tag))
  if (unbound.length > 0) {
    return { rule: 'tags', ok: false, text: `Tag ${unbound.join(', ')} sees every vhost in the management API` }
  }
  return found.length > 0
    ? { rule: 'tags', ok: true, text: `Tags: ${found.join(', ')}` }
    : { rule: 'tags', ok: true, text: 'No tag: the management UI and API refuse it', brokerSays: 'Not management user' }
}

export const SCOPE_CHECKS: readonly Check[] = [
  present,
  prefix,
  segments,
  encoding,
  wildcards,
  variables,
  vhost,
  permissions,
  defaultExchange,
  tags,
]
