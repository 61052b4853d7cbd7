/** Access tokens for a broker: what the rules give, as claims, signed; every issue and refusal is an audit event. */
import type { Audit } from '../audit/audit.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { Problem } from '../problem.ts'
import { brokerClaims, checkTokenFits } from '../rabbitmq/claims.ts'
import type { Broker } from '../rabbitmq/records.ts'
import type { Rules, VhostGrant } from '../rabbitmq/rules.ts'
import type { Settings } from '../settings.ts'
import type { User } from '../users/records.ts'
import type { Users } from '../users/users.ts'
import type { Caller, World } from '../world.ts'
import type { SessionTokenResponse } from './sessions.ts'

export interface AccessTokenDeps {
  readonly world: World
  readonly settings: () => Settings
  readonly audit: Audit
  readonly keys: KeyRing
  readonly users: Users
  readonly rules: Rules
}
export interface AccessRequest {
  readonly user: User
  readonly vhost: string
  readonly broker: Broker
  readonly caller: Caller
}

export interface AccessTokens {
  /** What the rules give as of now; refuses with `no_rule`, and says to the audit log which rule is missing. */
  decide(request: AccessRequest): Promise<VhostGrant>
  /** `notAfter` (epoch milliseconds) shortens the token's life; `session` is for the audit log. */
  issue(
    request: AccessRequest,
    limits?: { readonly notAfter: number; readonly session: string },
  ): Promise<SessionTokenResponse>
}

/** Brokers up to 4.0 drop the connection at a little over 3,500 bytes. */
const LARGE_TOKEN_BYTES = 3_000

export function createAccessTokens({ world, settings, audit, keys, users, rules }: AccessTokenDeps): AccessTokens {
  type Detail = Readonly<Record<string, string | number>>
  function refused({ user, vhost, broker, caller }: AccessRequest, detail: Detail): void {
    const target = `user:${user.username}`
    const all = { ...detail, vhost, broker: broker.name }
    audit.record({ event: 'token.refused', outcome: 'refused', target, caller, detail: all })
  }

  async function decide(request: AccessRequest): Promise<VhostGrant> {
    const { user, vhost, broker, caller } = request
    const { groups, roles } = await users.subject(user)
    const grant = await rules.decide({ kind: 'user', name: user.username, groups, roles }, vhost, broker)
    if (grant) return grant
    refused(request, { why: 'no-rule', user: user.username, groups: groups.join(' '), roles: roles.join(' ') })
    const who = `user "${user.username}" (groups: ${groups.join(', ') || 'none'}; roles: ${roles.join(', ') || 'none'})`
    throw new Problem(
      'no_rule',
      caller.actor === 'operator'
        ? `No rule gives ${who} anything in vhost "${vhost}" of broker "${broker.name}": add one with leveret rule add`
        : 'You have no rights in this vhost: ask an administrator for a rule',
    )
  }

  return {
    decide,
    async issue(request, limits) {
      const { user, vhost, broker, caller } = request
      const grant = await decide(request)
      const now = world.now()
      const ttl = Math.min(broker.tokenTtl, (limits?.notAfter ?? Number.POSITIVE_INFINITY) - now)
      const jti = Buffer.from(world.random(16)).toString('base64url')
      const claims = brokerClaims({ issuer: settings().issuer, subject: user.username, grant, now, ttl, jti })
      const token = await keys.sign({ ...claims, aud: [...claims.aud] }, { algorithm: 'ES256', typ: 'at+jwt' })
      const bytes = token.length
      try {
        checkTokenFits(token, broker)
      } catch (error) {
        refused(request, { why: 'too-large', bytes, rules: grant.rules.length })
        throw error
      }
      if (bytes > LARGE_TOKEN_BYTES) {
        world.log.warn('an access token is nearly too large for brokers up to 4.0', {
          user: user.username,
          vhost,
          bytes,
        })
      }
      const detail = { kind: 'access', jti, vhost, broker: broker.name, expires: claims.exp, bytes }
      const all = limits ? { ...detail, session: limits.session } : detail
      audit.record({ event: 'token.issued', outcome: 'ok', target: `user:${user.username}`, caller, detail: all })
      return {
        access_token: token,
        token_type: 'bearer',
        expires_in: claims.exp - claims.iat,
        scope: claims.scope,
        vhost,
        broker: broker.name,
      }
    },
  }
}
