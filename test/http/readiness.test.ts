import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type Folder, loginSourceText, temporaryFolder } from '../harness/plugins.ts'
import { bodyOf, breakStorage, startTestServer, type TestServer } from '../harness/server.ts'
import { until } from '../harness/until.ts'

const LOCAL = { type: 'local', id: 'local', memoryKib: 8192, iterations: 1 }
let folder: Folder
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

async function ready(server: TestServer): Promise<Record<string, unknown>> {
  const answer = await server.fetch('/readyz')
  return { code: answer.status, ...(await bodyOf(answer)) }
}

/** The login source of a directory whose health is decided by the text of `health`. */
async function withSource(health: string) {
  const text = loginSourceText('acme').replace('password: {', `${health},\n      password: {`)
  const path = await folder.write('acme.ts', text)
  const sha256 = new Bun.CryptoHasher('sha256').update(text).digest('hex')
  const login = [LOCAL, { type: 'acme', id: 'directory', secret: { env: 'SECRET' } }]
  return startTestServer({ config: { plugins: [{ path, sha256 }], login }, env: { SECRET: 'open sesame' } })
}

test('a server with everything is ready', async () => {
  await using server = await startTestServer()
  const checks = ['storage', 'keys', 'login:local'].map((name) => ({ name, ok: true }))
  expect(await ready(server)).toEqual({ code: 200, status: 'ready', checks })
  expect(await (await server.fetch('/metrics')).text()).toContain('leveret_check_ok{check="login:local"} 1\n')
})

test.each([
  ['says that it is not well', `health: async () => ({ ok: false, detail: 'no route to 192.0.2.1' })`],
  ['throws', `health: async () => { throw new Error('no route to 192.0.2.1') }`],
])('a login source that %s degrades the server, and only the operator hears why', async (_, health) => {
  await using server = await withSource(health)
  const answer = await ready(server)
  expect(answer).toMatchObject({ code: 200, status: 'degraded' })
  expect(JSON.stringify(answer)).toContain('{"name":"login:directory","ok":false}')
  expect(await (await server.fetch('/metrics')).text()).toContain('leveret_check_ok{check="login:directory"} 0\n')
  expect(await (await server.asOperator('/readyz')).text()).toContain('no route to 192.0.2.1')
})

test('a login source that does not answer is not waited for', async () => {
  await using server = await withSource('health: () => new Promise(() => {})')
  expect(await ready(server)).toMatchObject({ code: 200, status: 'degraded' })
})

test('an optional plugin that is not used degrades the server', async () => {
  const path = await folder.write('broken.ts', 'export default {}')
  const plugins = [{ path, sha256: 'a'.repeat(64), optional: true }]
  await using server = await startTestServer({ config: { plugins } })
  const answer = await ready(server)
  expect(answer).toMatchObject({ code: 200, status: 'degraded' })
  expect(JSON.stringify(answer)).toContain('{"name":"plugin:broken.ts","ok":false}')
  expect(await (await server.fetch('/metrics')).text()).toContain('leveret_check_ok{check="plugin:broken.ts"} 0\n')
  expect(await (await server.asOperator('/readyz')).text()).toContain('its SHA-256 is')
})

test('without storage the server is not ready', async () => {
  await using server = await startTestServer()
  breakStorage(server)
  expect(await ready(server)).toMatchObject({ code: 503, status: 'not ready' })
})

test('the key that signs ID tokens is made soon after the start, without being asked for', async () => {
  await using server = await startTestServer()
  const algorithms = () => server.instance.core.keys.list().map(({ algorithm }) => algorithm)
  expect(algorithms()).toEqual(['ES256'])
  expect(await until(() => algorithms().includes('RS256'), 4_000)).toBe(true)
})
