import { afterAll, beforeAll, expect, test } from 'bun:test'
import { OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'

const SECRET = 'a secret/with everything: ä'
const SEGMENT = encodeURIComponent(SECRET)

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({
    config: { rabbitmq: { httpAuth: { secret: { env: 'TEST_BROKER_SECRET' } } } },
    env: { TEST_BROKER_SECRET: SECRET },
  })
  const { brokers, rules } = server.instance.core
  await brokers.create({ name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }, OPERATOR)
  const rule = { subjectKind: 'user', subject: 'root', vhost: 'prod' } as const
  await rules.create({ ...rule, write: ['orders'], tags: ['management'] }, OPERATOR)
})
afterAll(() => server[Symbol.asyncDispose]())

function ask(path: string, form: Readonly<Record<string, string>>, headers: Readonly<Record<string, string>> = {}) {
  return server.fetch(path, { method: 'POST', body: new URLSearchParams(form), headers })
}
const login = () => ({ ...server.admin, vhost: 'prod', client_id: 'mqtt-1' })

test('answers are bare words without a newline', async () => {
  const questions: readonly (readonly [string, Readonly<Record<string, string>>, string])[] = [
    ['user', login(), 'allow management'],
    ['user', { ...login(), password: 'wrong' }, 'deny'],
    ['user', { ...login(), username: 'nobody' }, 'deny'],
    ['vhost', { username: 'root', vhost: 'prod', ip: '127.0.0.1', tags: '' }, 'allow'],
    ['vhost', { username: 'root', vhost: 'test', ip: '127.0.0.1' }, 'deny'],
    [
      'resource',
      { username: 'root', vhost: 'prod', resource: 'exchange', name: 'orders', permission: 'write' },
      'allow',
    ],
    ['resource', { username: 'root', vhost: 'prod', resource: 'queue', name: 'orders', permission: 'read' }, 'deny'],
    ['topic', { username: 'root', vhost: 'prod', name: 'orders', permission: 'write', routing_key: 'a.b' }, 'allow'],
    ['topic', { username: 'root', vhost: 'prod', name: 'other', permission: 'write', routing_key: 'a.b' }, 'deny'],
  ]
  for (const [path, form, words] of questions) {
    const answer = await ask(`/rabbitmq/auth/${SEGMENT}/${path}`, form)
    expect([path, answer.status, await answer.text()]).toEqual([path, 200, words])
    expect(answer.headers.get('content-type')).toStartWith('text/plain')
  }
})

test('the secret may be a parameter or a Basic password, and names the broker', async () => {
  const basic = `Basic ${Buffer.from(`broker:${SECRET}`).toString('base64')}`
  const form = { username: 'root', vhost: 'prod' }
  const answers = [
    await ask(`/rabbitmq/auth/vhost?secret=${SEGMENT}&broker=main`, form),
    await ask('/rabbitmq/auth/vhost', form, { authorization: basic }),
  ]
  for (const answer of answers) expect([answer.status, await answer.text()]).toEqual([200, 'allow'])
  const elsewhere = await ask(`/rabbitmq/auth/vhost?secret=${SEGMENT}&broker=nowhere`, form)
  expect(await elsewhere.text()).toBe('deny')
})

test('without the secret everything is denied, in plain text', async () => {
  const form = login()
  for (const path of ['user', 'wrong/user', 'user?secret=wrong', '%ff/user', `${SEGMENT}x/user`]) {
    const answer = await ask(`/rabbitmq/auth/${path}`, form)
    expect([path, answer.status, await answer.text()]).toEqual([path, 401, 'deny'])
  }
})

test('what is no form, or not all of it, is denied in plain text', async () => {
  const at = `/rabbitmq/auth/${SEGMENT}/user`
  const json = await server.fetch(at, {
    method: 'POST',
    body: '{}',
    headers: { 'content-type': 'application/json' },
  })
  const half = await ask(at, { username: 'root' })
  const twice = await server.fetch(at, {
    method: 'POST',
    body: 'username=root&username=alice&password=x',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  for (const answer of [json, half, twice]) expect(await answer.text()).toBe('deny')
})

test('addresses on the list need no secret, others do not get in', async () => {
  await using listed = await startTestServer({ config: { rabbitmq: { httpAuth: { allow: ['127.0.0.0/8'] } } } })
  await using other = await startTestServer({ config: { rabbitmq: { httpAuth: { allow: ['10.0.0.0/8'] } } } })
  const init = () => ({ method: 'POST', body: new URLSearchParams({ username: 'root', vhost: 'prod' }) })
  const statuses = [
    (await listed.fetch('/rabbitmq/auth/vhost', init())).status,
    (await other.fetch('/rabbitmq/auth/vhost', init())).status,
  ]
  // The listed one gets as far as the broker, of which there is none.
  expect(statuses).toEqual([404, 401])
})

test('the secret is in no log line', () => {
  const logs = server.logs()
  expect(logs).toContain('/rabbitmq/auth/')
  for (const spelling of [SECRET, SEGMENT, Buffer.from(SECRET).toString('base64')]) expect(logs).not.toContain(spelling)
})
