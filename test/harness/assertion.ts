/** Client assertions (RFC 7523) as a client makes them, right or not quite. */
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import type { Answer, OAuthServer, RegisteredClient } from './oauth.ts'

export const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export type ClientKey = Awaited<ReturnType<typeof clientKey>>

export async function clientKey(kid: string, alg = 'ES256') {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid, alg }
  return { publicKey, privateKey, kid, alg, jwk, set: { keys: [jwk] } }
}

export interface Signing {
  /** Over the claims of a right assertion. */
  readonly claims?: JWTPayload
  readonly header?: Readonly<Record<string, unknown>>
  readonly key?: Parameters<SignJWT['sign']>[0]
  /** Further parameters of the request. */
  readonly form?: Readonly<Record<string, string>>
}

/** Signs with `own` unless told. */
export function asserter(server: () => OAuthServer, own: () => ClientKey) {
  function assertionOf({ client: { id } }: RegisteredClient, { claims, header, key }: Signing = {}): Promise<string> {
    const { clock, issuer } = server().server
    const now = Math.floor(clock.now() / 1000)
    const all = { iss: id, sub: id, aud: issuer, iat: now, exp: now + 60, jti: crypto.randomUUID(), ...claims }
    const { alg, kid, privateKey } = own()
    return new SignJWT(all).setProtectedHeader({ alg, kid, ...header }).sign(key ?? privateKey)
  }

  /** A client-credentials grant with it. */
  async function asserting(who: RegisteredClient, signing: Signing = {}): Promise<Answer> {
    const client_assertion = await assertionOf(who, signing)
    const sent = { client_assertion_type: ASSERTION_TYPE, client_assertion }
    return server().post('/auth/oauth/token', { grant_type: 'client_credentials', ...sent, ...signing.form })
  }
  return { assertionOf, asserting }
}

/** What of an answer tells whether the client was authenticated. */
export const outcome = ({ status, body }: Answer) => ({ status, error: body['error'] })
export const OK = { status: 200, error: undefined }
export const REFUSED = { status: 401, error: 'invalid_client' }
