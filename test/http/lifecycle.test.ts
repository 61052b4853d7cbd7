import { expect, test } from 'bun:test'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../../src/config/fault.ts'
import { bodyOf, OPERATOR, startTestServer } from '../harness/server.ts'
import { connect } from '../harness/raw-http.ts'

const LOGIN = ['POST /auth/session/login HTTP/1.1', 'Host: a.example', 'Content-Type: application/json']

/** A login waits for as long as the test wants: the source answers when told to. */
function holdLogins(server: Awaited<ReturnType<typeof startTestServer>>) {
  const held = Promise.withResolvers<void>()
  const arrived = Promise.withResolvers<void>()
  const { sessions } = server.instance.core
  const login = sessions.login.bind(sessions)
  Object.assign(sessions, {
    login: async (...args: Parameters<typeof login>) => {
      arrived.resolve()
      await held.promise
      return login(...args)
    },
  })
  return { arrived: arrived.promise, release: held.resolve }
}

async function withRule(server: Awaited<ReturnType<typeof startTestServer>>): Promise<void> {
  const { brokers, rules } = server.instance.core
  await brokers.create({ name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }, OPERATOR)
  await rules.create({ subjectKind: 'user', subject: 'root', vhost: 'prod', preset: 'owner' }, OPERATOR)
}

test('a server that stops finishes the requests under way and takes no others', async () => {
  const server = await startTestServer()
  await withRule(server)
  const { arrived, release } = holdLogins(server)
  using connection = await connect(server.port)
  using idle = await connect(server.port)
  idle.send('GET /healthz HTTP/1.1\r\nHost: a.example\r\n\r\n')
  await idle.until('{"status":"ok"}')
  const body = JSON.stringify(server.admin)
  connection.send(`${[...LOGIN, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`)
  await arrived
  const stopped = server[Symbol.asyncDispose]()
  expect(fetch(server.url)).rejects.toThrow()
  release()
  expect(await connection.until('id_token')).toStartWith('HTTP/1.1 200')
  await stopped
  await idle.closed
})

test('requests that take longer than the shutdown deadline are cut', async () => {
  const server = await startTestServer({ config: { limits: { shutdown: '1ms' } } })
  const { arrived, release } = holdLogins(server)
  using connection = await connect(server.port)
  const body = JSON.stringify(server.admin)
  connection.send(`${[...LOGIN, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`)
  await arrived
  await server[Symbol.asyncDispose]()
  expect(await connection.closed).toBe('')
  expect(server.logs()).toContain('shutdown deadline')
  release()
})

test('half a request head does not keep a server from ending', async () => {
  const server = await startTestServer({ config: { limits: { shutdown: '1h' } } })
  using connection = await connect(server.port)
  connection.send([...LOGIN, 'Content-Length: 10'].join('\r\n'))
  await server.fetch('/healthz')
  await server[Symbol.asyncDispose]()
  expect(await connection.closed).toBe('')
})

test('two servers do not share a port unless both ask for it', async () => {
  await using first = await startTestServer()
  const second = startTestServer({ config: { listen: { port: first.port } } })
  expect(second).rejects.toThrow()
  await second.catch(() => undefined)
  await using secure = await startTestServer({ tls: true })
  const intruder = startTestServer({ tls: true, config: { listen: { port: secure.port } } })
  expect(intruder).rejects.toThrow()
  await intruder.catch(() => undefined)
  expect((await first.fetch('/healthz')).status).toBe(200)
})

test('the control socket is for the owner of the process, needs no credentials, and serves what is served nowhere else', async () => {
  await using server = await startTestServer({ path: '/auth/x' })
  const unix = join(server.dataDir, 'control.sock')
  expect((await stat(unix)).mode & 0o777).toBe(0o600)
  const users = await fetch('http://localhost/users', { unix })
  expect((await bodyOf(users))['items']).toBeArrayOfSize(1)
  const status = await bodyOf(await fetch('http://localhost/control/status', { unix }))
  expect(status).toMatchObject({ version: '0.0.0-test', urls: [`http://127.0.0.1:${server.port}`], storage: 'sqlite' })
  for (const path of ['/control/status', '/control/reload', '/control/token', '/control/backup'])
    expect((await server.asAdmin(path)).status).toBe(404)
})

test('the operator gets tokens from the rules and copies of the storage', async () => {
  await using server = await startTestServer({ listen: false })
  await withRule(server)
  const post = (path: string, json: unknown) => server.asOperator(path, { method: 'POST', json })
  const token = await post('/control/token', { user: 'root', vhost: 'prod' })
  expect(await bodyOf(token)).toMatchObject({ token_type: 'bearer', vhost: 'prod' })
  const to = join(server.dataDir, 'copy.db')
  expect((await post('/control/backup', { to })).status).toBe(204)
  expect((await stat(to)).size).toBeGreaterThan(0)
  expect((await post('/control/backup', { to: 'copy.db' })).status).toBe(400)
  const again = await post('/control/backup', { to })
  expect([again.status, (await bodyOf(again))['code']]).toEqual([409, 'conflict'])
})

test('a socket file that a killed server left behind is replaced, one that answers is not', async () => {
  await using server = await startTestServer()
  const unix = join(server.dataDir, 'api.sock')
  const listener = Bun.listen({ unix, socket: { data: () => undefined } })
  const occupied = startTestServer({ config: { listen: { unix } } })
  expect(occupied).rejects.toThrow('another server is listening there')
  await occupied.catch(() => undefined)
  listener.stop(true)
  const child = Bun.spawn([
    process.execPath,
    '-e',
    `Bun.listen({ unix: ${JSON.stringify(unix)}, socket: { data() {} } }); process.kill(process.pid, 'SIGKILL')`,
  ])
  await child.exited
  expect((await stat(unix)).isSocket()).toBe(true)
  await using second = await startTestServer({ config: { listen: { unix } } })
  expect((await fetch('http://localhost/healthz', { unix })).status).toBe(200)
  expect(second.port).toBeGreaterThan(0)
})

test('a reload swaps what can be swapped, and keeps everything on a fault', async () => {
  let next: Readonly<Record<string, unknown>> = {}
  await using server = await startTestServer({ readConfig: async () => server.configWith(next) })
  await withRule(server)
  const reload = async () => server.asOperator('/control/reload', { method: 'POST' })
  const lifetime = async () => {
    const json = { ...server.admin, vhost: 'prod' }
    const headers = { 'content-type': 'application/json' }
    const answer = await server.fetch('/auth/session/login', { method: 'POST', headers, body: JSON.stringify(json) })
    return (await bodyOf(answer))['expires_in']
  }
  next = { session: { identityTokenTtl: '1h' } }
  expect((await reload()).status).toBe(204)
  expect(await lifetime()).toBe(3600)

  next = { session: { identityTokenTtl: '2h' }, listen: { port: 1 }, storage: { type: 'postgres' } }
  const refused = await reload()
  expect(refused.status).toBe(400)
  const { faults } = (await bodyOf(refused)) as { faults: { path: string }[] }
  expect(faults.map(({ path }) => path)).toEqual(['listen', 'storage'])
  next = { session: { identityTokenTtl: '2h' }, login: [{ type: 'nothing' }] }
  expect((await reload()).status).toBe(400)
  expect(await lifetime()).toBe(3600)
  expect(server.instance.reload(server.configWith({ dataDir: '/elsewhere' }))).rejects.toBeInstanceOf(ConfigError)
})
