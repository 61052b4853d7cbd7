/**
 * What the modules of the OpenID Foundation's plans Basic OP and Form Post OP check, by their names (without `oidcc-`), over
 * HTTP; each in both response modes.
 */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createLocalJWKSet, jwtVerify, UnsecuredJWT } from 'jose'
import type { HtmlBrowser, Landing } from '../harness/html-browser.ts'
import { bodyOf, OPERATOR } from '../harness/server.ts'
import { ALICE, CALLBACK, CHALLENGE, type Desk, openDesk, type Query, queryOf, VERIFIER } from '../oauth-front/desk.ts'

const CLAIMS = {
  given_name: 'Alice',
  family_name: 'Liddell',
  middle_name: 'P',
  nickname: 'al',
  profile: 'https://alice.example',
  picture: 'https://alice.example/me.png',
  website: 'https://alice.example',
  gender: 'female',
  birthdate: '1852-05-04',
  zoneinfo: 'Europe/London',
  locale: 'en-GB',
  email_verified: true,
  phone_number: '+44 20 7946 0000',
  phone_number_verified: true,
  address: { formatted: '1 Daresbury Lane' },
}
const PROFILE =
  'name given_name family_name middle_name nickname profile picture website gender birthdate zoneinfo locale ' +
  'preferred_username updated_at'
const SCOPES: Readonly<Record<string, readonly string[]>> = {
  profile: PROFILE.split(' '),
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
}

let desk: Desk
beforeAll(async () => {
  desk = await openDesk()
  const { users } = desk.server.instance.core
  await users.update((await users.get(ALICE.username))?.id ?? '', { claims: CLAIMS }, OPERATOR)
})
afterAll(() => desk[Symbol.asyncDispose]())

interface Answer {
  readonly parameters: Readonly<Record<string, string>>
  readonly landing: Landing
}

describe.each(['query', 'form_post'])('response_mode=%s', (mode) => {
  /** As the suite registers its client: no PKCE, and it sends none. */
  const register = async (more = {}) =>
    await desk.register({
      requirePkce: false,
      grants: ['authorization_code', 'refresh_token'],
      scopes: ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'],
      ...more,
    })
  type Registered = Awaited<ReturnType<typeof register>>
  const plain = { code_challenge: undefined, code_challenge_method: undefined }

  function request(client: Registered, query: Query = {}): string {
    const shown = mode === 'query' ? {} : { response_mode: mode }
    return desk.request({ scope: 'openid', ...plain, ...shown, ...query }, client.client)
  }

  /** What the client gets: in its address, or in the form that posts itself. */
  function received(landing: Landing): Answer {
    const form = landing.forms.find(({ action }) => action.startsWith(CALLBACK))
    const parameters = form?.fields ?? Object.fromEntries(landing.away?.searchParams ?? [])
    if (Object.keys(parameters).length === 0) throw new Error(`No answer: ${landing.status} ${landing.html}`)
    expect(form === undefined).toBe(mode === 'query')
    expect(parameters['iss']).toBe(desk.server.issuer)
    return { parameters, landing }
  }

  async function walk(browser: HtmlBrowser, client: Registered, query: Query = {}): Promise<Answer> {
    return await goOn(browser, await browser.open(request(client, query)))
  }

  async function goOn(browser: HtmlBrowser, start: Landing): Promise<Answer> {
    let landing = start
    if (landing.path.startsWith('/auth/login')) landing = await browser.submit(landing, ALICE)
    if (landing.path.startsWith('/auth/consent')) landing = await browser.submit(landing, { decision: 'allow' })
    return received(landing)
  }

  const redeem = async ({ parameters }: Answer, client: Registered, form: Query = {}) =>
    await desk.token(
      { grant_type: 'authorization_code', code: parameters['code'], redirect_uri: CALLBACK, ...form },
      client,
    )

  /** The claims of the ID token, checked as the suite does. */
  async function idTokenOf(answer: Answer, client: Registered, form: Query = {}) {
    const { status, body } = await redeem(answer, client, form)
    expect(status).toBe(200)
    expect(String(body['token_type']).toLowerCase()).toBe('bearer')
    const keys = await bodyOf(await desk.server.fetch('/auth/oauth/jwks'))
    const { payload, protectedHeader } = await jwtVerify(
      String(body['id_token']),
      createLocalJWKSet(keys as unknown as Parameters<typeof createLocalJWKSet>[0]),
      { issuer: desk.server.issuer, audience: client.client.id, currentDate: new Date(desk.server.clock.now()) },
    )
    expect(protectedHeader.alg).toBe('RS256')
    expect(protectedHeader.kid).toBeString()
    return { payload, body }
  }

  async function userinfo(token: unknown, method = 'GET') {
    const headers = { authorization: `Bearer ${String(token)}` }
    const answer = await desk.server.fetch('/auth/oauth/userinfo', { method, headers })
    return { status: answer.status, body: await bodyOf(answer) }
  }

  async function loggedIn() {
    const client = await register()
    const browser = desk.browser()
    const first = await idTokenOf(await walk(browser, client), client)
    return { client, browser, first: first.payload, idToken: String(first.body['id_token']) }
  }

  test('server', async () => {
    const client = await register()
    const answer = await walk(desk.browser(), client)
    expect(answer.parameters['state']).toBe('state-1')
    const { payload, body } = await idTokenOf(answer, client)
    expect(payload['nonce']).toBe('nonce-1')
    expect((await userinfo(body['access_token'])).body['sub']).toBe(payload.sub)
  })

  test('response-type-missing', async () => {
    const client = await register()
    const landing = await desk.browser().open(request(client, { response_type: undefined }))
    expect(received(landing).parameters).toMatchObject({ error: 'invalid_request', state: 'state-1' })
  })

  test('userinfo-get, userinfo-post-header, userinfo-post-body', async () => {
    const client = await register()
    const { body } = await idTokenOf(await walk(desk.browser(), client), client)
    const token = String(body['access_token'])
    expect((await userinfo(token)).status).toBe(200)
    expect((await userinfo(token, 'POST')).status).toBe(200)
    const form = new URLSearchParams({ access_token: token })
    const answer = await desk.server.fetch('/auth/oauth/userinfo', { method: 'POST', body: form })
    expect(answer.status).toBe(200)
  })

  test('ensure-request-without-nonce-succeeds-for-code-flow', async () => {
    const client = await register()
    const answer = await walk(desk.browser(), client, { nonce: undefined })
    expect((await idTokenOf(answer, client)).payload).not.toHaveProperty('nonce')
  })

  test.each([...Object.keys(SCOPES), 'profile email phone address'])('scope-%s', async (scope) => {
    const client = await register()
    const { body } = await idTokenOf(await walk(desk.browser(), client, { scope: `openid ${scope}` }), client)
    const shown = await userinfo(body['access_token'])
    const names = scope.split(' ').flatMap((each) => SCOPES[each] ?? [])
    expect(Object.keys(shown.body).toSorted()).toEqual(['sub', ...names].toSorted())
  })

  test('ensure-other-scope-order-succeeds', async () => {
    const client = await register()
    const { body } = await idTokenOf(await walk(desk.browser(), client, { scope: 'email openid' }), client)
    expect((await userinfo(body['access_token'])).body['email']).toBe('alice@corp.example')
  })

  test.each<[string, Query]>([
    ['display-page', { display: 'page' }],
    ['display-popup', { display: 'popup' }],
    ['login-hint', { login_hint: 'alice@corp.example' }],
    ['ui-locales', { ui_locales: 'se' }],
    ['claims-locales', { claims_locales: 'se' }],
    ['ensure-request-with-acr-values-succeeds', { acr_values: '1 2' }],
    ['ensure-request-with-unknown-parameter-succeeds', { extra: 'foobar' }],
    ['ensure-request-with-valid-pkce-succeeds', { code_challenge: CHALLENGE, code_challenge_method: 'S256' }],
  ])('%s', async (_, query) => {
    const client = await register()
    const answer = await walk(desk.browser(), client, query)
    await idTokenOf(answer, client, 'code_challenge' in query ? { code_verifier: VERIFIER } : {})
  })

  test('prompt-login', async () => {
    const { client, browser, first } = await loggedIn()
    desk.server.clock.advance(2_000)
    const page = await browser.open(request(client, { prompt: 'login' }))
    expect(page.path).toStartWith('/auth/login')
    const { payload } = await idTokenOf(await goOn(browser, page), client)
    expect([payload.sub, Number(payload['auth_time']) > Number(first['auth_time'])]).toEqual([first.sub, true])
  })

  test('prompt-none-not-logged-in', async () => {
    const client = await register()
    const answer = received(await desk.browser().open(request(client, { prompt: 'none' })))
    expect(answer.parameters).toMatchObject({ error: 'login_required', state: 'state-1' })
  })

  test('prompt-none-logged-in, max-age-10000', async () => {
    const { client, browser, first } = await loggedIn()
    for (const query of [{ prompt: 'none' }, { max_age: '10000' }]) {
      const { payload } = await idTokenOf(received(await browser.open(request(client, query))), client)
      expect([payload.sub, payload['auth_time']]).toEqual([first.sub, first['auth_time']])
    }
  })

  test('max-age-1', async () => {
    const { client, browser, first } = await loggedIn()
    desk.server.clock.advance(2_000)
    const page = await browser.open(request(client, { max_age: '1' }))
    expect(page.path).toStartWith('/auth/login')
    const { payload } = await idTokenOf(await goOn(browser, page), client)
    expect(Number(payload['auth_time'])).toBeGreaterThan(Number(first['auth_time']))
  })

  test('id-token-hint', async () => {
    const { client, browser, first, idToken } = await loggedIn()
    const query = { prompt: 'none', id_token_hint: idToken }
    const { payload } = await idTokenOf(received(await browser.open(request(client, query))), client)
    expect(payload.sub).toBe(first.sub)
  })

  test.each([0, 30_000])('codereuse, codereuse-30seconds: after %p milliseconds', async (pause) => {
    const client = await register()
    const answer = await walk(desk.browser(), client)
    const { body } = await redeem(answer, client)
    desk.server.clock.advance(pause)
    const again = await redeem(answer, client)
    expect([again.status, again.body['error']]).toEqual([400, 'invalid_grant'])
    expect((await userinfo(body['access_token'])).status).toBe(401)
  })

  test('ensure-registered-redirect-uri', async () => {
    const client = await register()
    const page = await desk.browser().open(request(client, { redirect_uri: `${CALLBACK}/other` }))
    expect([page.status, page.away]).toEqual([400, undefined])
  })

  test('ensure-post-request-succeeds', async () => {
    const client = await register()
    const browser = desk.browser()
    const [path = '', query = ''] = request(client).split('?')
    const page = await browser.open(path, { method: 'POST', body: new URLSearchParams(query) })
    await idTokenOf(await goOn(browser, page), client)
  })

  test('server-client-secret-post', async () => {
    const client = await register({ authMethod: 'client_secret_post' })
    const { parameters } = await walk(desk.browser(), client)
    const body = queryOf({
      grant_type: 'authorization_code',
      code: parameters['code'],
      redirect_uri: CALLBACK,
      client_id: client.client.id,
      client_secret: client.secret,
    })
    expect((await desk.server.fetch('/auth/oauth/token', { method: 'POST', body })).status).toBe(200)
  })

  test('unsigned-request-object-supported-correctly-or-rejected-as-unsupported, ensure-request-object-with-redirect-uri', async () => {
    const client = await register()
    const object = new UnsecuredJWT({ client_id: client.client.id, redirect_uri: CALLBACK, state: 'state-1' }).encode()
    const landing = await desk.browser().open(request(client, { request: object }))
    expect(received(landing).parameters['error']).toMatch(/^(?:request_not_supported|invalid_request_object)$/)
  })

  test('claims-essential', async () => {
    const client = await register()
    const claims = JSON.stringify({ userinfo: { name: { essential: true } } })
    const { body } = await idTokenOf(await walk(desk.browser(), client, { claims }), client)
    expect((await userinfo(body['access_token'])).body['name']).toBe('Alice L')
  })

  test('refresh-token', async () => {
    const [client, other] = [await register(), await register()]
    const query = { scope: 'openid offline_access', prompt: 'consent' }
    const { body, payload } = await idTokenOf(await walk(desk.browser(), client, query), client)
    const form = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }
    expect((await desk.token(form, other)).body['error']).toBe('invalid_grant')
    const next = await desk.token(form, client)
    expect(next.status).toBe(200)
    expect(next.body['access_token']).not.toBe(body['access_token'])
    expect((await userinfo(next.body['access_token'])).body['sub']).toBe(payload.sub)
  })
})
