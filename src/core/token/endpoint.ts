/** The token endpoint (RFC 6749 section 3.2): what all grants share, in this order. */
import type { Audit } from '../audit/audit.ts'
import type { ClientAuthentication, PresentedClient } from '../clients/authentication.ts'
import type { Client } from '../clients/records.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parameters } from '../oauth/parameters.ts'
import { Problem } from '../problem.ts'
import type { Settings } from '../settings.ts'
import type { Caller } from '../world.ts'
import type { Dpop, DpopRequest } from './dpop.ts'
import { FIRST_PARTY } from './first-party.ts'
import type { GrantHandler } from './grants/grant.ts'
import type { TokenResponse } from './issuer.ts'

export interface TokenRequest {
  readonly parameters: Parameters
  /** The Authorization header, and the subject of a certificate that a trusted proxy verified. */
  readonly authorization: string | undefined
  readonly certificateSubject?: string | undefined
  readonly dpop: DpopRequest
  readonly caller: Caller
}

export interface TokenEndpoint {
  /** Values of `grant_type`. */
  readonly grants: readonly string[]
  /** Refuses with an `OAuthError`, or with a `Problem` that the edge translates. */
  token(request: TokenRequest): Promise<TokenResponse>
}

export interface TokenEndpointDeps {
  readonly settings: () => Settings
  readonly audit: Pick<Audit, 'record'>
  readonly clientAuthentication: ClientAuthentication
  readonly dpop: Dpop
  readonly grants: readonly GrantHandler[]
}

export function createTokenEndpoint(deps: TokenEndpointDeps): TokenEndpoint {
  const { settings, audit, clientAuthentication, dpop, grants } = deps
  const handlers = new Map(grants.map((grant) => [grant.type, grant]))

  async function clientOf(request: TokenRequest, grantType: string): Promise<Client> {
    const presented = presentedIn(request)
    if (settings().oauth.firstPartyPassword && isNobody(presented) && FIRST_PARTY.grants.includes(grantType))
      return FIRST_PARTY
    const { client } = await clientAuthentication.authenticate(presented, request.caller)
    return client
  }

  function refused(error: unknown, client: Client, grantType: string, caller: Caller): void {
    const told = error instanceof OAuthError || error instanceof Problem
    if (!told || error.code === 'authorization_pending' || error.code === 'slow_down') return
    const detail = {
      why: error.code,
      grant_type: grantType,
      ...(error.cause !== undefined && { cause: reasonOf(error.cause) }),
    }
    // Anybody can be a public client, as often as they like.
    const logOnly = !client.confidential
    audit.record({ event: 'token.refused', outcome: 'refused', target: `client:${client.id}`, caller, detail, logOnly })
  }

  return {
    grants: [...handlers.keys()],
    async token(request) {
      const { parameters, caller } = request
      const grantType = parameters.need('grant_type')
      const handler = handlers.get(grantType)
      if (!handler) throw new OAuthError('unsupported_grant_type', 'This grant type is not supported')
      const client = await clientOf(request, grantType)
      try {
        if (!client.grants.includes(grantType))
          throw new OAuthError('unauthorized_client', `The client is not registered for the grant type ${grantType}`)
        const jkt = await dpop.check(request.dpop)
        return await handler.handle({ client, parameters, jkt, caller })
      } catch (error) {
        refused(error, client, grantType, caller)
        throw error
      }
    },
  }
}

/** What the parameters and headers say of the client. */
export function presentedIn(
  request: Pick<TokenRequest, 'parameters' | 'authorization' | 'certificateSubject'>,
): PresentedClient {
  const { parameters, authorization, certificateSubject } = request
  return {
    authorization,
    client_id: parameters.get('client_id'),
    client_secret: parameters.get('client_secret'),
    client_assertion: parameters.get('client_assertion'),
    client_assertion_type: parameters.get('client_assertion_type'),
    certificateSubject,
  }
}

function isNobody({ authorization, client_id: id, client_assertion: assertion }: PresentedClient): boolean {
  return authorization === undefined && id === undefined && assertion === undefined
}

function reasonOf(cause: unknown): string {
  return (cause instanceof Error ? cause.message : String(cause)).slice(0, 200)
}
