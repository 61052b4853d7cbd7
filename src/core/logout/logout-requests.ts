/** RP-initiated logout: a client asks to end a session, and where the browser goes afterwards. */
import type { Clients } from '../clients/clients.ts'
import type { Client } from '../clients/records.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Sealer } from '../keys/sealing.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parameters } from '../oauth/parameters.ts'
import type { Settings } from '../settings.ts'
import { ID_TOKEN_TYPE } from '../token/id-token.ts'
import type { World } from '../world.ts'

export interface LogoutRequest {
  readonly clientId: string | null
  /** The session that the client means, by an ID token of it. */
  readonly sid: string | null
  readonly userId: string | null
  /** With `state` in it. */
  readonly returnUrl: string | null
  readonly uiLocales: string | null
  readonly at: number
}

export interface LogoutRequests {
  /** Throws `invalid_request`: shown, never redirected. */
  read(parameters: Parameters): Promise<LogoutRequest>
  /** To be carried by a form or an address; nobody else can make or read it. */
  seal(request: LogoutRequest): string
  /** `undefined` for anything that was not sealed lately. */
  open(sealed: string): LogoutRequest | undefined
}

const PLACE = { purpose: 'logout-request', collection: 'logout', key: 'request' } as const
const LIFE = 30 * 60_000

export function createLogoutRequests(deps: {
  readonly world: World
  readonly settings: () => Settings
  readonly keys: Pick<KeyRing, 'verify'>
  readonly clients: Pick<Clients, 'get'>
  readonly sealer: Sealer
}): LogoutRequests {
  const { world, settings, keys, clients, sealer } = deps

  /** What the ID token says; it may have expired long ago. */
  async function hinted(hint: string | undefined, named: string | undefined) {
    if (hint === undefined) return { clientId: named ?? null, sid: null, userId: null }
    const token = await keys.verify(hint, ID_TOKEN_TYPE)
    if (token?.iss !== settings().issuer || typeof token.aud !== 'string')
      throw new OAuthError('invalid_request', 'id_token_hint is no ID token of this server')
    if (named !== undefined && named !== token.aud)
      throw new OAuthError('invalid_request', 'client_id is not the client of id_token_hint')
    const { aud, sid, sub } = token
    return { clientId: aud, sid: typeof sid === 'string' ? sid : null, userId: sub ?? null }
  }

  function returnUrl(client: Client | undefined, parameters: Parameters): string | null {
    const uri = parameters.get('post_logout_redirect_uri')
    if (uri === undefined) return null
    if (!client)
      throw new OAuthError('invalid_request', 'post_logout_redirect_uri needs id_token_hint or client_id beside it')
    if (!client.postLogoutRedirectUris.includes(uri))
      throw new OAuthError('invalid_request', 'post_logout_redirect_uri is none that the client registered')
    const state = parameters.get('state')
    if (state === undefined) return uri
    return `${uri}${uri.includes('?') ? '&' : '?'}${new URLSearchParams({ state })}`
  }

  return {
    async read(parameters) {
      const about = await hinted(parameters.get('id_token_hint'), parameters.get('client_id'))
      const client = about.clientId === null ? undefined : await clients.get(about.clientId)
      if (about.clientId !== null && (!client || client.disabled))
        throw new OAuthError('invalid_client', 'There is no such client', { status: 400 })
      const uiLocales = parameters.get('ui_locales')?.slice(0, 200) ?? null
      return { ...about, returnUrl: returnUrl(client, parameters), uiLocales, at: world.now() }
    },
    seal: (request) => sealer.seal(JSON.stringify(request), PLACE),
    open(sealed) {
      try {
        const request = JSON.parse(sealer.open(sealed, PLACE)) as LogoutRequest
        return world.now() - request.at <= LIFE ? request : undefined
      } catch {
        return undefined
      }
    },
  }
}
