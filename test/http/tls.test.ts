import { expect, test } from 'bun:test'
import { startTestServer } from '../harness/server.ts'

test('routes are found over https too', async () => {
  await using server = await startTestServer({ tls: true })
  const [keySet, login] = await Promise.all([
    server.fetch('/auth/oauth/jwks'),
    server.fetch('/auth/session/login', { method: 'POST' }),
  ])
  expect(keySet.status).toBe(200)
  expect(login.status).toBe(400)
})

for (const host of ['a', 'ab']) {
  test(`a host of ${host.length} characters cannot shift the path over https`, async () => {
    await using server = await startTestServer({ tls: true })
    const answer = await server.fetch('/x/auth/oauth/jwks', { headers: { host } })
    expect(answer.status).toBe(400)
  })
}
