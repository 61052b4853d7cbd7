/** What somebody who proves nothing can have kept is bounded, and bounds nobody who has proven something. */
import { expect, test } from 'bun:test'
import { begunByStrangers } from '../../src/core/authorization/beginnings.ts'
import { answerIn, openDesk } from './desk.ts'

const MOST = 5_000

test('a network that begins too many logins waits; who is logged in and clients with a secret go on', async () => {
  await using desk = await openDesk()
  const { server } = desk
  const member = desk.browser()
  await desk.authorize(member)
  const open = await desk.register({ confidential: false })
  const now = server.clock.now()
  const by = { by: MOST - 2, limit: MOST, now, expiresAt: now + 600_000 }
  await server.instance.core.storage.increment(begunByStrangers, { key: '127.0.0.0/24' }, by)

  expect((await desk.browser().open(desk.request())).status).toBe(200)
  const refused = await desk.browser().open(desk.request())
  expect([refused.status, Number(refused.headers.get('retry-after')) > 0]).toEqual([429, true])
  const push = (id: string, headers: Record<string, string> = {}) => {
    const body = new URLSearchParams(desk.request({ client_id: id }).split('?')[1])
    return server.fetch('/auth/oauth/par', { method: 'POST', body, headers })
  }
  expect((await push(open.client.id)).status).toBe(429)
  expect(
    (await push(desk.client.id, { authorization: `Basic ${btoa(`${desk.client.id}:${desk.secret}`)}` })).status,
  ).toBe(201)
  expect(answerIn(await member.open(desk.request()))['code']).toBeDefined()

  server.clock.advance(600_000)
  expect((await desk.browser().open(desk.request())).status).toBe(200)
})
