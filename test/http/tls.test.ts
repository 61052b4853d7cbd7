import { expect, test } from 'bun:test'
import { connect } from 'node:tls'
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

test('of TLS 1.2 only what has a key of its own for each connection, and AEAD', async () => {
  await using server = await startTestServer({ tls: true })
  const over = async (ciphers: string) => {
    const options = { port: server.port, host: 'localhost', ca: server.ca, ciphers, maxVersion: 'TLSv1.2' } as const
    const { promise, resolve } = Promise.withResolvers<string>()
    const socket = connect(options, () => resolve(socket.getCipher().name))
    socket.on('error', () => resolve('refused'))
    const used = await promise
    socket.destroy()
    return used
  }
  const recommended = 'ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256'
  expect(recommended.split(':')).toContain(await over(recommended))
  for (const ciphers of [
    'AES128-GCM-SHA256:AES256-GCM-SHA384',
    'AES128-SHA:AES256-SHA',
    'ECDHE-ECDSA-AES128-SHA:ECDHE-RSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA:ECDHE-RSA-AES256-SHA',
    'ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305',
  ])
    expect(await over(ciphers)).toBe('refused')
})
