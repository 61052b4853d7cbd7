/** A grant of the token endpoint: only what is its own; the pipeline does what all share. */
import type { Client } from '../../clients/records.ts'
import type { Parameters } from '../../oauth/parameters.ts'
import type { Caller } from '../../world.ts'
import type { TokenResponse } from '../issuer.ts'

export interface GrantRequest {
  /** Authenticated, enabled, and allowed to use this grant. */
  readonly client: Client
  readonly parameters: Parameters
  /** Thumbprint of the key of the DPoP proof. */
  readonly jkt: string | undefined
  readonly caller: Caller
}

export interface GrantHandler {
  /** `grant_type`. */
  readonly type: string
  /** Refuses with an `OAuthError`, or with a `Problem` of the domain that is translated at the edge. */
  handle(request: GrantRequest): Promise<TokenResponse>
}
