/**
 * What the modules of the OpenID Foundation's plans Config OP, RP-Initiated Logout OP and Back-Channel Logout OP check, by
 * their names (without `oidcc-`), over HTTP.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createLocalJWKSet, decodeJwt, type JSONWebKeySet, jwtVerify } from 'jose'
import type { HtmlBrowser, Landing } from '../harness/html-browser.ts'
import { bodyOf } from '../harness/server.ts'
import { until } from '../harness/until.ts'
import { answerIn, type Desk, openDesk, type Query, queryOf } from '../oauth-front/desk.ts'

const BYE = 'https://app.example/bye'

let desk: Desk
beforeAll(async () => {
  desk = await openDesk({ config: { outbound: { allow: ['127.0.0.0/8'] } } })
  // A second after a start the first round makes the key for ID tokens.
  await desk.server.instance.core.janitor.runOnce()
})
afterAll(() => desk[Symbol.asyncDispose]())

async function metadata(): Promise<Readonly<Record<string, unknown>>> {
  return await bodyOf(await desk.server.fetch('/.well-known/openid-configuration'))
}

async function keys(): Promise<JSONWebKeySet> {
  return (await bodyOf(await desk.server.fetch('/auth/oauth/jwks'))) as unknown as JSONWebKeySet
}

/** Somebody logged in for a client that has an ID token of theirs. */
async function loggedIn(more = {}) {
  const client = await desk.register({ postLogoutRedirectUris: [BYE], ...more })
  const browser = desk.browser()
  const { body } = await desk.redeem(await desk.authorize(browser, {}, client.client), {}, client)
  const idToken = String(body['id_token'])
  const out = async (query: Query) => await browser.open(`/auth/oauth/end_session?${String(queryOf(query))}`)
  return { client, browser, idToken, out }
}

async function isOut(browser: HtmlBrowser): Promise<boolean> {
  return answerIn(await browser.open(desk.request({ prompt: 'none' })))['error'] === 'login_required'
}

/** Nothing that the suite would take for the end of the logout. */
function isRefused({ status, away, html }: Landing): boolean {
  return status === 400 && away === undefined && html.includes('<h1>')
}

test('discovery-endpoint-verification', async () => {
  const { issuer } = desk.server
  const said = await metadata()
  expect(said).toMatchObject({
    issuer,
    authorization_endpoint: `${issuer}/auth/oauth/authorize`,
    token_endpoint: `${issuer}/auth/oauth/token`,
    userinfo_endpoint: `${issuer}/auth/oauth/userinfo`,
    jwks_uri: `${issuer}/auth/oauth/jwks`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    claims_parameter_supported: true,
  })
  expect(said['scopes_supported']).toContain('openid')
  expect(said['id_token_signing_alg_values_supported']).toContain('RS256')
  expect(said['response_modes_supported']).toContain('form_post')
  expect(said['claims_supported']).toContain('sub')
})

test('discovery-endpoint-verification: the key set has an RSA key, and no private one', async () => {
  const { keys: all } = await keys()
  expect(all.map(({ kty }) => kty)).toContain('RSA')
  for (const key of all) {
    expect(key).toMatchObject({ kid: expect.any(String), use: 'sig', alg: expect.any(String) })
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k', 'oth']) expect(key).not.toHaveProperty(member)
  }
  expect(new Set(all.map(({ kid }) => kid)).size).toBe(all.length)
})

test('rp-initiated-logout-discovery-endpoint-verification, backchannel-…', async () => {
  expect(await metadata()).toMatchObject({
    end_session_endpoint: `${desk.server.issuer}/auth/oauth/end_session`,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
  })
})

test('rp-initiated-logout, -no-state', async () => {
  for (const state of ['a state of the suite', undefined]) {
    const { browser, idToken, out } = await loggedIn()
    const back = (await out({ id_token_hint: idToken, post_logout_redirect_uri: BYE, state })).away
    expect([back?.origin, back?.pathname, back?.searchParams.get('state') ?? undefined]).toEqual([
      'https://app.example',
      '/bye',
      state,
    ])
    expect(await isOut(browser)).toBe(true)
  }
})

test('rp-initiated-logout-bad-post-logout-redirect-uri, -query-added-to-post-logout-redirect-uri', async () => {
  const { idToken, out } = await loggedIn()
  for (const uri of [`${BYE}/other`, 'https://evil.example/', `${BYE}?foo=bar`])
    expect(isRefused(await out({ id_token_hint: idToken, post_logout_redirect_uri: uri, state: 's' }))).toBe(true)
})

test('rp-initiated-logout-bad-id-token-hint, -modified-id-token-hint, -no-id-token-hint', async () => {
  const { idToken, out } = await loggedIn()
  const [header, payload = '', signature] = idToken.split('.')
  const claims = Buffer.from(JSON.stringify({ ...decodeJwt(idToken), sub: 'other' })).toString('base64url')
  for (const hint of ['nothing', [header, claims, signature].join('.'), [header, payload, ''].join('.'), undefined])
    expect(isRefused(await out({ id_token_hint: hint, post_logout_redirect_uri: BYE, state: 's' }))).toBe(true)
})

test('rp-initiated-logout-no-params, -only-state: the person is asked', async () => {
  for (const query of [{}, { state: 'only' }]) {
    const { browser, out } = await loggedIn()
    const page = await out(query)
    expect([page.status, page.away]).toEqual([200, undefined])
    const done = await browser.submit(page, { action: 'logout' })
    expect([done.status, done.away, await isOut(browser)]).toEqual([200, undefined, true])
  }
})

test('rp-initiated-logout-no-post-logout-redirect-uri', async () => {
  const { browser, idToken, out } = await loggedIn()
  const done = await out({ id_token_hint: idToken, state: 's' })
  expect([done.status, done.away, await isOut(browser)]).toEqual([200, undefined, true])
})

test('backchannel-rp-initiated-logout', async () => {
  const received: { readonly type: string | null; readonly body: URLSearchParams }[] = []
  using receiver = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      received.push({ type: request.headers.get('content-type'), body: new URLSearchParams(await request.text()) })
      return new Response(null, { headers: { 'cache-control': 'no-store' } })
    },
  })
  const { client, idToken, out } = await loggedIn({ backchannelLogoutUri: `${receiver.url}logout` })
  await out({ id_token_hint: idToken, post_logout_redirect_uri: BYE })
  await until(() => received.length > 0)
  const [told] = received
  expect(told?.type).toStartWith('application/x-www-form-urlencoded')
  const { payload, protectedHeader } = await jwtVerify(
    told?.body.get('logout_token') ?? '',
    createLocalJWKSet(await keys()),
    { issuer: desk.server.issuer, audience: client.client.id, currentDate: new Date(desk.server.clock.now()) },
  )
  const { sub = '', sid } = decodeJwt(idToken)
  expect(protectedHeader).toMatchObject({ alg: 'RS256', typ: 'logout+jwt' })
  expect(payload).toMatchObject({
    sub,
    sid,
    iat: expect.any(Number),
    exp: expect.any(Number),
    jti: expect.any(String),
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  })
  expect(payload).not.toHaveProperty('nonce')
})
