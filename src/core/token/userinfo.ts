/** Who an access token is about (OpenID Connect Core section 5.3). */
import type { Clients } from '../clients/clients.ts'
import type { KeyRing, SigningAlgorithm } from '../keys/key-ring.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import { words } from '../oauth/parameters.ts'
import type { Settings } from '../settings.ts'
import type { Users } from '../users/users.ts'
import type { AccessTokenHolders, Held } from './access-token-holder.ts'
import type { Dpop, DpopRequest } from './dpop.ts'
import { personalClaims, requestedClaims } from './standard-claims.ts'

export interface PresentedToken {
  readonly token: string
  readonly scheme: 'bearer' | 'dpop'
}
export type Userinfo =
  | { readonly kind: 'json'; readonly claims: Readonly<Record<string, unknown>> }
  | { readonly kind: 'jwt'; readonly text: string }

export interface UserinfoEndpoint {
  /** Throws `invalid_token`, `insufficient_scope` or what DPoP refuses, each with its `WWW-Authenticate`. */
  userinfo(presented: PresentedToken | undefined, dpop: DpopRequest): Promise<Userinfo>
}

export interface UserinfoDeps {
  readonly settings: () => Settings
  readonly keys: KeyRing
  readonly users: Users
  readonly clients: Clients
  readonly holders: AccessTokenHolders
  readonly dpop: Dpop
}

export function createUserinfo({ settings, keys, users, clients, holders, dpop }: UserinfoDeps): UserinfoEndpoint {
  async function holder(presented: PresentedToken | undefined, request: DpopRequest): Promise<Held> {
    if (!presented) throw challenge('invalid_token', 'Send an access token', 'Bearer realm="leveret"')
    const held = await holders.find(presented.token)
    if (!held) throw challenge('invalid_token', 'The access token is unknown, expired or revoked')
    const bound = boundKey(held)
    if (bound === undefined && presented.scheme === 'bearer') return held
    const shown = await dpop.check(request, presented.token)
    if (shown !== undefined && shown === bound && presented.scheme === 'dpop') return held
    throw challenge('invalid_token', 'The access token needs a DPoP proof of its key', 'DPoP error="invalid_token"')
  }

  /** A token for another resource says nothing here. */
  function isForUs({ claims }: Held): boolean {
    return [claims['aud']].flat().includes(settings().issuer)
  }

  return {
    async userinfo(presented, request) {
      const held = await holder(presented, request)
      const scopes = words(typeof held.claims['scope'] === 'string' ? held.claims['scope'] : '')
      if (!held.user || !isForUs(held)) throw challenge('invalid_token', 'The access token is not about a person here')
      if (!scopes.includes('openid'))
        throw challenge(
          'insufficient_scope',
          'The scope openid is needed',
          'Bearer error="insufficient_scope", scope="openid"',
        )
      const subject = await users.subject(held.user)
      const asked = requestedClaims(held.grant?.claims, 'userinfo')
      const claims = { sub: held.user.id, ...personalClaims(subject, scopes, asked) }
      const client = await clients.get(String(held.claims['client_id']))
      if (!client?.userinfoAlg) return { kind: 'json', claims }
      const signed = { ...claims, iss: settings().issuer, aud: client.id }
      const algorithm = client.userinfoAlg as SigningAlgorithm
      return { kind: 'jwt', text: await keys.sign(signed, { algorithm, typ: 'JWT' }) }
    },
  }
}

function boundKey({ claims }: Held): string | undefined {
  const { cnf } = claims
  if (typeof cnf !== 'object' || cnf === null || !('jkt' in cnf)) return undefined
  return typeof cnf.jkt === 'string' ? cnf.jkt : ''
}

function challenge(
  code: 'invalid_token' | 'insufficient_scope',
  description: string,
  header = 'Bearer realm="leveret", error="invalid_token"',
): OAuthError {
  return new OAuthError(code, description, { headers: { 'www-authenticate': header } })
}
