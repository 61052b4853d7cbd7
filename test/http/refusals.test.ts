import { afterAll, beforeAll, expect, test } from 'bun:test'
import { bodyOf, startTestServer, type TestServer } from '../harness/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

interface Scenario {
  readonly name: string
  readonly path: string
  readonly init?: RequestInit
  readonly status: number
  readonly code: string
  readonly headers?: Readonly<Record<string, string>>
}

const JSON_TYPE = { 'content-type': 'application/json' }
const login = (body: string, headers: Record<string, string> = JSON_TYPE): RequestInit => ({
  method: 'POST',
  body,
  headers,
})

const SCENARIOS: readonly Scenario[] = [
  { name: 'an unknown path', path: '/nothing', status: 404, code: 'not_found' },
  { name: 'a path with a slash more', path: '/healthz/', status: 404, code: 'not_found' },
  {
    name: 'a method that the path does not take',
    path: '/auth/session/login',
    init: { method: 'DELETE' },
    status: 405,
    code: 'method_not_allowed',
    headers: { allow: 'POST' },
  },
  {
    name: 'an unknown verb on a user, which is another user to every other method',
    path: '/users/alice:explode',
    init: { method: 'POST' },
    status: 405,
    code: 'method_not_allowed',
  },
  {
    name: 'a body without a type',
    path: '/auth/session/login',
    init: login('{}', { 'content-type': '' }),
    status: 415,
    code: 'unsupported_media_type',
  },
  {
    name: 'a form instead of JSON',
    path: '/auth/session/login',
    init: login('username=a', { 'content-type': 'application/x-www-form-urlencoded' }),
    status: 415,
    code: 'unsupported_media_type',
  },
  { name: 'no JSON', path: '/auth/session/login', init: login('{'), status: 400, code: 'invalid_request' },
  {
    name: 'JSON of another shape',
    path: '/auth/session/login',
    init: login('[]'),
    status: 400,
    code: 'invalid_request',
  },
  {
    name: 'no token',
    path: '/auth/session',
    status: 401,
    code: 'not_authenticated',
    headers: { 'www-authenticate': 'Bearer realm="leveret"' },
  },
  {
    name: 'a token that is none',
    path: '/auth/session',
    init: { headers: { authorization: 'Bearer abc' } },
    status: 401,
    code: 'invalid_token',
    headers: { 'www-authenticate': 'Bearer realm="leveret", error="invalid_token"' },
  },
]

for (const { name, path, init, status, code, headers = {} } of SCENARIOS) {
  test(`${name}: ${status} ${code}`, async () => {
    const answer = await server.fetch(path, init)
    const body = await bodyOf(answer)
    expect({ status: answer.status, body: { code: body['code'], status: body['status'], type: body['type'] } }).toEqual(
      {
        status,
        body: { code, status, type: `urn:leveret:problem:${code}` },
      },
    )
    expect(answer.headers.get('content-type')).toBe('application/problem+json')
    expect(body['request_id']).toBe(answer.headers.get('x-request-id'))
    for (const [header, value] of Object.entries(headers)) expect(answer.headers.get(header)).toBe(value)
  })
}

test('every fault of the input is told at once, with its path', async () => {
  const answer = await server.fetch('/auth/session/login', login('{"username":"","password":1,"colour":"red"}'))
  const { faults } = (await bodyOf(answer)) as { faults: { path: string; message: string }[] }
  expect(faults.map(({ path }) => path).toSorted()).toEqual(['/colour', '/password', '/username'])
})

test('a fault says what would be right', async () => {
  const said = async (path: string, json: unknown) => {
    const { faults } = await bodyOf(await server.asOperator(path, { method: 'POST', json }))
    const list = faults as readonly { readonly path: string; readonly message: string }[]
    return Object.fromEntries(list.map((fault) => [fault.path, fault.message]))
  }
  expect(
    await said('/rabbitmq/rules', { subjectKind: 'users', subject: '', vhost: 'prod', read: '*', reed: [] }),
  ).toEqual({
    '/subjectKind': 'Expected one of user, group, role, client',
    '/subject': 'Expected text of 1 to 190 characters',
    '/read': 'Expected a list of at most 200 items',
    '/reed': expect.stringContaining('Is unknown here; known are subjectKind, subject, vhost'),
  })
  expect(await said('/users', { disabled: 'no' })).toEqual({
    '/username': 'Is required: text of 1 to 190 characters',
    '/disabled': 'Expected true or false',
  })
  const broken = await server.fetch('/auth/session/login', login("{'username':'root'}"))
  expect((await bodyOf(broken))['detail']).toMatch(/^The body is not JSON \(.*quote/i)
})

test('what is asked for outside the path of the public URL is told where everything is', async () => {
  await using mounted = await startTestServer({ path: '/sso' })
  const origin = new URL(mounted.url).origin
  const detail = 'There is nothing at this address: everything is below /sso, the path of the public URL'
  expect(await bodyOf(await fetch(`${origin}/auth/session`))).toMatchObject({ detail })
  expect(await bodyOf(await mounted.fetch('/nothing'))).toMatchObject({ detail: 'There is nothing at this address' })
})

test('a parameter of the query that is given twice or unknown is a fault', async () => {
  const twice = await server.asAdmin('/users?limit=1&limit=2')
  const unknown = await server.asAdmin('/users?colour=red')
  const wrong = await server.asAdmin('/users?limit=0')
  expect([twice.status, unknown.status, wrong.status]).toEqual([400, 400, 400])
})

test('a cursor of another query is the caller’s fault', async () => {
  const answer = await server.asAdmin('/users?after=nonsense')
  expect(answer.status).toBe(400)
  expect(await bodyOf(answer)).toMatchObject({ code: 'invalid_request' })
})

test('request ids are ours, and each request has its own', async () => {
  const headers = { 'x-request-id': 'chosen-by-the-client' }
  const ids = await Promise.all(
    [1, 2].map(async () => (await server.fetch('/nothing', { headers })).headers.get('x-request-id')),
  )
  expect(new Set(ids).size).toBe(2)
  expect(ids).not.toContain('chosen-by-the-client')
})

test('every answer carries the headers that keep browsers careful', async () => {
  for (const path of ['/healthz', '/nothing', '/users', '/auth/oauth/jwks', '/openapi']) {
    const { headers } = await server.fetch(path)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('referrer-policy')).toBe('no-referrer')
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(headers.get('access-control-allow-origin')).toBeNull()
    expect(headers.get('strict-transport-security')).toBeNull()
  }
})

test('HEAD answers as GET without a body, OPTIONS is not taken', async () => {
  const head = await server.fetch('/healthz', { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
  expect((await server.fetch('/healthz', { method: 'OPTIONS' })).status).toBe(405)
})
