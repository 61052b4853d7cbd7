/** The device flow: a device without a browser, a person with one, and everybody who is neither. */
import { expect, test } from 'bun:test'
import type { HtmlBrowser, Landing } from '../harness/html-browser.ts'
import { bodyOf } from '../harness/server.ts'
import { ALICE, BOB, claimsOf, type Desk, openDesk, queryOf, type Registered } from './desk.ts'

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const TV = { name: 'Television', confidential: false, grants: [DEVICE, 'refresh_token'], redirectUris: [] }

interface Begun {
  readonly device_code: string
  readonly user_code: string
  readonly verification_uri: string
  readonly verification_uri_complete: string
  readonly expires_in: number
  readonly interval: number
}

async function deviceDesk() {
  const desk = await openDesk()
  const tv = await desk.register(TV)
  const begin = async (query = {}) => {
    const body = queryOf({ client_id: tv.client.id, scope: 'openid profile', ...query })
    const answer = await desk.server.fetch('/auth/oauth/device_authorization', { method: 'POST', body })
    return { status: answer.status, ...((await bodyOf(answer)) as unknown as Begun) }
  }
  const poll = async (deviceCode: string, as: Registered = tv) => {
    const { status, body } = await desk.token({ grant_type: DEVICE, device_code: deviceCode }, as)
    return { status, error: body['error'], body }
  }
  return { desk, tv, begin, poll, [Symbol.asyncDispose]: () => desk[Symbol.asyncDispose]() }
}

/** Opens the page, logs in if that is asked, types the code. */
async function enter(desk: Desk, browser: HtmlBrowser, code: string, who = ALICE): Promise<Landing> {
  const first = await browser.open('/auth/device')
  const page = first.path.startsWith('/auth/login') ? await desk.logIn(browser, first, who) : first
  return await browser.submit(page, { user_code: code })
}

test('a person types the code of the device, sees who asks, allows it, and the device gets tokens', async () => {
  await using at = await deviceDesk()
  const { desk, begin, poll } = at
  const begun = await begin()
  expect(begun.user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/)
  expect(begun).toMatchObject({
    status: 200,
    verification_uri: `${desk.server.issuer}/auth/device`,
    verification_uri_complete: `${desk.server.issuer}/auth/device?user_code=${begun.user_code}`,
    interval: 5,
  })
  expect(await poll(begun.device_code)).toMatchObject({ status: 400, error: 'authorization_pending' })
  const browser = desk.browser()
  const confirm = await enter(desk, browser, begun.user_code.toLowerCase().replace('-', ' '))
  expect(confirm.html).toContain('Television')
  expect(confirm.html).toContain('127.0.0.1')
  expect((await browser.submit(confirm, { decision: 'allow' })).status).toBe(200)
  const { status, body } = await poll(begun.device_code)
  expect(status).toBe(200)
  expect(claimsOf(body['id_token'])).toMatchObject({ amr: ['pwd'], aud: at.tv.client.id })
  expect(await poll(begun.device_code)).toMatchObject({ status: 400, error: 'invalid_grant' })
})

test('the complete address still asks for confirmation', async () => {
  await using at = await deviceDesk()
  const { desk, begin, poll } = at
  const begun = await begin()
  const browser = desk.browser()
  const address = begun.verification_uri_complete.slice(desk.server.issuer.length)
  const page = await desk.logIn(browser, await browser.open(address))
  expect(page.path).toBe(address)
  expect(page.html).toContain(begun.user_code)
  expect(await poll(begun.device_code)).toMatchObject({ error: 'authorization_pending' })
  const confirm = await browser.submit(page, { user_code: begun.user_code })
  expect(await browser.submit(confirm, { decision: 'deny' })).toMatchObject({ status: 200 })
  desk.server.clock.advance(5_000)
  expect(await poll(begun.device_code)).toMatchObject({ status: 400, error: 'access_denied' })
})

test('a device that asks too often is slowed down, one that waits is not, one that is late hears that', async () => {
  await using at = await deviceDesk()
  const { desk, begin, poll } = at
  const { device_code: code, expires_in: life } = await begin()
  await poll(code)
  expect((await poll(code)).body).toMatchObject({ error: 'slow_down', interval: 10 })
  desk.server.clock.advance(5_000)
  expect((await poll(code)).body).toMatchObject({ error: 'slow_down', interval: 15 })
  desk.server.clock.advance(15_000)
  expect((await poll(code)).error).toBe('authorization_pending')
  desk.server.clock.advance(life * 1000)
  expect((await poll(code)).error).toBe('expired_token')
})

test('of fifty polls at once for an allowed code exactly one gets tokens', async () => {
  await using at = await deviceDesk()
  const { desk, begin, poll } = at
  const { device_code: code, user_code: userCode } = await begin()
  const browser = desk.browser()
  await browser.submit(await enter(desk, browser, userCode), { decision: 'allow' })
  const answers = await Promise.all(Array.from({ length: 50 }, () => poll(code)))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  expect(new Set(answers.filter(({ status }) => status !== 200).map(({ error }) => error))).toEqual(
    new Set(['invalid_grant']),
  )
})

test('row 18: another client cannot redeem the code, and it is not used up by trying', async () => {
  await using at = await deviceDesk()
  const { desk, begin, poll } = at
  const other = await desk.register({ ...TV, name: 'Other' })
  const { device_code: code, user_code: userCode } = await begin()
  const browser = desk.browser()
  await browser.submit(await enter(desk, browser, userCode), { decision: 'allow' })
  expect(await poll(code, other)).toMatchObject({ status: 400, error: 'invalid_grant' })
  expect(await poll(code)).toMatchObject({ status: 200 })
})

test('row 19: what one person allowed or saw no other can allow in their place', async () => {
  await using at = await deviceDesk()
  const { desk, begin, poll } = at
  const { device_code: code, user_code: userCode } = await begin()
  const [alice, bob] = [desk.browser(), desk.browser()]
  const forAlice = await enter(desk, alice, userCode)
  const forBob = await enter(desk, bob, userCode, BOB)
  await alice.submit(forAlice, { decision: 'allow' })
  expect((await bob.submit(forBob, { decision: 'allow' })).status).toBe(400)
  const stolen = { ...forAlice, forms: forAlice.forms }
  expect((await bob.submit(stolen, { decision: 'allow' })).status).toBe(403)
  const { body } = await poll(code)
  const user = await desk.server.instance.core.users.get('alice')
  expect(claimsOf(body['id_token'])['sub']).toBe(user?.id ?? '')
})

test('row 19: what a client demands of people it demands here too', async () => {
  await using at = await deviceDesk()
  const { desk, begin, tv } = at
  await desk.server.instance.core.clients.update(tv.client.id, { secondFactor: true }, OPERATOR)
  const { user_code: userCode } = await begin()
  const page = await enter(desk, desk.browser(), userCode)
  expect(page.path).toStartWith('/auth/enrol?')
})

test('guesses of user codes are counted and refused', async () => {
  await using at = await deviceDesk()
  const { desk } = at
  const browser = desk.browser()
  const page = await desk.logIn(browser, await browser.open('/auth/device'))
  const statuses: number[] = []
  for (let guess = 0; guess < 8; guess += 1)
    statuses.push((await browser.submit(page, { user_code: 'BCDF-GHJK' })).status)
  expect(statuses.at(0)).toBe(400)
  expect(statuses.at(-1)).toBe(429)
})

test('a client without the grant, an unknown scope and a stranger are refused', async () => {
  await using at = await deviceDesk()
  const { desk, begin } = at
  expect(await begin({ client_id: desk.client.id })).toMatchObject({ status: 401, error: 'invalid_client' })
  expect(await begin({ scope: 'openid everything' })).toMatchObject({ status: 400, error: 'invalid_scope' })
  expect(await begin({ client_id: undefined })).toMatchObject({ status: 401, error: 'invalid_client' })
  const plain = await desk.register({ confidential: false })
  expect(await begin({ client_id: plain.client.id })).toMatchObject({ status: 400, error: 'unauthorized_client' })
})

const OPERATOR = { actor: 'operator', requestId: 'test' }
