/** Attacks on logins on their way: other people's links, altered forms, addresses that lead elsewhere. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Landing } from '../harness/html-browser.ts'
import { OPERATOR } from '../harness/server.ts'
import { ALICE, answerIn, BOB, type Desk, openDesk } from '../oauth-front/desk.ts'

let desk: Desk
beforeAll(async () => {
  desk = await openDesk()
})
afterAll(() => desk[Symbol.asyncDispose]())

/** The same page with other hidden fields in its forms. */
function altered(page: Landing, fields: Readonly<Record<string, string>>): Landing {
  return { ...page, forms: page.forms.map((form) => ({ ...form, fields: { ...form.fields, ...fields } })) }
}

test('row 21 (CVE-2018-15761): an altered consent form allows what was asked and nothing else', async () => {
  const browser = desk.browser()
  const other = await desk.register({ name: 'Other' })
  const consent = await desk.logIn(browser, await browser.open(desk.request({ scope: 'openid' })))
  const more = {
    scope: 'openid email offline_access',
    client_id: other.client.id,
    redirect_uri: 'https://evil.example/',
  }
  const landing = await browser.submit(altered(consent, more), { decision: 'allow' })
  expect(landing.away?.host).toBe('app.example')
  expect((await desk.redeem(landing)).body['scope']).toBe('openid')
})

test('row 21 (CVE-2022-39222): the link and the form of another browser allow nothing', async () => {
  const [attacker, victim] = [desk.browser(), desk.browser()]
  const consent = await desk.logIn(attacker, await attacker.open(desk.request()), BOB)
  await desk.logIn(victim, await victim.open(desk.request()))
  expect(await victim.open(consent.path)).toMatchObject({ status: 400, away: undefined })
  expect(await victim.submit(consent, { decision: 'allow' })).toMatchObject({ status: 400, away: undefined })
})

test('row 21: a consent page that was shown to one person is not sent by another', async () => {
  const browser = desk.browser()
  const consent = await desk.logIn(browser, await browser.open(desk.request()))
  await desk.logIn(browser, await browser.open('/auth/login-page?prompt=login'), BOB)
  expect(await browser.submit(consent, { decision: 'allow' })).toMatchObject({ status: 403, away: undefined })
})

test('row 22 (CVE-2026-7507): a login that an attacker began gives the attacker nothing', async () => {
  const [attacker, victim] = [desk.browser(), desk.browser()]
  const begun = await attacker.open(desk.request())
  expect(await victim.open(begun.path)).toMatchObject({ status: 400 })
  expect(await victim.submit(begun, ALICE)).toMatchObject({ status: 400 })
  expect(victim.cookies.has('leveret')).toBe(false)
  expect((await attacker.open(begun.path)).path).toStartWith('/auth/login?')
  expect(attacker.cookies.has('leveret')).toBe(false)
})

test('row 22: a binding cookie that the attacker planted does not lead to the session of the victim', async () => {
  const [attacker, victim] = [desk.browser(), desk.browser()]
  const begun = await attacker.open(desk.request())
  victim.cookies.set('leveret-login', attacker.cookies.get('leveret-login') ?? '')
  const consent = await desk.logIn(victim, await victim.open(begun.path))
  expect(consent.path).toStartWith('/auth/consent?')
  const peek = await attacker.open(consent.path)
  expect(peek.path).toStartWith('/auth/login?')
  expect(peek.html).not.toContain('Alice')
  expect(await attacker.submit(consent, { decision: 'allow' })).toMatchObject({ away: undefined })
})

test('row 23 (CVE-2025-12390): the cookie of a session changes with every login, and a planted one is never taken over', async () => {
  const browser = desk.browser()
  browser.cookies.set('leveret', 'planted-by-somebody')
  await desk.logIn(browser, await browser.open(desk.request()))
  const first = browser.cookies.get('leveret')
  expect(first).not.toBe('planted-by-somebody')
  await desk.logIn(browser, await browser.open(desk.request({ prompt: 'login' })))
  expect(browser.cookies.get('leveret')).not.toBe(first)
})

test('row 24 (GHSA-hp74-gm6m-2qm5): pages cannot be skipped: each leads to the one that comes next', async () => {
  const browser = desk.browser()
  const login = await browser.open(desk.request())
  const query = login.path.split('?')[1] ?? ''
  for (const page of ['consent', 'second-factor', 'enrol'])
    expect((await browser.open(`/auth/${page}?${query}`)).path).toBe(login.path)
  const posted = await browser.submit(altered(login, { decision: 'allow' }), { username: 'alice', password: 'wrong' })
  expect([posted.status, posted.away]).toEqual([400, undefined])
})

test('row 33 (CVE-2023-34927): forms of other sites log nobody in or out and allow nothing', async () => {
  const browser = desk.browser()
  const login = await browser.open(desk.request())
  const from = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  expect(await browser.submit(login, ALICE, from)).toMatchObject({ status: 403 })
  expect(await browser.submit(altered(login, { csrf: 'x'.repeat(43) }), ALICE)).toMatchObject({ status: 403 })
  const consent = await desk.logIn(browser, login)
  expect(await browser.submit(consent, { decision: 'allow' }, from)).toMatchObject({ status: 403 })
  expect(await browser.submit(altered(consent, { csrf: '' }), { decision: 'allow' })).toMatchObject({ status: 403 })
  const logout = await browser.open('/auth/logout')
  expect(await browser.submit(logout, { action: 'logout' }, from)).toMatchObject({ status: 403 })
  expect(await browser.submit(altered(logout, { csrf: '' }), { action: 'logout' })).toMatchObject({ status: 403 })
  expect((await browser.open('/account')).path).toBe('/account')
})

const MARKUP = [
  '"><script>alert(1)</script>',
  "'><img src=x onerror=alert(1)>",
  'javascript:alert(1)',
  '</title><svg onload=1>',
]
test.each(MARKUP)('row 36 (CVE-2022-4361): %s is text wherever it is shown', async (text) => {
  const browser = desk.browser()
  const client = await desk.register({ name: text })
  const pages = [
    await browser.open(desk.request({ login_hint: text, state: text, ui_locales: text }, client.client)),
    await browser.open(desk.request({ redirect_uri: text })),
    await browser.open(`/auth/oauth/authorize?client_id=${encodeURIComponent(text)}`),
    await browser.open(`/auth/oauth/end_session?post_logout_redirect_uri=${encodeURIComponent(text)}`),
    await browser.open(
      `/auth/oauth/callback?state=${encodeURIComponent(text)}&error_description=${encodeURIComponent(text)}`,
    ),
    await browser.open(desk.request({ response_mode: 'form_post', scope: text, state: text })),
  ]
  for (const { html } of pages) {
    expect(html).not.toMatch(/<(?:script(?! src=)|img src=x|svg)/)
    expect(html).not.toMatch(/(?:href|action|src)="javascript:/)
  }
})

test.each(['javascript:alert(1)', 'data:text/html,x', 'vbscript:x'])(
  'row 36: %s cannot be registered as a place to come back to',
  async (uri) => {
    for (const input of [
      { redirectUris: [uri] },
      { postLogoutRedirectUris: [uri] },
      { logoUri: uri },
      { clientUri: uri },
    ])
      expect(await desk.register(input).catch((error: unknown) => error)).toMatchObject({ code: 'invalid_request' })
  },
)

const ELSEWHERE = [
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  'https:evil.example',
  'https://evil.example',
  '/\t/evil.example',
  '/%09/evil.example\n',
  'javascript:alert(1)',
  '.evil.example',
  '@evil.example',
  '',
]
test.each(ELSEWHERE)('row 37 (CVE-2018-11041): next=%j leads to our own page', async (next) => {
  const browser = desk.browser()
  const login = await browser.open(`/auth/login-page?${new URLSearchParams({ next })}`)
  const landing = await desk.logIn(browser, login)
  expect([landing.away, landing.path]).toEqual([undefined, '/account'])
})

test.each(ELSEWHERE)('row 37: post_logout_redirect_uri=%j leads nowhere', async (uri) => {
  const query = new URLSearchParams({ client_id: desk.client.id, post_logout_redirect_uri: uri })
  expect((await desk.browser().open(`/auth/oauth/end_session?${query}`)).away).toBeUndefined()
})

test('row 38 (CVE-2026-4874): no address of a request is ever fetched', async () => {
  let asked = 0
  const inner = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => {
      asked += 1
      return new Response('{"keys":[]}')
    },
  })
  try {
    const address = `http://127.0.0.1:${inner.port}/`
    const client = await desk.register({ jwksUri: address, backchannelLogoutUri: address })
    const browser = desk.browser()
    const byReference = await browser.open(desk.request({ request_uri: address }, client.client))
    expect(answerIn(byReference)['error']).toBe('request_uri_not_supported')
    const header = btoa('{"alg":"ES256","kid":"x"}').replace(/=+$/, '')
    const signed = await browser.open(desk.request({ request: `${header}.e30.AAAA` }, client.client))
    expect(answerIn(signed)['error']).toBe('invalid_request_object')
    await desk.authorize(browser, {}, client.client)
    await browser.submit(await browser.open('/auth/logout'), { action: 'logout' })
    await desk.server.instance.core.janitor.runOnce()
    expect(asked).toBe(0)
  } finally {
    await inner.stop(true)
  }
})

test('row 44 (CVE-2026-7571): what a client may not use it may not use after going back either', async () => {
  const client = await desk.register({})
  const browser = desk.browser()
  const login = await browser.open(desk.request({}, client.client))
  const token = await browser.open(desk.request({ response_type: 'code token' }, client.client))
  expect(token.away?.searchParams.get('error')).toBe('unsupported_response_type')
  const consent = await desk.logIn(browser, login)
  await desk.server.instance.core.clients.update(client.client.id, { disabled: true }, OPERATOR)
  for (const again of [consent.path, login.path]) expect(await browser.open(again)).toMatchObject({ status: 400 })
  expect(await browser.submit(consent, { decision: 'allow' })).toMatchObject({ status: 400, away: undefined })
})
