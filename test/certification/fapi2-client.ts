/** What the suite is given for the plan of FAPI 2.0: two clients of the profile, as an operator adds them. */
import { expect } from 'bun:test'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import type { NewClient } from '../../src/core/clients/clients.ts'
import { clientKey } from '../harness/assertion.ts'
import type { HtmlBrowser } from '../harness/html-browser.ts'
import { OPERATOR, type TestServerOptions } from '../harness/server.ts'
import { ALICE, CALLBACK, CHALLENGE, type Desk, openDesk, type Query, queryOf, VERIFIER } from '../oauth-front/desk.ts'
import { type Answered, answeredBy, CLAIMS, fieldsOf } from './basic-client.ts'

export const WITH_QUERY = `${CALLBACK}?dummy1=lorem&dummy2=ipsum`
export type SigningKey = Awaited<ReturnType<typeof clientKey>>

export interface Signing {
  readonly claims?: JWTPayload
  readonly header?: Readonly<Record<string, unknown>>
  readonly key?: SigningKey
}
export interface FapiClient {
  readonly id: string
  readonly redirectUri: string
  readonly key: SigningKey
}
export interface ProofKey {
  readonly jkt: string
  proof(claims: JWTPayload, header?: Readonly<Record<string, unknown>>): Promise<string>
}
/** Of a request to an endpoint: who signs what, and the proof of a key that goes along. */
export interface Sending {
  readonly as?: FapiClient
  readonly assertion?: Signing | string | null
  readonly dpop?: string | null
  readonly form?: Query
  readonly method?: string
}

export interface Fapi extends AsyncDisposable {
  readonly desk: Desk
  readonly first: FapiClient
  readonly second: FapiClient
  readonly browser: HtmlBrowser
  readonly proofKey: ProofKey
  readonly url: (path: string) => string
  readonly seconds: () => number
  readonly add: (input?: Partial<NewClient>, alg?: string) => Promise<FapiClient>
  assertion(client: FapiClient, signing?: Signing): Promise<string>
  /** POST of a pushed authorization request. */
  push(query?: Query, sending?: Sending): Promise<Answered>
  /** The address that a browser is sent to. */
  address(pushed: Answered, extra?: Query, as?: FapiClient): string
  /** Pushed, opened, logged in, allowed: the fields of the answer. */
  code(query?: Query, sending?: Sending): Promise<Readonly<Record<string, string>>>
  /** Redeems a code. */
  redeem(code: unknown, sending?: Sending): Promise<Answered>
  refresh(token: unknown, sending?: Sending): Promise<Answered>
  /** A right proof for userinfo, changed. */
  resourceProof(token: unknown, claims?: JWTPayload, header?: Readonly<Record<string, unknown>>): Promise<string>
  userinfo(token: unknown, headers?: Readonly<Record<string, string>>, query?: string): Promise<Answered>
}

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

export async function openFapi(options: TestServerOptions = {}): Promise<Fapi> {
  const desk = await openDesk(options)
  const { issuer, clock, instance } = desk.server
  const alice = await instance.core.users.get(ALICE.username)
  await instance.core.users.update(alice?.id ?? '', { claims: CLAIMS }, OPERATOR)
  const seconds = () => Math.floor(clock.now() / 1000)
  const url = (path: string) => `${issuer}/auth/oauth/${path}`

  const add: Fapi['add'] = async (input = {}, alg = 'ES256') => {
    const key = await clientKey(crypto.randomUUID(), alg)
    const redirectUris = input.redirectUris ?? [CALLBACK]
    const { client } = await desk.register({ profile: 'fapi2', jwks: key.set, redirectUris, ...input })
    return { id: client.id, redirectUri: redirectUris[0] ?? '', key }
  }
  const first = await add()
  const second = await add({ redirectUris: [WITH_QUERY] })
  const proofKey = await makeProofKey(seconds)
  const browser = desk.browser()

  async function signed({ id, key: own }: FapiClient, { claims, header, key = own }: Signing = {}): Promise<string> {
    const now = seconds()
    const all = { iss: id, sub: id, aud: issuer, iat: now, exp: now + 60, jti: crypto.randomUUID(), ...claims }
    return await new SignJWT(all).setProtectedHeader({ alg: key.alg, kid: key.kid, ...header }).sign(key.privateKey)
  }

  async function send(path: string, form: Query, sending: Sending): Promise<Answered> {
    const { as = first, assertion = {}, dpop = null, method = 'POST' } = sending
    const text = assertion === null || typeof assertion === 'string' ? assertion : await signed(as, assertion)
    const proven = text === null ? {} : { client_assertion_type: ASSERTION, client_assertion: text }
    const body = queryOf({ ...form, ...proven, ...sending.form })
    const headers: Record<string, string> = dpop === null ? {} : { dpop }
    return await answeredBy(desk.server.fetch(`/auth/oauth/${path}`, { method, body, headers }))
  }
  const proven = async (sending: Sending): Promise<Sending> =>
    'dpop' in sending ? sending : { ...sending, dpop: await proofKey.proof({ htm: 'POST', htu: url('token') }) }

  const fapi: Fapi = {
    desk,
    first,
    second,
    browser,
    proofKey,
    url,
    seconds,
    add,
    assertion: signed,
    push: async (query = {}, sending = {}) => await send('par', requestOf(sending.as ?? first, query), sending),
    address: ({ body }, extra = {}, { id } = first) =>
      `/auth/oauth/authorize?${queryOf({ client_id: id, request_uri: String(body['request_uri']), ...extra })}`,
    async code(query = {}, sending = {}) {
      const pushed = await fapi.push(query, sending)
      expect([pushed.status, pushed.body['error_description']]).toEqual([201, undefined])
      let page = await browser.open(fapi.address(pushed, {}, sending.as))
      if (page.path.startsWith('/auth/login')) page = await desk.logIn(browser, page)
      if (page.path.startsWith('/auth/consent')) page = await browser.submit(page, { decision: 'allow' })
      return fieldsOf(page)
    },
    async redeem(code, sending = {}) {
      const shown = { grant_type: 'authorization_code', code: String(code), code_verifier: VERIFIER }
      const { redirectUri } = sending.as ?? first
      return await send('token', { ...shown, redirect_uri: redirectUri }, await proven(sending))
    },
    refresh: async (token, sending = {}) =>
      await send('token', { grant_type: 'refresh_token', refresh_token: String(token) }, await proven(sending)),
    resourceProof: async (token, claims = {}, header = {}) =>
      await proofKey.proof({ htm: 'GET', htu: url('userinfo'), ath: sha256(String(token)), ...claims }, header),
    async userinfo(token, headers, query = '') {
      const right = { authorization: `DPoP ${String(token)}` }
      const all = headers ?? { ...right, dpop: await fapi.resourceProof(token) }
      return await answeredBy(desk.server.fetch(`/auth/oauth/userinfo${query}`, { headers: { ...right, ...all } }))
    },
    [Symbol.asyncDispose]: () => desk[Symbol.asyncDispose](),
  }
  return fapi
}

/** The parameters that the suite pushes. */
export function requestOf({ redirectUri, id }: FapiClient, query: Query): Query {
  return {
    client_id: id,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid',
    state: 'of-the-suite',
    nonce: 'n-0S6_WzA2Mj',
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
    ...query,
  }
}

export async function makeProofKey(seconds: () => number, alg = 'ES256'): Promise<ProofKey & { readonly jwk: JWK }> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = await exportJWK(publicKey)
  return {
    jwk,
    jkt: await calculateJwkThumbprint(jwk),
    proof: (claims, header = {}) =>
      new SignJWT({ jti: crypto.randomUUID(), iat: seconds(), ...claims })
        .setProtectedHeader({ typ: 'dpop+jwt', alg, jwk, ...header })
        .sign(privateKey),
  }
}

export function sha256(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('base64url')
}
