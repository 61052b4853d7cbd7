import { expect, test } from 'bun:test'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { rawRequest } from '../harness/raw-http.ts'
import { bodyOf, startTestServer } from '../harness/server.ts'

test('a stranger’s library verifies an access token with the served key set', async () => {
  await using server = await startTestServer()
  const identity = await server.asAdmin('/auth/session/token', { method: 'POST' })
  const { access_token } = await bodyOf(identity)
  const keySet = createRemoteJWKSet(new URL(`${server.url}/auth/oauth/jwks`))
  const verified = await jwtVerify(String(access_token), keySet, {
    issuer: server.issuer,
    audience: 'rabbitmq',
    currentDate: new Date(server.clock.now()),
  })
  expect(verified.payload.sub).toBe('root')
})

test('the key set says how long it may be kept and is not sent twice', async () => {
  await using server = await startTestServer()
  const first = await server.fetch('/auth/oauth/jwks')
  expect(first.headers.get('cache-control')).toContain('max-age')
  const etag = first.headers.get('etag') ?? ''
  const again = await server.fetch('/auth/oauth/jwks', { headers: { 'if-none-match': etag } })
  expect([again.status, await again.text()]).toEqual([304, ''])
  await server.asAdmin('/keys', { method: 'POST', json: { algorithm: 'ES256', now: true } })
  const changed = await server.fetch('/auth/oauth/jwks', { headers: { 'if-none-match': etag } })
  expect(changed.status).toBe(200)
})

test('whatever is wrong, the URL of the key set never answers JSON that is not one', async () => {
  await using server = await startTestServer({ path: '/x' })
  const line = '/x/auth/oauth/jwks HTTP/1.1'
  const answers = [
    await rawRequest(server.port, [`POST ${line}`, 'Host: a.example', 'Content-Length: 0']),
    await rawRequest(server.port, [`GET ${line}`, 'Host: /']),
    await rawRequest(server.port, [`GET ${line}`, 'Host: a.example', 'Host: b.example']),
    await rawRequest(server.port, [`POST ${line}`, 'Host: a.example', 'Content-Length: 9999999']),
    await rawRequest(server.port, ['GET /auth/oauth/jwks HTTP/1.1', 'Host: a.example']),
  ]
  for (const { status, head, body } of answers) {
    expect(status).toBeGreaterThanOrEqual(400)
    expect(head.toLowerCase()).not.toContain('json')
    expect(body).not.toStartWith('{')
  }
})

test('a key set that cannot be made is a 503 in plain text', async () => {
  await using server = await startTestServer()
  const { keys } = server.instance.core
  Object.assign(keys, {
    jwks: () => {
      throw new Error('a broken key ring')
    },
  })
  const answer = await server.fetch('/auth/oauth/jwks')
  expect([answer.status, answer.headers.get('content-type')]).toEqual([503, 'text/plain; charset=utf-8'])
  expect(await answer.text()).not.toContain('broken')
})
