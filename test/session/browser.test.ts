/** Sessions of browsers: a new cookie at every login, an end that nothing outlives, and time. */
import { expect, test } from 'bun:test'
import { createApplications } from '../../src/core/browser/applications.ts'
import { createBrowserSessions } from '../../src/core/browser/browser-sessions.ts'
import { browserSessions } from '../../src/core/browser/records.ts'
import { createSessionEnds } from '../../src/core/logout/session-end.ts'
import type { User } from '../../src/core/users/records.ts'
import { openAccounts } from '../harness/core-accounts.ts'
import { OPERATOR } from '../harness/server.ts'

const HOUR = 3_600_000
const FROM = { actor: 'anonymous', ip: '192.0.2.7', requestId: 'browser' }

async function opened() {
  const at = await openAccounts()
  const clients = { get: async () => undefined }
  const sessions = createBrowserSessions({
    ...at,
    applications: createApplications({ ...at, clients }),
    sessionEnds: createSessionEnds({ ...at, clients }),
    logoutNotices: { soon: () => undefined },
  })
  const person = (username: string) => at.users.create({ username, password: 'correct horse battery' }, OPERATOR)
  const alice = await person('alice')
  const logIn = async (user: User = alice, cookie?: string) => {
    const authTime = at.clock.now
    const begun = await sessions.begin({ user, amr: ['pwd'], authTime, cookie, userAgent: 'Test/1.0' }, FROM)
    if (!begun) throw new Error('Expected the login to begin a session')
    return begun
  }
  return { ...at, sessions, person, alice, logIn }
}

test('a login begins a session that its cookie finds, with what is true of the login', async () => {
  await using at = await opened()
  const { cookie } = await at.logIn()
  expect(await at.sessions.find(cookie)).toMatchObject({
    user: { username: 'alice' },
    session: { amr: ['pwd'], acr: '1', authTime: at.clock.now, ip: '192.0.2.7', userAgent: 'Test/1.0' },
  })
  expect((await at.users.get('alice'))?.lastLoginAt).toBe(at.clock.now)
  for (const other of [undefined, '', `${cookie}x`, cookie.slice(1)])
    expect(await at.sessions.find(other)).toBeUndefined()
  const { rows } = await at.storage.find(browserSessions, { limit: 10 })
  expect(JSON.stringify(rows)).not.toContain(cookie)
})

test('row 23: another login gives another cookie, the old one is dead; another user gives another sid', async () => {
  await using at = await opened()
  const first = await at.logIn()
  const again = await at.logIn(at.alice, first.cookie)
  expect(again.cookie).not.toBe(first.cookie)
  expect(again.visitor.session.sid).toBe(first.visitor.session.sid)
  expect(await at.sessions.find(first.cookie)).toBeUndefined()
  const other = await at.logIn(await at.person('bob'), again.cookie)
  expect(other.visitor.session.sid).not.toBe(first.visitor.session.sid)
  expect(await at.sessions.find(again.cookie)).toBeUndefined()
  expect(await at.sessions.list(at.alice.id)).toEqual([])
})

test('of two logins of one browser at the same time both begin a session, and neither is that of the other', async () => {
  await using at = await opened()
  const { cookie } = await at.logIn()
  const both = await Promise.all([at.logIn(at.alice, cookie), at.logIn(at.alice, cookie)])
  expect(new Set(both.map(({ visitor }) => visitor.session.sid)).size).toBe(2)
  for (const begun of both) expect(await at.sessions.find(begun.cookie)).toBeDefined()
  expect(await at.sessions.find(cookie)).toBeUndefined()
})

test('a session ends when it is not used, and after its time in any case', async () => {
  await using at = await opened()
  const idle = await at.logIn()
  at.clock.now += 12 * HOUR
  expect(await at.sessions.find(idle.cookie)).toBeUndefined()
  const used = await at.logIn()
  for (let hours = 0; hours < 30 * 24 - 6; hours += 6) {
    at.clock.now += 6 * HOUR
    expect(await at.sessions.find(used.cookie)).toBeDefined()
  }
  at.clock.now += 6 * HOUR
  expect(await at.sessions.find(used.cookie)).toBeUndefined()
  expect(await at.storage.deleteExpired(browserSessions, at.clock.now, 10)).toBe(2)
})

test('a new password, disabling and deleting end every session; a login checked before begins none', async () => {
  await using at = await opened()
  const before = await at.users.get('alice')
  const { cookie } = await at.logIn()
  await at.users.setPassword(at.alice.id, 'another horse battery', OPERATOR)
  expect(await at.sessions.find(cookie)).toBeUndefined()
  const login = { amr: ['pwd'], authTime: at.clock.now, userAgent: '' }
  expect(before && (await at.sessions.begin({ user: before, ...login }, FROM))).toBeUndefined()

  const now = await at.users.get('alice')
  const second = await at.logIn(now)
  await at.users.update(at.alice.id, { disabled: true }, OPERATOR)
  await at.users.update(at.alice.id, { disabled: false }, OPERATOR)
  expect(await at.sessions.find(second.cookie)).toBeUndefined()
  const third = await at.logIn(now)
  await at.users.delete(at.alice.id, OPERATOR)
  expect(await at.sessions.find(third.cookie)).toBeUndefined()
  expect((await at.storage.find(browserSessions, { limit: 10 })).rows).toEqual([])
})

test('one session is ended by its own user alone, all of them at once', async () => {
  await using at = await opened()
  const [first, second] = [await at.logIn(), await at.logIn()]
  const bob = await at.person('bob')
  const others = await at.logIn(bob)
  expect(await at.sessions.end(bob, first.visitor.session.sid, FROM)).toBe(false)
  expect(await at.sessions.end(at.alice, first.visitor.session.sid, FROM)).toBe(true)
  expect(await at.sessions.end(at.alice, first.visitor.session.sid, FROM)).toBe(false)
  expect(await at.sessions.find(second.cookie)).toBeDefined()
  await at.sessions.endAll(at.alice, FROM)
  expect(await at.sessions.find(second.cookie)).toBeUndefined()
  expect(await at.sessions.find(others.cookie)).toBeDefined()
})

test('a user agent that is too long or cannot be stored is cut', async () => {
  await using at = await opened()
  const userAgent = `\0${'\ud800'}${'x'.repeat(5_000)}`
  const begun = await at.sessions.begin({ user: at.alice, amr: ['pwd'], authTime: 0, userAgent }, FROM)
  expect(begun?.visitor.session.userAgent.length).toBeLessThan(301)
})
