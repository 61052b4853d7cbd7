/** Logging out: by the person, because a client asks, and what the other clients of the session hear of it. */
import { afterAll, expect, test } from 'bun:test'
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose'
import { until } from '../harness/until.ts'
import { answerIn, BOB, CALLBACK, claimsOf, openDesk } from './desk.ts'

const GOODBYE = 'https://app.example/goodbye'
const OFFLINE = 'openid offline_access'

/** A client's server that hears of logouts. */
function hearing() {
  const heard: URLSearchParams[] = []
  const state = { status: 200 }
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    async fetch(request) {
      heard.push(new URLSearchParams(await request.text()))
      return new Response(null, { status: state.status })
    },
  })
  return { heard, state, url: `http://127.0.0.1:${server.port}/logout`, stop: () => server.stop(true) }
}
const ear = hearing()
afterAll(() => ear.stop())

const allowed = { config: { outbound: { allow: ['127.0.0.0/8'] } } }

test('the person logs out on the page: the session is over', async () => {
  await using desk = await openDesk()
  const browser = desk.browser()
  await desk.authorize(browser)
  const page = await browser.open('/auth/logout')
  expect(page.html).toContain('Alice L')
  expect((await browser.submit(page, { action: 'cancel' })).path).toBe('/account')
  const before = new Map(browser.cookies)
  const done = await browser.submit(await browser.open('/auth/logout'), { action: 'logout' })
  expect([done.status, done.path]).toEqual([200, '/auth/logout'])
  expect(browser.cookies.has('leveret')).toBe(false)
  for (const [name, value] of before) browser.cookies.set(name, value)
  expect((await browser.open('/account')).path).toStartWith('/auth/login?')
})

test('a client with an ID token of the session logs out at once and gets the browser back', async () => {
  await using desk = await openDesk()
  await desk.server.instance.core.clients.update(desk.client.id, { postLogoutRedirectUris: [GOODBYE] }, CALLER)
  const browser = desk.browser()
  const { body } = await desk.redeem(await desk.authorize(browser))
  const query = new URLSearchParams({
    id_token_hint: String(body['id_token']),
    post_logout_redirect_uri: GOODBYE,
    state: 'a&b',
  })
  desk.server.clock.advance(3_600_000)
  const back = await browser.open(`/auth/oauth/end_session?${query}`)
  expect(back.away?.href).toBe(`${GOODBYE}?state=a%26b`)
  expect((await browser.open(desk.request({ prompt: 'none' }))).away?.href).toContain('error=login_required')
})

test('the same by a form from the site of the client, which brings no cookies', async () => {
  await using desk = await openDesk()
  await desk.server.instance.core.clients.update(desk.client.id, { postLogoutRedirectUris: [GOODBYE] }, CALLER)
  const browser = desk.browser()
  const { body } = await desk.redeem(await desk.authorize(browser))
  const form = new URLSearchParams({ id_token_hint: String(body['id_token']), post_logout_redirect_uri: GOODBYE })
  const headers = { cookie: '', origin: 'https://app.example', 'sec-fetch-site': 'cross-site' }
  const back = await browser.open('/auth/oauth/end_session', { method: 'POST', body: form, headers })
  expect(back.away?.href).toBe(GOODBYE)
  expect(back.hops.join(' ')).not.toContain(String(body['id_token']))
  expect(browser.cookies.has('leveret')).toBe(false)
})

test('without an ID token of this session the person is asked, and only registered addresses are led to', async () => {
  await using desk = await openDesk()
  await desk.server.instance.core.clients.update(desk.client.id, { postLogoutRedirectUris: [GOODBYE] }, CALLER)
  const browser = desk.browser()
  const { body } = await desk.redeem(await desk.authorize(browser))
  const named = { client_id: desk.client.id, post_logout_redirect_uri: GOODBYE }
  const asked = await browser.open(`/auth/oauth/end_session?${new URLSearchParams(named)}`)
  expect([asked.status, asked.away]).toEqual([200, undefined])
  for (const wrong of [
    { post_logout_redirect_uri: GOODBYE },
    { ...named, post_logout_redirect_uri: `${GOODBYE}/` },
    { ...named, post_logout_redirect_uri: CALLBACK },
    { id_token_hint: `${String(body['id_token']).slice(0, -4)}AAAA`, post_logout_redirect_uri: GOODBYE },
    { id_token_hint: String(body['access_token']), post_logout_redirect_uri: GOODBYE },
    { client_id: 'another', id_token_hint: String(body['id_token']) },
  ]) {
    const page = await browser.open(`/auth/oauth/end_session?${new URLSearchParams(wrong)}`)
    expect([page.status, page.away, wrong]).toEqual([400, undefined, wrong])
  }
  expect((await browser.submit(asked, { action: 'logout' })).away?.href).toBe(GOODBYE)
})

test('tokens of the session end with it; offline ones and those of other sessions stay', async () => {
  await using desk = await openDesk()
  const [here, there] = [desk.browser(), desk.browser()]
  const online = await desk.redeem(await desk.authorize(here))
  const offline = await desk.redeem(await desk.authorize(here, { scope: OFFLINE, prompt: 'consent' }))
  const elsewhere = await desk.redeem(await desk.authorize(there))
  await here.submit(await here.open('/auth/logout'), { action: 'logout' })
  expect(
    await Promise.all([online, offline, elsewhere].map(async (tokens) => (await desk.refresh(tokens)).status)),
  ).toEqual([400, 200, 200])
})

test('clients of the session are told by the back channel, others are not', async () => {
  await using desk = await openDesk(allowed)
  const { core } = desk.server.instance
  const told = await desk.register({ name: 'Told', backchannelLogoutUri: ear.url, idTokenAlg: 'ES256' })
  await desk.register({ name: 'Never visited', backchannelLogoutUri: ear.url })
  const [browser, other] = [desk.browser(), desk.browser()]
  await desk.authorize(other, {}, told.client)
  const { body } = await desk.redeem(await desk.authorize(browser, {}, told.client), {}, told)
  ear.heard.length = 0
  await browser.submit(await browser.open('/auth/logout'), { action: 'logout' })
  expect(await until(() => ear.heard.length > 0)).toBe(true)
  const token = ear.heard[0]?.get('logout_token') ?? ''
  const keys = createRemoteJWKSet(new URL(`${desk.server.url}/auth/oauth/jwks`), { [customFetch]: fetch })
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    issuer: desk.server.issuer,
    audience: told.client.id,
    typ: 'logout+jwt',
    currentDate: new Date(desk.server.clock.now()),
  })
  const { sid, sub } = claimsOf(body['id_token'])
  expect(payload).toMatchObject({ sid, sub, events: { 'http://schemas.openid.net/event/backchannel-logout': {} } })
  expect([protectedHeader.alg, payload['nonce'], typeof payload.jti]).toEqual(['ES256', undefined, 'string'])
  await core.janitor.runOnce()
  expect(ear.heard).toHaveLength(1)
})

test('a client that is down is told later, with a fresh token of the same id; one that refuses is not asked again', async () => {
  await using desk = await openDesk(allowed)
  const { core } = desk.server.instance
  const told = await desk.register({ backchannelLogoutUri: ear.url })
  const browser = desk.browser()
  await desk.authorize(browser, {}, told.client)
  ear.heard.length = 0
  ear.state.status = 503
  await browser.submit(await browser.open('/auth/logout'), { action: 'logout' })
  expect(await until(() => ear.heard.length === 1)).toBe(true)
  await core.janitor.runOnce()
  expect(ear.heard).toHaveLength(1)
  desk.server.clock.advance(15_000)
  ear.state.status = 400
  await core.janitor.runOnce()
  expect(ear.heard).toHaveLength(2)
  const [first, second] = ear.heard.map((form) => claimsOf(form.get('logout_token')))
  expect(second?.['jti']).toBe(first?.['jti'] ?? '')
  expect(Number(second?.['iat'])).toBe(Number(first?.['iat']) + 15)
  desk.server.clock.advance(3_600_000)
  await core.janitor.runOnce()
  expect(ear.heard).toHaveLength(2)
  ear.state.status = 200
})

test('logging in as somebody else ends the session that was there', async () => {
  await using desk = await openDesk(allowed)
  const told = await desk.register({ backchannelLogoutUri: ear.url })
  const browser = desk.browser()
  await desk.authorize(browser, {}, told.client)
  ear.heard.length = 0
  const login = await browser.open(desk.request({ prompt: 'login' }))
  const consent = await desk.logIn(browser, login, BOB)
  expect(answerIn(await browser.submit(consent, { decision: 'allow' }))['code']).toBeDefined()
  expect(await until(() => ear.heard.length === 1)).toBe(true)
})

test.each(['disabled', 'given a new password', 'deleted'])(
  'clients hear that somebody was %s, and of nobody who has logged in again since',
  async (how) => {
    await using desk = await openDesk(allowed)
    const { core } = desk.server.instance
    const told = await desk.register({ backchannelLogoutUri: ear.url })
    const [browser, bob] = [desk.browser(), desk.browser()]
    const { body } = await desk.redeem(await desk.authorize(browser, {}, told.client), {}, told)
    const consent = await desk.logIn(bob, await bob.open(desk.request({}, told.client)), BOB)
    await bob.submit(consent, { decision: 'allow' })
    const alice = (await core.users.get('alice'))?.id ?? ''
    ear.heard.length = 0
    if (how === 'disabled') await core.users.update(alice, { disabled: true }, CALLER)
    if (how === 'deleted') await core.users.delete(alice, CALLER)
    if (how === 'given a new password') {
      await core.users.setPassword(alice, BOB.password, CALLER)
      const again = await browser.open(desk.request({}, told.client))
      await desk.logIn(browser, again, { ...BOB, username: 'alice' })
    }
    await core.janitor.runOnce()
    expect(ear.heard.map((form) => claimsOf(form.get('logout_token'))['sid'])).toEqual([
      claimsOf(body['id_token'])['sid'],
    ])
    await core.janitor.runOnce()
    expect(ear.heard).toHaveLength(1)
  },
)

const CALLER = { actor: 'operator', requestId: 'test' }
