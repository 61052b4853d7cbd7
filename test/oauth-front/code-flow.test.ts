/** The code flow from outside: a client's request, a person at a browser without scripts, a code, tokens. */
import { expect, test } from 'bun:test'
import { ALICE, answerIn, BOB, claimsOf, openDesk } from './desk.ts'

test('somebody logs in, allows what is asked, and the client gets tokens about them', async () => {
  await using desk = await openDesk()
  const browser = desk.browser()
  const login = await browser.open(desk.request())
  expect([login.status, login.path.split('?')[0]]).toEqual([200, '/auth/login'])
  expect(login.html).toContain('Test App')
  const consent = await desk.logIn(browser, login)
  expect(consent.path).toStartWith('/auth/consent?')
  const back = await browser.submit(consent, { decision: 'allow' })
  const { code, ...answer } = answerIn(back)
  expect(answer).toEqual({ state: 'state-1', iss: desk.server.issuer })
  expect(back.away?.href).toStartWith('https://app.example/callback?')
  const { status, body } = await desk.redeem(back)
  expect(status).toBe(200)
  const alice = await desk.server.instance.core.users.get('alice')
  expect(claimsOf(body['id_token'])).toMatchObject({
    iss: desk.server.issuer,
    aud: desk.client.id,
    sub: alice?.id ?? '',
    nonce: 'nonce-1',
    amr: ['pwd'],
    acr: '1',
    sid: expect.any(String),
    auth_time: Math.floor(desk.server.clock.now() / 1000),
  })
  expect(code).toHaveLength(43)
})

test('who is logged in and has allowed it before is not asked again; somebody else is', async () => {
  await using desk = await openDesk()
  const browser = desk.browser()
  const first = await desk.authorize(browser)
  expect(answerIn(first)['code']).toBeDefined()
  const again = await browser.open(desk.request({ state: 'state-2' }))
  expect(again.hops).toHaveLength(1)
  expect(answerIn(again)).toMatchObject({ state: 'state-2', code: expect.any(String) })
  const more = await browser.open(desk.request({ scope: 'openid profile email' }))
  expect(more.path).toStartWith('/auth/consent?')
  const other = await browser.open(desk.request({ prompt: 'login' }))
  expect((await desk.logIn(browser, other, BOB)).path).toStartWith('/auth/consent?')
})

test('a wrong password says so, an unknown name says the same, the right one goes on', async () => {
  await using desk = await openDesk()
  const browser = desk.browser()
  const login = await browser.open(desk.request())
  const wrong = await desk.logIn(browser, login, { ...ALICE, password: 'not it' })
  const unknown = await desk.logIn(browser, wrong, { username: 'nobody', password: 'not it' })
  expect([wrong.status, unknown.status]).toEqual([400, 400])
  const plain = (html: string) => html.replaceAll(/value="(?:alice|nobody)"/g, '')
  expect(plain(wrong.html)).toBe(plain(unknown.html))
  expect((await desk.logIn(browser, unknown)).path).toStartWith('/auth/consent?')
})

test('who says no or gives up is sent back with access_denied', async () => {
  await using desk = await openDesk()
  const browser = desk.browser()
  const login = await browser.open(desk.request())
  expect(answerIn(await browser.submit(login, { action: 'cancel' }))).toMatchObject({
    error: 'access_denied',
    state: 'state-1',
    iss: desk.server.issuer,
  })
  const consent = await desk.logIn(browser, await browser.open(desk.request()))
  expect(answerIn(await browser.submit(consent, { decision: 'deny' }))['error']).toBe('access_denied')
})

test('a login of our own leads to the page that was asked for', async () => {
  await using desk = await openDesk()
  const browser = desk.browser()
  const login = await browser.open('/account/sessions')
  expect(login.path).toStartWith('/auth/login?')
  const there = await desk.logIn(browser, login)
  expect([there.status, there.path]).toEqual([200, '/account/sessions'])
  expect((await browser.open('/auth/login-page?next=/account')).path).toBe('/account')
})

test('the audit log says who logged in, and who allowed which client what', async () => {
  await using desk = await openDesk()
  await desk.authorize(desk.browser())
  const { rows } = await desk.server.instance.core.audit.list({ limit: 10 })
  expect(rows.find(({ event }) => event === 'consent.granted')).toMatchObject({
    target: 'user:alice',
    ip: '127.0.0.1',
    detail: { client: desk.client.id, scope: 'openid profile' },
  })
  expect(rows.filter(({ event, outcome }) => event === 'login' && outcome === 'ok')).toHaveLength(1)
})
