/** Tokens and names that should have stopped working, or never have begun to. */
import { afterAll, beforeEach, describe, expect, test } from 'bun:test'
import { bodyOf, OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'

const ALICE = { username: 'alice', password: 'vexing-Quartz-41-sphinx' }
const NEW_PASSWORD = 'jolly-Hydrant-88-umbra'

let server: TestServer | undefined
beforeEach(async () => {
  await server?.[Symbol.asyncDispose]()
  server = await startTestServer({
    config: { rabbitmq: { httpAuth: { allow: ['127.0.0.1'] } } },
    secrets: [ALICE.password, NEW_PASSWORD],
  })
  const { brokers, groups, rules, users } = server.instance.core
  await brokers.create({ name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }, OPERATOR)
  await groups.create({ name: 'billing' }, OPERATOR)
  await rules.create({ subjectKind: 'group', subject: 'billing', vhost: 'prod', preset: 'owner' }, OPERATOR)
  await users.create({ ...ALICE, groups: ['billing'] }, OPERATOR)
})
afterAll(() => server?.[Symbol.asyncDispose]())

function running(): TestServer {
  if (!server) throw new Error('No server was started')
  return server
}

const withToken = (token: string, path: string, method = 'GET') =>
  running().fetch(path, { method, headers: { authorization: `Bearer ${token}` } })

test('row 16 (CVE-2026-101023): an access token is no credential anywhere', async () => {
  const identity = await running().login(ALICE)
  const { access_token } = await bodyOf(await withToken(identity, '/auth/session/token', 'POST'))
  const closed = running()
    .instance.endpoints()
    .filter(({ access }) => access === 'user' || access === 'admin')
  expect(closed.length).toBeGreaterThan(20)
  for (const { method, path } of closed) {
    const { status } = await withToken(String(access_token), path.replace(/\/:[A-Za-z]+/g, '/alice'), method)
    expect([path, status]).toEqual([path, 401])
  }
  for (const path of ['/auth/session/token', '/auth/session/logout'])
    expect((await withToken(String(access_token), path, 'POST')).status).toBe(401)
  expect((await withToken(identity, '/auth/session')).status).toBe(200)
})

describe('row 17 (CVE-2026-43983): from one moment to the next there is no token any more for somebody who', () => {
  type Change = (server: TestServer, id: string) => Promise<unknown>
  const CHANGES: readonly (readonly [string, Change, number, string])[] = [
    ['was disabled', ({ instance: { core } }, id) => core.users.update(id, { disabled: true }, OPERATOR), 401, 'deny'],
    ['was deleted', ({ instance: { core } }, id) => core.users.delete(id, OPERATOR), 401, 'deny'],
    [
      'got another password',
      ({ instance: { core } }, id) => core.users.setPassword(id, NEW_PASSWORD, OPERATOR),
      401,
      'allow',
    ],
    ['left the group', ({ instance: { core } }) => core.groups.removeMember('billing', 'alice', OPERATOR), 403, 'deny'],
    ['was in a group that is gone', ({ instance: { core } }) => core.groups.delete('billing', OPERATOR), 403, 'deny'],
  ]
  test.each(CHANGES)('%s', async (_, change, status, broker) => {
    const identity = await running().login(ALICE)
    expect((await withToken(identity, '/auth/session/token', 'POST')).status).toBe(200)
    const user = await running().instance.core.users.get('alice')
    await change(running(), user?.id ?? '')
    expect((await withToken(identity, '/auth/session/token', 'POST')).status).toBe(status)
    const form = new URLSearchParams({ username: 'alice', vhost: 'prod' })
    const answer = await running().fetch('/rabbitmq/auth/vhost', { method: 'POST', body: form })
    expect(await answer.text()).toBe(broker)
  })
})

test('row 17: an administrator who lost the group is none at the next request', async () => {
  const { groups, users } = running().instance.core
  await users.create({ username: 'carol', password: ALICE.password, groups: ['admin', 'billing'] }, OPERATOR)
  const token = await running().login({ ...ALICE, username: 'carol' })
  expect((await withToken(token, '/users')).status).toBe(200)
  await groups.removeMember('admin', 'carol', OPERATOR)
  expect((await withToken(token, '/users')).status).toBe(403)
})

describe('row 51 (GHSA-7rqj-j65f-68wh): a name is normalised before anything is decided about it', () => {
  const create = (json: unknown) => running().asAdmin('/users', { method: 'POST', json })

  test('a mail address in full width is the one in half width', async () => {
    const made = await create({ username: 'dave', email: 'Dave＠Mail.Example' })
    expect([made.status, (await bodyOf(made))['email']]).toEqual([201, 'Dave@Mail.Example'])
    expect((await create({ username: 'eve', email: 'dave@mail.example' })).status).toBe(409)
    expect((await create({ username: 'eve', email: 'ｄａｖｅ@mail.example' })).status).toBe(409)
  })

  test('two addresses, or one with a line in it, are no address', async () => {
    for (const email of [
      'a@b.example＠evil.example',
      'a@b.example,c@d.example',
      'a@b.example,c',
      'a;b@c.example',
      'a@b.example\r\nBcc: x@y',
      '<a@b.example>',
      '＠',
    ])
      expect([email, (await create({ username: 'eve', email })).status]).toEqual([email, 400])
  })

  test('a user name in another spelling is taken', async () => {
    for (const username of ['ALICE', 'ａｌｉｃｅ', 'Ａlice', 'ali\u2060ce', 'аlice'])
      expect([username, [400, 409].includes((await create({ username })).status)]).toEqual([username, true])
  })
})
