/** Access tokens for a broker: what the rules give, as claims, signed; every issue and refusal is an audit event. */
import type { Audit } from '../audit/audit.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { Problem } from '../problem.ts'
import type { Settings } from '../settings.ts'
import type { Caller, World } from '../world.ts'
import { brokerClaims, brokerScopes, checkTokenFits } from './claims.ts'
import { narrowed } from './narrow.ts'
import type { Broker } from './records.ts'
import type { BrokerClaims, Rules, RuleSubject, VhostGrant } from './rules.ts'

export interface BrokerTokenDeps {
  readonly world: World
  readonly settings: () => Settings
  readonly audit: Pick<Audit, 'record'>
  readonly keys: KeyRing
  readonly rules: Pick<Rules, 'decide'>
}
export interface BrokerTokenRequest {
  readonly subject: RuleSubject
  readonly vhost: string
  readonly broker: Broker
  readonly caller: Caller
  /** Scopes of the broker to narrow the token to; without them it holds everything the rules give. */
  readonly requested?: readonly string[]
}
export interface BrokerTokenLimits {
  /** Epoch milliseconds; shortens the token's life. */
  readonly notAfter?: number
  /** For the audit log: the session or grant it came of, the client that asked. */
  readonly detail?: Readonly<Record<string, string>>
  /** The event becomes a log line and no record. */
  readonly logOnly?: boolean
  /** Claims beyond those that brokers read: `cnf`, `act`. */
  readonly claims?: Readonly<Record<string, unknown>>
}
export interface BrokerToken {
  readonly token: string
  readonly claims: BrokerClaims
}

export interface BrokerTokens {
  /** What the rules give as of now; refuses with `no_rule`, and says to the audit log which rule is missing. */
  decide(request: BrokerTokenRequest): Promise<VhostGrant>
  /** Refuses with `no_rule` also when nothing is left of what was requested. */
  issue(request: BrokerTokenRequest, limits?: BrokerTokenLimits): Promise<BrokerToken>
}

/** Brokers up to 4.0 drop the connection at a little over 3,500 bytes. */
const LARGE_TOKEN_BYTES = 3_000

export function createBrokerTokens({ world, settings, audit, keys, rules }: BrokerTokenDeps): BrokerTokens {
  type Detail = Readonly<Record<string, string | number>>
  function refused({ subject, vhost, broker, caller }: BrokerTokenRequest, detail: Detail): void {
    const target = `${subject.kind}:${subject.name}`
    const all = { ...detail, vhost, broker: broker.name }
    audit.record({ event: 'token.refused', outcome: 'refused', target, caller, detail: all })
  }

  async function decide(request: BrokerTokenRequest): Promise<VhostGrant> {
    const { subject, vhost, broker, caller } = request
    const { kind, name, groups, roles } = subject
    const grant = await rules.decide(subject, vhost, broker)
    if (grant) return grant
    refused(request, { why: 'no-rule', [kind]: name, groups: groups.join(' '), roles: roles.join(' ') })
    const who = `${kind} "${name}" (groups: ${groups.join(', ') || 'none'}; roles: ${roles.join(', ') || 'none'})`
    throw new Problem(
      'no_rule',
      caller.actor === 'operator'
        ? `No rule gives ${who} anything in vhost "${vhost}" of broker "${broker.name}": add one with leveret rule add`
        : 'You have no rights in this vhost: ask an administrator for a rule',
    )
  }

  /** `undefined` for everything that the grant holds. */
  function scopesOf(request: BrokerTokenRequest, grant: VhostGrant): readonly string[] | undefined {
    const { requested = [], broker } = request
    if (requested.length === 0) return undefined
    const kept = narrowed(brokerScopes(grant), requested, broker.resourceServerId)
    if (kept.length > 0) return kept
    refused(request, { why: 'beyond-rules', requested: requested.join(' ') })
    throw new Problem('no_rule', 'No rule covers any of the requested rights in this vhost')
  }

  return {
    decide,
    async issue(request, limits = {}) {
      const { subject, vhost, broker, caller } = request
      const grant = await decide(request)
      const scopes = scopesOf(request, grant)
      const now = world.now()
      const ttl = Math.min(broker.tokenTtl, (limits.notAfter ?? Number.POSITIVE_INFINITY) - now)
      const jti = Buffer.from(world.random(16)).toString('base64url')
      const about = { issuer: settings().issuer, subject: subject.name, grant, now, ttl, jti }
      const claims = brokerClaims(scopes ? { ...about, scopes } : about)
      const signed = { ...claims, ...limits.claims, aud: [...claims.aud] }
      const token = await keys.sign(signed, { algorithm: 'ES256', typ: 'at+jwt' })
      const bytes = token.length
      try {
        checkTokenFits(token, broker)
      } catch (error) {
        refused(request, { why: 'too-large', bytes, rules: grant.rules.length })
        throw error
      }
      const target = `${subject.kind}:${subject.name}`
      if (bytes > LARGE_TOKEN_BYTES) {
        world.log.warn('an access token is nearly too large for brokers up to 4.0', { subject: target, vhost, bytes })
      }
      const detail = { kind: 'access', jti, vhost, broker: broker.name, expires: claims.exp, bytes, ...limits.detail }
      const { logOnly = false } = limits
      audit.record({ event: 'token.issued', outcome: 'ok', target, caller, detail, logOnly })
      return { token, claims }
    },
  }
}
