/** What the suite is given for the plans of OpenID Connect: a person of whom everything is known, and two clients. */
import { expect } from 'bun:test'
import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose'
import type { HtmlBrowser, Landing } from '../harness/html-browser.ts'
import { bodyOf, OPERATOR, type TestServerOptions } from '../harness/server.ts'
import { ALICE, answerIn, type Desk, openDesk, type Query, type Registered } from '../oauth-front/desk.ts'

/** Of every standard claim a value, but for those that are fields of the user. */
export const CLAIMS = {
  given_name: 'Alice',
  family_name: 'Liddell',
  middle_name: 'Pleasance',
  nickname: 'Al',
  profile: 'https://alice.example/',
  picture: 'https://alice.example/me.png',
  website: 'https://alice.example/blog',
  gender: 'female',
  birthdate: '1852-05-04',
  zoneinfo: 'Europe/London',
  locale: 'en-GB',
  email_verified: true,
  phone_number: '+44 20 7946 0000',
  phone_number_verified: true,
  address: { formatted: 'Deanery, Oxford', locality: 'Oxford', country: 'United Kingdom' },
}
const NO_PKCE = { code_challenge: undefined, code_challenge_method: undefined }

export interface Plan extends AsyncDisposable {
  readonly desk: Desk
  readonly second: Registered
  readonly browser: HtmlBrowser
  /** One authorization as the suite makes it: without PKCE, a state and a nonce of its own. */
  authorize(query?: Query, options?: { readonly browser?: HtmlBrowser; readonly as?: Registered }): Promise<Authorized>
  /** What happens when nobody is there to fill in anything: an answer, or the page that was reached. */
  open(query?: Query): Promise<Landing>
  redeem(code: string, as?: Registered): Promise<Answered>
  token(form: Query, as?: Registered): Promise<Answered>
  /** A whole module that ends well. */
  tokens(query?: Query): Promise<Issued>
  userinfo(accessToken: unknown, init?: RequestInit): Promise<Answered>
  /** The claims of an ID token of ours, after all that the suite checks of one. */
  verified(idToken: unknown, nonce: string | undefined, as?: Registered): Promise<JWTPayload>
}
export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}
export interface Authorized {
  readonly fields: Readonly<Record<string, string>>
  readonly state: string
  readonly nonce: string
  readonly landing: Landing
}
export interface Issued extends Answered, Authorized {
  readonly claims: JWTPayload
}

export async function openPlan(fixed: Query = {}, options: TestServerOptions = {}): Promise<Plan> {
  const desk = await openDesk(options)
  const { core } = desk.server.instance
  const alice = await core.users.get(ALICE.username)
  await core.users.update(alice?.id ?? '', { claims: CLAIMS }, OPERATOR)
  await core.clients.update(desk.client.id, { requirePkce: false }, OPERATOR)
  const second = await desk.register({ name: 'Second', requirePkce: false })
  const browser = desk.browser()

  const plan: Plan = {
    desk,
    second,
    browser,
    async authorize(query = {}, { browser: other = browser, as = desk } = {}) {
      const [state, nonce] = [crypto.randomUUID(), crypto.randomUUID()]
      const landing = await desk.authorize(other, { ...NO_PKCE, state, nonce, ...fixed, ...query }, as.client)
      return { state, nonce, landing, fields: fieldsOf(landing) }
    },
    open: (query = {}) => browser.open(desk.request({ ...NO_PKCE, ...fixed, ...query })),
    redeem: (code, as) => plan.token({ grant_type: 'authorization_code', code, redirect_uri: REDIRECT }, as),
    token: async (form, { client, secret } = desk) =>
      await tokenAnswer(desk, form, { authorization: `Basic ${btoa(`${client.id}:${secret}`)}` }),
    async tokens(query) {
      const authorized = await plan.authorize(query)
      const { state, nonce, fields } = authorized
      expect(fields).toEqual({ code: expect.any(String), state, iss: desk.server.issuer })
      const answered = await plan.redeem(String(fields['code']))
      expectTokens(answered)
      const claims = await plan.verified(answered.body['id_token'], nonce)
      return { ...authorized, ...answered, claims }
    },
    async userinfo(accessToken, init = {}) {
      const headers = { authorization: `Bearer ${String(accessToken)}` }
      return await answeredBy(desk.server.fetch('/auth/oauth/userinfo', { headers, ...init }))
    },
    async verified(idToken, nonce, { client } = desk) {
      const set = (await bodyOf(await desk.server.fetch('/auth/oauth/jwks'))) as unknown as JSONWebKeySet
      const { issuer, clock } = desk.server
      const { payload, protectedHeader } = await jwtVerify(String(idToken), createLocalJWKSet(set), {
        issuer,
        audience: client.id,
        algorithms: ['RS256'],
        currentDate: new Date(clock.now()),
        requiredClaims: ['sub', 'iat', 'exp', 'auth_time'],
      })
      expect(protectedHeader.kid).toBeString()
      expect(payload['nonce']).toBe(nonce)
      expect(payload.sub).toMatch(/^[\x21-\x7E]{1,255}$/)
      expect(Number(payload.iat)).toBe(Math.floor(clock.now() / 1000))
      return payload
    },
    [Symbol.asyncDispose]: () => desk[Symbol.asyncDispose](),
  }
  return plan
}

const REDIRECT = 'https://app.example/callback'

/** The fields of an answer, whichever way it came. */
export function fieldsOf(landing: Landing): Readonly<Record<string, string>> {
  const post = landing.forms.find(({ action }) => action.startsWith(REDIRECT))
  return post ? post.fields : landing.away ? answerIn(landing) : {}
}

export async function tokenAnswer(desk: Desk, form: Query, headers: Record<string, string> = {}): Promise<Answered> {
  const body = new URLSearchParams()
  for (const [name, value] of Object.entries(form)) for (const each of [value ?? []].flat()) body.append(name, each)
  return await answeredBy(desk.server.fetch('/auth/oauth/token', { method: 'POST', body, headers }))
}

export async function answeredBy(asked: Promise<Response>): Promise<Answered> {
  const answer = await asked
  const isJson = answer.headers.get('content-type')?.startsWith('application/json') ?? false
  return { status: answer.status, headers: answer.headers, body: isJson ? await bodyOf(answer) : {} }
}

/** RFC 6749 section 5.1 as the suite reads it. */
export function expectTokens({ status, headers, body }: Answered, type = 'bearer'): void {
  expect({ status, error: body['error'], why: body['error_description'] }).toEqual({ status: 200 } as never)
  expect(headers.get('content-type')).toStartWith('application/json')
  expect(headers.get('cache-control')).toContain('no-store')
  expect(headers.get('pragma')).toBe('no-cache')
  expect(String(body['token_type']).toLowerCase()).toBe(type)
  expect(body['expires_in']).toBeInteger()
  expect(body['access_token']).toMatch(/^[\x20-\x7E]{43,}$/)
}

/** RFC 6749 section 5.2 as the suite reads it. */
export function expectError({ status, headers, body }: Answered, ...allowed: readonly string[]): void {
  expect(allowed).toContain(String(body['error']))
  expect(status).toBe(body['error'] === 'invalid_client' ? 401 : 400)
  expect(headers.get('content-type')).toStartWith('application/json')
  expect(headers.get('cache-control')).toContain('no-store')
  expectWords(body)
}

/** Which characters the members of an error may have. */
export function expectWords(fields: Readonly<Record<string, unknown>>): void {
  expect(fields['error']).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/)
  expect(fields['error_description'] ?? 'none').toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/)
  expect(fields).not.toHaveProperty('error_uri')
}
