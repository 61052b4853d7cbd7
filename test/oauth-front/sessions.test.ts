/** What an administrator sees of sessions, what ends with them, and what is left of logins when their time is over. */
import { expect, test } from 'bun:test'
import { collections } from '../../src/core/collections.ts'
import { bodyOf } from '../harness/server.ts'
import { answerIn, type Desk, openDesk } from './desk.ts'

interface Sessions {
  readonly sessions: readonly { readonly sid: string; readonly userAgent: string }[]
}

const sessionsOf = async (desk: Desk) =>
  (await bodyOf(await desk.server.asAdmin('/users/alice/sessions'))) as unknown as Sessions

test('an administrator ends one session: its tokens end, those of another session stay', async () => {
  await using desk = await openDesk()
  const [one, two] = [desk.browser(), desk.browser()]
  const first = await desk.redeem(await desk.authorize(one))
  const [ended] = (await sessionsOf(desk)).sessions
  const second = await desk.redeem(await desk.authorize(two))
  expect((await sessionsOf(desk)).sessions).toHaveLength(2)
  const answer = await desk.server.asAdmin(`/users/alice/sessions/${ended?.sid}`, { method: 'DELETE' })
  expect(answer.status).toBe(204)
  expect((await one.open('/account')).path).toStartWith('/auth/login?')
  expect((await two.open('/account')).path).toBe('/account')
  expect([(await desk.refresh(first)).status, (await desk.refresh(second)).status]).toEqual([400, 200])
  expect((await desk.server.asAdmin('/users/bob/sessions/s_none', { method: 'DELETE' })).status).toBe(404)
})

test('signing out everywhere and a new password end every session and every token', async () => {
  await using desk = await openDesk()
  const offline = { scope: 'openid offline_access' }
  const browser = desk.browser()
  const first = await desk.redeem(await desk.authorize(browser, offline))
  expect((await desk.server.asAdmin('/users/alice/sessions', { method: 'DELETE' })).status).toBe(204)
  expect((await desk.refresh(first)).status).toBe(400)
  const second = await desk.redeem(await desk.authorize(browser, offline))
  const { users } = desk.server.instance.core
  await users.setPassword((await users.get('alice'))?.id ?? '', 'another-Quartz-41-sphinx', OPERATOR)
  expect((await desk.refresh(second)).status).toBe(400)
  expect((await browser.open(desk.request({ prompt: 'none' }))).away?.href).toContain('login_required')
})

test('a code is worth nothing once the session or the user behind it has ended', async () => {
  await using desk = await openDesk()
  const browser = desk.browser()
  const landing = await desk.authorize(browser)
  await desk.server.asAdmin('/users/alice', { method: 'PATCH', json: { disabled: true } })
  expect(await desk.redeem(landing)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } })
})

test('rounds of every flow leave no records behind when their time is over', async () => {
  await using desk = await openDesk()
  const { core } = desk.server.instance
  const device = await desk.register({
    grants: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'],
  })
  const headers = { authorization: `Basic ${btoa(`${device.client.id}:${device.secret}`)}` }
  const push = async () => {
    const body = new URLSearchParams(desk.request({}, device.client).split('?')[1])
    return await desk.server.fetch('/auth/oauth/par', { method: 'POST', headers, body })
  }
  const counts = async () => {
    await core.janitor.runOnce()
    const rows = await Promise.all(
      collections.map(async (each) => [
        each.name,
        (await desk.server.instance.core.storage.find(each, { limit: 1_000 })).rows.length,
      ]),
    )
    return Object.fromEntries(rows.filter(([name]) => name !== 'audit_event' && name !== 'signing_key')) as Record<
      string,
      number
    >
  }
  const round = async () => {
    const browser = desk.browser()
    await desk.redeem(await desk.authorize(browser))
    expect(answerIn(await browser.open(desk.request()))['code']).toBeDefined()
    await desk.browser().open(desk.request())
    await push()
    await desk.server.fetch('/auth/oauth/device_authorization', {
      method: 'POST',
      headers,
      body: new URLSearchParams(),
    })
    await browser.submit(await browser.open('/auth/logout'), { action: 'logout' })
    expect((await desk.browser().open(desk.request())).status).toBe(200)
  }
  await round()
  desk.server.clock.advance(YEAR)
  const before = await counts()
  for (let rounds = 0; rounds < 5; rounds += 1) await round()
  desk.server.clock.advance(YEAR)
  expect(await counts()).toEqual(before)
})

const OPERATOR = { actor: 'operator', requestId: 'test' }
const YEAR = 366 * 24 * 3_600_000
