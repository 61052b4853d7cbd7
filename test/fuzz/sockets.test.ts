/** Bytes that no client would send: the server answers or closes, and goes on serving. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import { rawRequest } from '../harness/raw-http.ts'
import { failuresOf, type FuzzedServer, holds, startFuzzedServer, TIMEOUT } from './fuzzed-server.ts'

let fuzzed: FuzzedServer
beforeAll(async () => {
  fuzzed = await startFuzzedServer()
})
afterAll(() => fuzzed[Symbol.asyncDispose]())

const one = (words: string) => fc.constantFrom(...words.split(' '))
const bytes = (maxLength: number) => fc.string({ unit: 'binary-ascii', maxLength })

const segment = one('.. . %2e%2e %2E %252e %2f %5c \\ ;x=1 %00 %ff * users auth rabbitmq ? #')
const target = fc.oneof(
  fc.array(segment, { minLength: 1, maxLength: 6 }).map((parts) => `/${parts.join('/')}`),
  one('* http://evil.example/users https://login.example/users evil.example:443 //evil.example/x'),
  bytes(30).map((text) => `/${text.replace(/[\r\n]/g, '')}`),
)
const header = fc.tuple(
  one('Content-Length Transfer-Encoding Expect Upgrade Connection Authorization Cookie Host X-Y'),
  fc.oneof(one('0 1 -1 99999999999 chunked 100-continue websocket'), bytes(20)),
)
const request = fc.record({
  method: one('GET POST PUT PATCH DELETE HEAD OPTIONS TRACE CONNECT get X'),
  target,
  headers: fc.array(header, { maxLength: 3 }),
  body: fc.string({ maxLength: 20 }),
})
/** A body that is announced and does not come is waited for until the connection idles out; not so in HTTP/1.0. */
const ANNOUNCES = /^(?:content-length|transfer-encoding|expect|upgrade)/im

test(
  'a request written by hand is answered without a failure, and without one for those that come after',
  async () => {
    const property = fc.asyncProperty(request, async ({ method, target: path, headers, body }) => {
      const lines = headers.map(([name, value]) => `${name}: ${value}`)
      const version = ANNOUNCES.test(lines.join('\n')) ? '1.0' : '1.1'
      const head = [`${method} ${path} HTTP/${version}`, 'Host: login.example', ...lines]
      const { status } = await rawRequest(fuzzed.server.port, head, body)
      // 505 is the parser's own word for a request line that it cannot read.
      expect(status === 505 ? 400 : status).toBeLessThan(500)
      expect((await fuzzed.server.fetch('/healthz')).status).toBe(200)
    })
    await holds(property, 2)
    expect(failuresOf(fuzzed)).toEqual([])
  },
  TIMEOUT,
)
