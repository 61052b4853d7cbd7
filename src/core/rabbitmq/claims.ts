/** What goes into an access token for a broker: scopes from a grant, claims around them, and how large it may become. */
import { Problem } from '../problem.ts'
import type { Broker } from './records.ts'
import type { BrokerClaims, Permission, VhostGrant } from './rules.ts'
import { permissionScope, tagScope } from './scope.ts'
import { atLeast } from './versions.ts'

const PERMISSIONS: readonly Permission[] = ['configure', 'write', 'read']

/** The broker's scopes for a grant, without those that a `*` of the same permission covers. */
export function brokerScopes(grant: Pick<VhostGrant, 'broker' | 'vhost' | 'patterns' | 'tags'>): readonly string[] {
  const parts = { resourceServerId: grant.broker.resourceServerId, vhost: grant.vhost }
  const scopes = PERMISSIONS.flatMap((permission) => {
    const all = new Set(grant.patterns[permission].map((pattern) => permissionScope(parts, permission, pattern)))
    const everything = permissionScope(parts, permission, '*')
    return all.has(everything) ? [everything] : [...all].toSorted()
  })
  return [...scopes, ...grant.tags.map((tag) => tagScope(parts.resourceServerId, tag))]
}

const written = new WeakMap<VhostGrant, string>()

/** Spelled once for each grant, which `Rules.decide` gives out again and again. */
function scopeOf(grant: VhostGrant): string {
  const scope = written.get(grant) ?? brokerScopes(grant).join(' ')
  written.set(grant, scope)
  return scope
}

export interface ClaimsInput {
  readonly issuer: string
  /** The user or client name: what the broker shows, logs and compares on refresh. */
  readonly subject: string
  readonly grant: VhostGrant
  /** Those of the grant, or a part of them. */
  readonly scopes?: readonly string[]
  /** Epoch milliseconds. */
  readonly now: number
  /** Milliseconds. */
  readonly ttl: number
  readonly jti: string
}

/**
 * Times are whole seconds: a fractional `exp` is never checked by 3.10. `client_id` equals `sub`, because 3.10 takes it
 * as the user name when both are there. No `groups`: the token has to fit the broker's first frame.
 */
export function brokerClaims({ issuer, subject, grant, scopes, now, ttl, jti }: ClaimsInput): BrokerClaims {
  const issuedAt = Math.floor(now / 1000)
  return {
    iss: issuer,
    sub: subject,
    aud: [grant.broker.resourceServerId],
    iat: issuedAt,
    nbf: issuedAt,
    exp: issuedAt + Math.max(1, Math.floor(ttl / 1000)),
    jti,
    client_id: subject,
    preferred_username: subject,
    vhost: grant.vhost,
    scope: scopes?.join(' ') ?? scopeOf(grant),
  }
}

/** A password is sent in one frame before the frame size is negotiated: 4,096 bytes up to 4.0, 8,192 from 4.1 on. */
export function maxTokenBytes(version: string): number {
  return atLeast(version, '4.1') ? 7_500 : 3_500
}

/** Refuses a signed token that the broker would answer by dropping the connection. */
export function checkTokenFits(token: string, broker: Broker): void {
  const limit = maxTokenBytes(broker.version)
  if (token.length <= limit) return
  throw new Problem(
    'conflict',
    `The access token has ${token.length} bytes, and broker "${broker.name}" (${broker.version}) takes ${limit}: ` +
      'an administrator should merge patterns of the rules that apply',
  )
}
