/** Tokens of ours that were changed in any way open nothing, at whichever endpoint asks for one. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { bodyOf } from '../harness/server.ts'
import { failuresOf, type FuzzedServer, holds, startFuzzedServer, TIMEOUT } from './fuzzed-server.ts'
import { KNOWN } from './inputs.ts'

let fuzzed: FuzzedServer
let tokens: readonly string[]
let guarded: readonly Endpoint[]
beforeAll(async () => {
  fuzzed = await startFuzzedServer()
  const { server } = fuzzed
  const identity = await server.login(KNOWN)
  const headers = { authorization: `Bearer ${identity}` }
  const { access_token } = await bodyOf(await server.fetch('/auth/session/token', { method: 'POST', headers }))
  const administrator = await server.login(server.admin)
  tokens = [identity, administrator, String(access_token)]
  guarded = server.instance.endpoints().filter(({ access }) => access === 'user' || access === 'admin')
})
afterAll(() => fuzzed[Symbol.asyncDispose]())

const b64 = (text: string) => Buffer.from(text).toString('base64url')
const HEADERS = [
  { alg: 'none' },
  { alg: 'HS256' },
  { alg: 'RS256' },
  { alg: null },
  { typ: 'JWT' },
  { typ: 'at+jwt' },
  { typ: 'identity+jwt' },
  { kid: '../../../dev/null' },
  { kid: "' OR 1=1 --" },
  { jwk: { kty: 'oct', k: 'AAAA' } },
  { jku: 'http://127.0.0.1:1/jwks' },
  { crit: ['exp'] },
  { b64: false },
  { zip: 'DEF' },
]
const CLAIMS = [
  { sub: 'root' },
  { exp: 9_999_999_999 },
  { exp: '9' },
  { iss: '' },
  { aud: '*' },
  { aud: [] },
  { jti: '__proto__' },
]

/** One of the tokens after one change, whatever it is worth now. */
function changed(): fc.Arbitrary<string> {
  const token = fc.constantFrom(...tokens)
  const merged = (part: string, more: object) =>
    b64(JSON.stringify({ ...(JSON.parse(Buffer.from(part, 'base64url').toString()) as object), ...more }))
  return fc.oneof(
    fc.tuple(token, fc.constantFrom(...HEADERS)).map(([text, more]) => {
      const [head = '', ...rest] = text.split('.')
      return [merged(head, more), ...rest].join('.')
    }),
    fc.tuple(token, fc.constantFrom(...CLAIMS)).map(([text, more]) => {
      const [head = '', claims = '', signature = ''] = text.split('.')
      return [head, merged(claims, more), signature].join('.')
    }),
    fc.tuple(token, token, token).map((three) => three.map((text, at) => text.split('.')[at]).join('.')),
    fc.tuple(token, fc.nat(), fc.constantFrom('', 'A', '.', '=', '-', '%')).map(([text, at, put]) => {
      const where = at % (text.length - 2)
      return text.slice(0, where) + put + text.slice(where + 1)
    }),
    fc.tuple(token, fc.nat()).map(([text, length]) => text.slice(0, length % text.length)),
    fc.tuple(token, fc.constantFrom('.', '.x', '=', '==', '.AAAA.AAAA')).map(([text, more]) => text + more),
    fc.array(fc.base64String({ maxLength: 40 }), { maxLength: 6 }).map((parts) => parts.join('.')),
  )
}

test(
  'a changed token is no token',
  async () => {
    const request = fc.tuple(changed(), fc.constantFrom(...guarded)).filter(([token]) => !tokens.includes(token))
    const property = fc.asyncProperty(request, async ([token, { method, path }]) => {
      const headers = { authorization: `Bearer ${token}` }
      const answer = await fuzzed.server.fetch(path.replace(/\/:[A-Za-z]+/g, '/alice'), { method, headers })
      expect([answer.status, answer.headers.get('content-type')]).toEqual([401, 'application/problem+json'])
      const exchanged = await fuzzed.server.fetch('/auth/session/token', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ id_token: token }),
      })
      expect([400, 401]).toContain(exchanged.status)
    })
    await holds(property, 4)
    expect(failuresOf(fuzzed)).toEqual([])
  },
  TIMEOUT,
)
