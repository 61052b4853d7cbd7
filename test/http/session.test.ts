import { expect, test } from 'bun:test'
import { bodyOf, OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'

async function withRule(server: TestServer): Promise<void> {
  const { core } = server.instance
  await core.brokers.create({ name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }, OPERATOR)
  await core.rules.create({ subjectKind: 'user', subject: 'root', vhost: 'prod', preset: 'owner' }, OPERATOR)
}

test('logging in, exchanging, describing and logging out, from outside', async () => {
  await using server = await startTestServer()
  await withRule(server)
  const login = await server.fetch('/auth/session/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(server.admin),
  })
  const session = await bodyOf(login)
  expect(session).toMatchObject({ token_type: 'bearer', expires_in: 86_400, vhost: 'prod', broker: 'main' })
  const headers = { authorization: `Bearer ${String(session['id_token'])}` }
  const exchanged = await server.fetch('/auth/session/token', { method: 'POST', headers })
  expect(await bodyOf(exchanged)).toMatchObject({ token_type: 'bearer', expires_in: 300, vhost: 'prod' })
  expect(exchanged.headers.get('cache-control')).toBe('no-store')
  const described = await server.fetch('/auth/session', { headers })
  expect(await bodyOf(described)).toMatchObject({ username: 'root', vhost: 'prod', ip: '127.0.0.1' })
  expect((await server.fetch('/auth/session/logout', { method: 'POST', headers })).status).toBe(204)
  const after = await server.fetch('/auth/session/token', { method: 'POST', headers })
  expect(after.status).toBe(401)
  expect(await bodyOf(after)).toMatchObject({ code: 'invalid_token', status: 401 })
})
