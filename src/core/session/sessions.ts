/** The session workflow: an identity token from a login, access tokens from an identity token. Wire objects in and out. */
import type { Caller } from '../world.ts'

export interface SessionLogin {
  readonly username: string
  readonly password: string
  readonly vhost?: string
  readonly broker?: string
}
export interface SessionLoginResponse {
  /** The identity token, not an OpenID Connect ID token; the name is that of older systems. */
  readonly id_token: string
  readonly token_type: 'bearer'
  /** Seconds. */
  readonly expires_in: number
  readonly vhost: string
  readonly broker: string
  readonly username: string
  readonly ip: string | null
}
export interface SessionTokenResponse {
  readonly access_token: string
  readonly token_type: 'bearer'
  readonly expires_in: number
  readonly scope: string
  readonly vhost: string
  readonly broker: string
}
export interface SessionDescription {
  readonly id: string
  readonly username: string
  readonly groups: readonly string[]
  readonly vhost: string
  readonly broker: string
  readonly ip: string | null
  readonly algorithm: string
  /** Epoch seconds. */
  readonly created_at: number
  readonly valid_until: number
  readonly last_used_at: number
}

/**
 * Refusals are `Problem`s; an identity token that is unknown, expired, revoked or used from elsewhere is `invalid_token`
 * to the caller and told apart in the audit log.
 */
export interface Sessions extends AsyncDisposable {
  login(input: SessionLogin, caller: Caller): Promise<SessionLoginResponse>
  /** Exchanges an identity token for an access token of its vhost and broker. */
  exchange(identityToken: string, caller: Caller): Promise<SessionTokenResponse>
  logout(identityToken: string, caller: Caller): Promise<void>
  describe(identityToken: string, caller: Caller): Promise<SessionDescription>
  /** Who holds this identity token; for routes that accept it as a credential. */
  authenticate(identityToken: string, caller: Caller): Promise<{ readonly userId: string; readonly username: string }>
  /** An access token straight from the rules, for `leveret token get`; the caller must be the operator. */
  issueFor(
    input: { readonly username: string; readonly vhost: string; readonly broker?: string },
    caller: Caller,
  ): Promise<SessionTokenResponse>
  /** Writes the remembered `lastUsedAt`; run by the janitor and at shutdown. */
  flush(): Promise<void>
}
