/** A client of the profile `fapi2` as the suite plays it: private_key_jwt, DPoP, PAR; each part can be made wrong. */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, type JWTPayload, SignJWT } from 'jose'
import type { HtmlBrowser } from '../harness/html-browser.ts'
import { bodyOf } from '../harness/server.ts'
import { ALICE, answerIn, CALLBACK, CHALLENGE, type Desk, type Query, queryOf, VERIFIER } from '../oauth-front/desk.ts'

export interface Answer {
  readonly status: number
  readonly error: unknown
  readonly body: Readonly<Record<string, unknown>>
}
/** What is wrong, or other, with one request. */
export interface Twist {
  /** Claims of the client assertion. */
  readonly assertion?: JWTPayload
  readonly alg?: string
  /** Claims of the proof; `null` for no proof, another key for one of its own. */
  readonly proof?: JWTPayload | null
  readonly key?: DpopKey
}

export type DpopKey = Awaited<ReturnType<typeof dpopKey>>

export async function dpopKey() {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  return { jwk, privateKey, jkt: await calculateJwkThumbprint(jwk) }
}

export type FapiClient = Awaited<ReturnType<typeof fapiClient>>

export async function fapiClient(desk: Desk) {
  const { publicKey, privateKey } = await generateKeyPair('PS256', { extractable: true })
  const own = await dpopKey()
  const secret = await exportJWK(privateKey)
  const jwk = { ...(await exportJWK(publicKey)), kid: 'one', use: 'sig' }
  const { client } = await desk.register({ profile: 'fapi2', jwks: { keys: [jwk] } })
  const { issuer, clock } = desk.server
  const seconds = () => Math.floor(clock.now() / 1000)

  async function assertion({ assertion: claims, alg = 'PS256' }: Twist): Promise<string> {
    const iat = seconds()
    const standard = { iss: client.id, sub: client.id, aud: issuer, iat, exp: iat + 60, jti: crypto.randomUUID() }
    // The same key for whatever algorithm is tried, so that a refusal is about the algorithm.
    const key = await importJWK(secret, alg)
    return await new SignJWT({ ...standard, ...claims }).setProtectedHeader({ alg, kid: 'one' }).sign(key)
  }

  async function proof(method: string, path: string, { proof: claims, key = own }: Twist): Promise<string> {
    const standard = { htm: method, htu: issuer + path, jti: crypto.randomUUID(), iat: seconds() }
    return await new SignJWT({ ...standard, ...claims })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: key.jwk })
      .sign(key.privateKey)
  }

  async function post(path: string, form: Query, twist: Twist): Promise<Answer> {
    const body = queryOf({
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertion(twist),
      ...form,
    })
    const headers = twist.proof === null ? {} : { dpop: await proof('POST', path, twist) }
    const answer = await desk.server.fetch(path, { method: 'POST', body, headers })
    const got = await bodyOf(answer)
    return { status: answer.status, error: got['error'], body: got }
  }

  const request = {
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope: 'openid profile offline_access',
    state: 'state-1',
    nonce: 'nonce-1',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
  }
  const fapi = {
    client,
    own,
    push: (query: Query = {}, twist: Twist = {}) => post('/auth/oauth/par', { ...request, ...query }, twist),
    pathOf: (requestUri: unknown, id = client.id) =>
      `/auth/oauth/authorize?${String(new URLSearchParams({ client_id: id, request_uri: String(requestUri) }))}`,
    /** From the pushed request to the answer in the browser. */
    async authorize(query: Query = {}, browser: HtmlBrowser = desk.browser()) {
      const pushed = await fapi.push(query)
      if (pushed.status !== 201) throw new Error(`Not pushed: ${JSON.stringify(pushed.body)}`)
      return await fapi.goOn(browser, fapi.pathOf(pushed.body['request_uri']))
    },
    async goOn(browser: HtmlBrowser, path: string) {
      let page = await browser.open(path)
      if (page.path.startsWith('/auth/login')) page = await browser.submit(page, ALICE)
      if (page.path.startsWith('/auth/consent')) page = await browser.submit(page, { decision: 'allow' })
      return answerIn(page)
    },
    redeem: (code: string | undefined, form: Query = {}, twist: Twist = {}) =>
      post(
        '/auth/oauth/token',
        { grant_type: 'authorization_code', code, redirect_uri: CALLBACK, code_verifier: VERIFIER, ...form },
        twist,
      ),
    refresh: (token: unknown, twist: Twist = {}) =>
      post('/auth/oauth/token', { grant_type: 'refresh_token', refresh_token: String(token) }, twist),
    async userinfo(token: unknown, twist: Twist = {}, scheme = 'DPoP') {
      const ath = new Bun.CryptoHasher('sha256').update(String(token)).digest('base64url')
      const path = '/auth/oauth/userinfo'
      const shown = { ...twist, proof: { ath, ...twist.proof } }
      const dpop = twist.proof === null ? {} : { dpop: await proof('GET', path, shown) }
      return (await desk.server.fetch(path, { headers: { authorization: `${scheme} ${String(token)}`, ...dpop } }))
        .status
    },
  }
  return fapi
}
