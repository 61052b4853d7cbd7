import { afterAll, beforeAll, expect, test } from 'bun:test'
import { connect, rawRequest } from '../harness/raw-http.ts'
import { startTestServer, type TestServer } from '../harness/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const HOSTS = ['', 'x y', 'a, b', 'a/b', '/', '//', 'x/aaaa', '?', 'a@b', 'a:b', '[', '[::1', '-', 'a..', '%61', 'é']

for (const host of HOSTS) {
  test(`Host ${JSON.stringify(host)} is refused`, async () => {
    const { status } = await rawRequest(server.port, ['GET /aaaaaaaaaaaa/healthz HTTP/1.1', `Host: ${host}`])
    expect(status).toBe(400)
  })
}

for (const host of ['a', 'ab', '[::1]', '127.0.0.1:80', 'login.example', 'under_score.example']) {
  test(`Host ${host} reaches the path that was asked for and no other`, async () => {
    const right = await rawRequest(server.port, ['GET /healthz HTTP/1.1', `Host: ${host}`])
    const shifted = await rawRequest(server.port, ['GET /aaaaaaaaaaaa/healthz HTTP/1.1', `Host: ${host}`])
    expect([right.status, shifted.status]).toEqual([200, 404])
  })
}

test('no Host and two Hosts are refused', async () => {
  const none = await rawRequest(server.port, ['GET /healthz HTTP/1.1'])
  const old = await rawRequest(server.port, ['GET /healthz HTTP/1.0'])
  const two = await rawRequest(server.port, ['GET /healthz HTTP/1.1', 'Host: a.example', 'Host: b.example'])
  const same = await rawRequest(server.port, ['GET /healthz HTTP/1.1', 'Host: a.example', 'host: a.example'])
  expect([none.status, old.status, two.status, same.status]).toEqual([400, 400, 400, 400])
})

test('CONNECT is refused, whatever its target looks like', async () => {
  for (const target of ['*', 'evil.example:443', 'http.evil.example:443', '/healthz']) {
    const { status } = await rawRequest(server.port, [`CONNECT ${target} HTTP/1.1`, 'Host: login.example'])
    expect([400, 405]).toContain(status)
  }
})

test('an absolute target does not choose the route by its own host', async () => {
  const { status } = await rawRequest(server.port, ['GET http://evil.example/healthz HTTP/1.1', 'Host: login.example'])
  expect(status).toBe(200)
})

test('more header than anybody needs is refused', async () => {
  const lines = ['GET /healthz HTTP/1.1', 'Host: a.example', `X-Filler: ${'a'.repeat(40_000)}`]
  expect((await rawRequest(server.port, lines)).status).toBe(431)
})

const SMUGGLING: readonly (readonly [string, readonly string[]])[] = [
  ['two lengths', ['Content-Length: 3', 'Content-Length: 4']],
  ['a length with a sign', ['Content-Length: +3']],
  ['a length and chunks', ['Content-Length: 3', 'Transfer-Encoding: chunked']],
  ['an unknown encoding', ['Transfer-Encoding: xchunked']],
  ['a folded header', ['X-A: b', ' c']],
]
for (const [name, lines] of SMUGGLING) {
  test(`${name}: the framing is refused`, async () => {
    const head = ['POST /auth/session/login HTTP/1.1', 'Host: a.example', 'Content-Type: application/json', ...lines]
    expect((await rawRequest(server.port, head, '{}\n')).status).toBe(400)
  })
}

test('a body larger than the limit is refused before it is sent, in the usual form', async () => {
  const head = ['POST /auth/session/login HTTP/1.1', 'Host: a.example', 'Content-Type: application/json']
  using connection = await connect(server.port)
  connection.send(`${[...head, 'Content-Length: 70000'].join('\r\n')}\r\n\r\n`)
  const answer = await connection.until('too_large')
  expect(answer).toStartWith('HTTP/1.1 413')
  expect(answer.toLowerCase()).toContain('content-type: application/problem+json')
})

test('a body that announces no length is refused at the limit', async () => {
  const chunk = `${'a'.repeat(70_000)}`
  const answer = await server.fetch('/auth/session/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode(chunk))
        controller.close()
      },
    }),
  })
  expect(answer.status).toBe(413)
})

test('a request that never ends holds up nobody else', async () => {
  using slow = await connect(server.port)
  slow.send('POST /auth/session/login HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\n{')
  expect((await server.fetch('/healthz')).status).toBe(200)
})
