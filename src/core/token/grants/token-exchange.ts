/** RFC 8693: a token of ours for another one that allows less, or the same elsewhere, within the rules. */
import type { Client } from '../../clients/records.ts'
import { newId } from '../../identifier.ts'
import { OAuthError } from '../../oauth/oauth-error.ts'
import { type Parameters, words } from '../../oauth/parameters.ts'
import type { World } from '../../world.ts'
import type { AccessTokenHolders, Held } from '../access-token-holder.ts'
import type { Issuer } from '../issuer.ts'
import type { Authorization } from '../records.ts'
import type { Target, Targets } from '../target.ts'
import type { GrantHandler } from './grant.ts'

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const JWT = 'urn:ietf:params:oauth:token-type:jwt'
/** Delegations of delegations of … */
const MOST_ACTORS = 5

export interface TokenExchangeDeps {
  readonly world: World
  readonly holders: AccessTokenHolders
  readonly issuer: Issuer
  readonly targets: Targets
}

export function tokenExchangeGrant({ world, holders, issuer, targets }: TokenExchangeDeps): GrantHandler {
  async function tokenIn(parameters: Parameters, name: 'subject_token' | 'actor_token'): Promise<Held> {
    const type = parameters.need(`${name}_type`)
    if (type !== ACCESS_TOKEN && type !== JWT)
      throw new OAuthError('invalid_request', `${name}_type must be ${ACCESS_TOKEN} or ${JWT}`)
    const held = await holders.find(parameters.need(name))
    // Broker tokens go by user name and say nothing of who it is here; they are no subject for others.
    const { sub, client_id: clientId } = held?.claims ?? {}
    const known =
      held?.user?.id === sub || (held?.user === undefined && clientId === sub && !('vhost' in (held?.claims ?? {})))
    if (!held || !known)
      throw new OAuthError('invalid_request', `The ${name} is no living access token for this server`)
    return held
  }

  return {
    type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    async handle({ client, parameters, jkt, caller }) {
      const wanted = parameters.get('requested_token_type') ?? ACCESS_TOKEN
      if (wanted !== ACCESS_TOKEN && wanted !== JWT)
        throw new OAuthError('invalid_request', `requested_token_type must be ${ACCESS_TOKEN}`)
      if (!client.confidential) throw new OAuthError('unauthorized_client', 'This grant is for confidential clients')
      const subject = await tokenIn(parameters, 'subject_token')
      if (subject.user === undefined && subject.claims['client_id'] !== client.id)
        throw new OAuthError('invalid_request', 'A client exchanges its own token, or that of a person')
      refuseBound(subject, jkt)
      const actor = parameters.get('actor_token') === undefined ? undefined : await tokenIn(parameters, 'actor_token')
      if (actor) refuseBound(actor, jkt)
      const target = within(subject, await targets.read(parameters, client))
      const exp = Number(subject.claims['exp']) * 1000
      const issued = await issuer.issue({
        authorization: authorizationOf(subject, client, target),
        client,
        jkt,
        caller,
        ...(subject.user && { grantId: newId('g', world) }),
        act: actOf(subject, actor, client),
        notAfter: exp,
      })
      if (!issued.ok) throw new OAuthError('invalid_grant', 'The user may no longer log in')
      return { ...issued.response, issued_token_type: ACCESS_TOKEN }
    },
  }
}

/** A token that is bound to a key is exchanged with a proof of that key. */
function refuseBound({ claims }: Held, jkt: string | undefined): void {
  const bound = typeof claims['cnf'] === 'object' && claims['cnf'] !== null && 'jkt' in claims['cnf']
  if (bound && (claims['cnf'] as { jkt?: unknown }).jkt !== jkt)
    throw new OAuthError('invalid_dpop_proof', 'The token is bound to another key')
}

/** Never a scope that the subject token has not; scopes of a broker are bounded by the rules of its subject. */
function within({ claims }: Held, target: Target): Target {
  const held = words(typeof claims['scope'] === 'string' ? claims['scope'] : '')
  if (target.broker !== null) return target
  if (target.scopes.length === 0) return { ...target, scopes: held.filter((scope) => scope !== 'offline_access') }
  const beyond = target.scopes.find((scope) => !held.includes(scope))
  if (beyond === undefined) return target
  throw new OAuthError('invalid_scope', `The subject_token does not hold the scope ${beyond.slice(0, 100)}`)
}

function authorizationOf({ grant, user, claims }: Held, client: Client, target: Target): Authorization {
  const { scopes, resources, broker, vhost, authorizationDetails } = target
  const authTime = typeof claims['auth_time'] === 'number' ? claims['auth_time'] * 1000 : null
  return {
    clientId: client.id,
    userId: user?.id ?? null,
    sid: grant?.sid ?? null,
    scopes: [...scopes],
    resources: [...resources],
    broker,
    vhost,
    authorizationDetails: [...authorizationDetails],
    claims: null,
    authTime,
    acr: grant?.acr ?? null,
    amr: [...(grant?.amr ?? [])],
  }
}

/** Section 4.1: who acts for the subject, and for whom that one acted before. */
function actOf({ claims }: Held, actor: Held | undefined, client: Client): Readonly<Record<string, unknown>> {
  const before = claims['act']
  const sub = actor?.claims['sub'] ?? client.id
  if (depthOf(before) >= MOST_ACTORS) throw new OAuthError('invalid_request', 'The token was handed on too often')
  return { sub, ...(typeof before === 'object' && before !== null && { act: before }) }
}

function depthOf(act: unknown): number {
  return typeof act === 'object' && act !== null ? 1 + depthOf((act as { act?: unknown }).act) : 0
}
