/** What a client may wish of the login: prompt, max_age, acr, claims, hints; each exactly. */
import { expect, test } from 'bun:test'
import { appWith, withApp } from '../harness/apps.ts'
import type { HtmlBrowser, Landing } from '../harness/html-browser.ts'
import { ALICE, answerIn, BOB, claimsOf, type Desk, openDesk } from './desk.ts'

const ESSENTIAL_2 = '{"id_token":{"acr":{"essential":true,"value":"2"}}}'
const page = ({ path }: Landing) => path.split('?')[0]

async function subjectOf(desk: Desk, landing: Landing): Promise<Readonly<Record<string, unknown>>> {
  return claimsOf((await desk.redeem(landing)).body['id_token'])
}

async function loggedIn() {
  const desk = await openDesk()
  const browser = desk.browser()
  const first = await desk.authorize(browser)
  const idToken = String((await desk.redeem(first)).body['id_token'])
  return { desk, browser, idToken, [Symbol.asyncDispose]: () => desk[Symbol.asyncDispose]() }
}

test('none: answers at once, or says what is missing', async () => {
  await using at = await loggedIn()
  const { desk, browser } = at
  const silent = async (who: HtmlBrowser, query = {}) =>
    answerIn(await who.open(desk.request({ prompt: 'none', ...query })))
  expect(await silent(browser)).toMatchObject({ code: expect.any(String) })
  expect((await silent(desk.browser()))['error']).toBe('login_required')
  expect((await silent(browser, { scope: 'openid email' }))['error']).toBe('consent_required')
  expect((await silent(browser, { claims: ESSENTIAL_2 }))['error']).toBe('interaction_required')
  desk.server.clock.advance(11_000)
  expect((await silent(browser, { max_age: '10' }))['error']).toBe('login_required')
  expect(await silent(browser, { max_age: '20' })).toMatchObject({ code: expect.any(String) })
})

test('login: asks although somebody is logged in, and the ID token tells the new time', async () => {
  await using at = await loggedIn()
  const { desk, browser, idToken } = at
  desk.server.clock.advance(60_000)
  const login = await browser.open(desk.request({ prompt: 'login' }))
  expect(page(login)).toBe('/auth/login')
  const before = browser.cookies.get('leveret')
  const claims = await subjectOf(desk, await desk.logIn(browser, login))
  expect(Number(claims['auth_time'])).toBe(Number(claimsOf(idToken)['auth_time']) + 60)
  expect(browser.cookies.get('leveret')).not.toBe(before)
})

test('max_age: a login that is old enough does not count', async () => {
  await using at = await loggedIn()
  const { desk, browser } = at
  expect(answerIn(await browser.open(desk.request({ max_age: '15000' })))['code']).toBeDefined()
  desk.server.clock.advance(2_000)
  const login = await browser.open(desk.request({ max_age: '1' }))
  expect(page(login)).toBe('/auth/login')
  const claims = await subjectOf(desk, await desk.logIn(browser, login))
  expect(claims['auth_time']).toBe(Math.floor(desk.server.clock.now() / 1000))
})

test('a client that has a default for max_age gets it', async () => {
  await using at = await loggedIn()
  const { desk, browser } = at
  await desk.server.instance.core.clients.update(desk.client.id, { defaultMaxAge: 5_000 }, OPERATOR)
  desk.server.clock.advance(6_000)
  expect(page(await browser.open(desk.request()))).toBe('/auth/login')
})

test('consent: asks although it was allowed, as does a client that always asks; one of ours never does', async () => {
  await using at = await loggedIn()
  const { desk, browser } = at
  const asked = await browser.open(desk.request({ prompt: 'consent' }))
  expect(page(asked)).toBe('/auth/consent')
  expect(answerIn(await browser.submit(asked, { decision: 'allow' }))['code']).toBeDefined()
  const always = await desk.register({ consent: 'always' })
  await desk.authorize(browser, {}, always.client)
  expect(page(await browser.open(desk.request({}, always.client)))).toBe('/auth/consent')
  const ours = await desk.register({ consent: 'skip' })
  expect(answerIn(await browser.open(desk.request({}, ours.client)))['code']).toBeDefined()
})

test('select_account: shows who is logged in and lets them be somebody else', async () => {
  await using at = await loggedIn()
  const { desk, browser, idToken } = at
  const choice = await browser.open(desk.request({ prompt: 'select_account' }))
  expect([page(choice), choice.html.includes('Alice L')]).toEqual(['/auth/consent', true])
  const [, href = ''] = /href="([^"]*switch=1[^"]*)"/.exec(choice.html) ?? []
  const login = await browser.open(href.replaceAll('&amp;', '&'))
  expect(page(login)).toBe('/auth/login')
  const consent = await desk.logIn(browser, login, BOB)
  const claims = await subjectOf(desk, await browser.submit(consent, { decision: 'allow' }))
  expect(claims['sub']).not.toBe(claimsOf(idToken)['sub'])
  expect(claims['sid']).not.toBe(claimsOf(idToken)['sid'])
})

test('id_token_hint: the person it names, or login_required', async () => {
  await using at = await loggedIn()
  const { desk, browser, idToken } = at
  expect(answerIn(await browser.open(desk.request({ prompt: 'none', id_token_hint: idToken })))['code']).toBeDefined()
  const other = desk.browser()
  const login = await other.open(desk.request({ id_token_hint: idToken }))
  expect(login.html).toMatch(/value="alice"[^>]*readonly|readonly[^>]*value="alice"/)
  expect(answerIn(await desk.logIn(other, login, BOB))['error']).toBe('login_required')
  const asBob = await other.open(desk.request({ prompt: 'none', id_token_hint: idToken }))
  expect(answerIn(asBob)['error']).toBe('login_required')
  const again = await other.open(desk.request({ id_token_hint: idToken }))
  expect(page(again)).toBe('/auth/login')
  expect((await subjectOf(desk, await desk.logIn(other, again, ALICE)))['sub']).toBe(claimsOf(idToken)['sub'])
})

test('the claims parameter names the person too, and asks for claims', async () => {
  await using at = await loggedIn()
  const { desk, browser, idToken } = at
  const sub = String(claimsOf(idToken)['sub'])
  const right = { id_token: { sub: { value: sub }, name: { essential: true }, auth_time: { essential: true } } }
  const landing = await browser.open(desk.request({ prompt: 'none', claims: JSON.stringify(right) }))
  expect(await subjectOf(desk, landing)).toMatchObject({ name: 'Alice L', auth_time: expect.any(Number) })
  const wrong = { id_token: { sub: { value: 'u_somebody' } } }
  const refused = await browser.open(desk.request({ prompt: 'none', claims: JSON.stringify(wrong) }))
  expect(answerIn(refused)['error']).toBe('login_required')
})

test('login_hint: the name is filled in, whatever it holds', async () => {
  await using desk = await openDesk()
  const login = await desk.browser().open(desk.request({ login_hint: '"><img src=x onerror=alert(1)>' }))
  expect(login.html).toContain('value="&quot;>&lt;img src=x onerror=alert(1)>"')
})

test('ui_locales choose the language', async () => {
  await using desk = await openDesk()
  const login = await desk.browser().open(desk.request({ ui_locales: 'de en' }))
  expect(login.html).toContain('lang="de"')
})

test('row 24: a second level takes a second factor, whatever session is there; the ID token says so', async () => {
  await using at = await loggedIn()
  const { desk, browser } = at
  const app = await withApp(desk.server, 'alice')
  for (const wish of [{ acr_values: '2' }, { claims: ESSENTIAL_2 }]) {
    const fresh = desk.browser()
    const factor = await desk.logIn(fresh, await fresh.open(desk.request(wish)))
    expect(page(factor)).toBe('/auth/second-factor')
    expect(fresh.cookies.has('leveret')).toBe(false)
    expect((await fresh.submit(factor, { otp: '000000' })).status).toBe(400)
    const claims = await subjectOf(desk, await fresh.submit(factor, { otp: app.code() }))
    expect(claims).toMatchObject({ acr: '2', amr: ['pwd', 'otp', 'mfa'] })
  }
  const raised = await browser.open(desk.request({ acr_values: '2' }))
  expect(page(raised)).toBe('/auth/second-factor')
  const claims = await subjectOf(desk, await browser.submit(raised, { otp: app.code() }))
  expect(claims).toMatchObject({ acr: '2' })
  expect(answerIn(await browser.open(desk.request({ prompt: 'none', acr_values: '2' })))['code']).toBeDefined()
})

test('a demanded factor that nobody has is enrolled on the way, with recovery codes', async () => {
  await using desk = await openDesk()
  const { core } = desk.server.instance
  await core.clients.update(desk.client.id, { secondFactor: true }, OPERATOR)
  const browser = desk.browser()
  const enrol = await desk.logIn(browser, await browser.open(desk.request()))
  expect(page(enrol)).toBe('/auth/enrol')
  const again = await browser.open(enrol.path)
  const secretOf = (html: string) =>
    /otpauth:[^"<]*secret=([A-Z2-7]+)/.exec(html)?.[1] ?? /\b[A-Z2-7]{4}(?: [A-Z2-7]{4})+\b/.exec(html)?.[0]
  expect(secretOf(again.html)).toBe(secretOf(enrol.html) ?? 'none')
  const app = appWith(secretOf(enrol.html) ?? '', desk.server)
  expect((await browser.submit(enrol, { otp: '000000' })).status).toBe(400)
  const codes = await browser.submit(enrol, { otp: app.code() })
  expect([codes.status, codes.headers.getSetCookie().length > 0]).toEqual([200, true])
  const [, href = ''] = /href="([^"]*interaction=[^"]*)"/.exec(codes.html) ?? []
  const consent = await browser.open(href.replaceAll('&amp;', '&'))
  expect(await subjectOf(desk, await browser.submit(consent, { decision: 'allow' }))).toMatchObject({ acr: '2' })
})

test('row 23: cancelling a login as somebody else changes nothing of who is logged in', async () => {
  await using at = await loggedIn()
  const { desk, browser, idToken } = at
  const login = await browser.open(desk.request({ prompt: 'login' }))
  expect(answerIn(await browser.submit(login, { action: 'cancel' }))['error']).toBe('access_denied')
  expect((await browser.submit(login, ALICE)).status).toBe(400)
  const claims = await subjectOf(desk, await browser.open(desk.request({ prompt: 'none' })))
  expect(claims['sid']).toBe(claimsOf(idToken)['sid'])
  const restarted = await browser.open(desk.request({ prompt: 'login' }))
  browser.cookies.delete('leveret')
  const anew = await subjectOf(desk, await desk.logIn(browser, restarted))
  expect(anew['sid']).not.toBe(claimsOf(idToken)['sid'])
})

const OPERATOR = { actor: 'operator', requestId: 'test' }
