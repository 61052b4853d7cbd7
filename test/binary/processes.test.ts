/** Several processes as one server: what one of them changed holds in all, and none is left behind or missed. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { builtExecutable, type RunningExecutable, type Start } from '../harness/executable.ts'
import { temporaryFolder } from '../harness/storage-sqlite.ts'
import { until } from '../harness/until.ts'
import { logIn, PASSWORD, type Send, sender, setUp } from './operate.ts'
import { everywhere, EVERYWHERE, furtherOf, isThere, metricsOf, operator, serveAs } from './processes.ts'

setDefaultTimeout(30_000)

const folder = temporaryFolder()
let start: Start
let token: string
let server: RunningExecutable
let send: Send

beforeAll(async () => {
  start = { executable: await builtExecutable(), folder: folder.path }
  token = await setUp(start)
  server = await serveAs(3, start)
  send = sender(server.url)
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  folder[Symbol.dispose]()
})

async function addClient(fields: object = {}) {
  const input = { name: 'Job', grants: ['client_credentials'], scopes: ['jobs.read'], ...fields }
  const { status, body } = await send('POST', '/clients', token, input)
  expect({ status, body }).toMatchObject({ status: 201 })
  const { client, secret } = body as { client: { id: string }; secret: string } // our own API
  return { id: client.id, secret }
}

/** How often each status comes when the client asks every process for a token. */
async function asks({ id, secret }: { id: string; secret: string }, form: Readonly<Record<string, string>> = {}) {
  const answers = await everywhere(`${server.url}/auth/oauth/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${id}:${secret}`)}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...form }),
  })
  return [...new Set(answers.map(({ status }) => status))]
}

/** Kills a further process; back when another one was started in its place. */
async function killOne(): Promise<void> {
  const known = furtherOf(server)
  const [victim] = known
  if (victim === undefined) throw new Error('There is no further process')
  process.kill(victim, 'SIGKILL')
  expect(await until(() => furtherOf(server).some((pid) => !known.includes(pid)))).toBe(true)
}

/** Connections that a killed process had are cut off. */
const allAnswer = async () => (await metricsOf(server).catch(() => undefined))?.get('leveret_processes') === 3

test('it listens with all of them, which the metrics and the readiness show', async () => {
  expect(furtherOf(server)).toHaveLength(2)
  expect((await metricsOf(server)).get('leveret_processes')).toBe(3)
  const { body } = await send('GET', '/readyz')
  expect(body).toMatchObject({ status: 'ready' })
  expect(body['checks']).toContainEqual({ name: 'processes', ok: true })
})

/** Keeps every process reading, so that some read of before is always under way when a change comes. */
function load(): AsyncDisposable {
  let loading = true
  const work = Array.from({ length: 24 }, async () => {
    while (loading) expect(await send('GET', '/auth/session', token)).toMatchObject({ status: 200 })
  })
  return {
    async [Symbol.asyncDispose]() {
      loading = false
      await Promise.all(work)
    },
  }
}

test('a client that is made, given another secret or removed is so in every process at once', async () => {
  await using _load = load()
  for (let round = 0; round < 8; round++) {
    const client = await addClient()
    expect(await asks(client)).toEqual([200])
    const { body } = await send('POST', `/clients/${client.id}:rotate-secret`, token, {})
    expect(await asks(client)).not.toContain(200)
    const renewed = { id: client.id, secret: String(body['secret']) }
    expect(await asks(renewed)).toEqual([200])
    expect(await send('DELETE', `/clients/${client.id}`, token)).toMatchObject({ status: 204 })
    expect(await asks(renewed)).not.toContain(200)
  }
})

test('a rule that is made, changed or removed is so in every process at once', async () => {
  const client = await addClient()
  for (let round = 0; round < 8; round++) {
    const rule = { subjectKind: 'client', subject: client.id, vhost: 'prod', read: ['*'] }
    const { body } = await send('POST', '/rabbitmq/rules', token, rule)
    expect(await asks(client, { vhost: 'prod' })).toEqual([200])
    const path = `/rabbitmq/rules/${String(body['id'])}`
    expect(await send('PATCH', path, token, { vhost: 'test' })).toMatchObject({ status: 200 })
    expect(await asks(client, { vhost: 'prod' })).not.toContain(200)
    expect(await asks(client, { vhost: 'test' })).toEqual([200])
    expect(await send('DELETE', path, token)).toMatchObject({ status: 204 })
    expect(await asks(client, { vhost: 'test' })).not.toContain(200)
  }
})

test('a key that is replaced or retired is so in every process at once', async () => {
  const keySets = async () => {
    const answers = await everywhere(`${server.url}/auth/oauth/jwks`)
    return [...new Set(await Promise.all(answers.map((answer) => answer.text())))]
  }
  for (let round = 0; round < 5; round++) {
    const { body } = await send('POST', '/keys', token, { algorithm: 'EdDSA', now: true })
    const made = await keySets()
    expect(made).toHaveLength(1)
    expect(made[0]).toContain(String(body['kid']))
    expect(await send('DELETE', `/keys/${String(body['kid'])}`, token)).toMatchObject({ status: 204 })
    const retired = await keySets()
    expect(retired).toHaveLength(1)
    expect(retired[0]).not.toContain(String(body['kid']))
  }
})

test('of fifty who redeem one refresh token in all of them, one wins', async () => {
  const client = await addClient({ grants: ['password', 'refresh_token'], scopes: ['openid', 'offline_access'] })
  const authorization = `Basic ${btoa(`${client.id}:${client.secret}`)}`
  const ask = (form: Readonly<Record<string, string>>) =>
    fetch(`${server.url}/auth/oauth/token`, {
      method: 'POST',
      headers: { authorization },
      body: new URLSearchParams(form),
      keepalive: false,
    })
  const scope = 'openid offline_access'
  const first = await ask({ grant_type: 'password', username: 'worker', password: PASSWORD, scope })
  const { refresh_token = '' } = (await first.json()) as { refresh_token?: string } // our own API
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => ask({ grant_type: 'refresh_token', refresh_token })),
  )
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 400]))
})

test('requests are counted together, whoever is asked, and what a killed process counted stays', async () => {
  const counted = async () =>
    (await metricsOf(server)).get('leveret_http_requests_total{method="GET",route="/auth/session",status="401"}') ?? 0
  const before = await counted()
  await everywhere(`${server.url}/auth/session`)
  const after = before + EVERYWHERE
  for (let time = 0; time < 10; time++) expect(await counted()).toBe(after)
  const cpu = async () => (await metricsOf(server)).get('process_cpu_seconds_total') ?? 0
  const used = await cpu()
  await killOne()
  expect(await until(allAnswer)).toBe(true)
  for (let time = 0; time < 10; time++) expect(await counted()).toBe(after)
  expect(await cpu()).toBeGreaterThanOrEqual(used)
})

test('a process that is killed under load costs nothing that was acknowledged, and comes back', async () => {
  const kept: string[] = []
  let killing = true
  const work = Array.from({ length: 6 }, async (_, copy) => {
    for (let count = 0; killing; count++) {
      const name = `k${copy}-${count}`
      // A connection to the killed one is cut off: that is no acknowledgement.
      const answer = await send('POST', '/users', token, { username: name }).catch(() => undefined)
      if (answer) expect(answer).toMatchObject({ status: 201 })
      if (answer) kept.push(name)
    }
  })
  for (let round = 0; round < 3; round++) {
    const enough = kept.length + 20
    expect(await until(() => kept.length >= enough)).toBe(true)
    await killOne()
  }
  expect(await until(allAnswer)).toBe(true)
  killing = false
  await Promise.all(work)
  for (const name of kept) expect(await send('GET', `/users/${name}`, token)).toMatchObject({ status: 200 })
  expect(server.log()).toContain('a process of the server ended and is started again')
  for (const line of server.log().trim().split('\n')) expect(() => JSON.parse(line) as unknown).not.toThrow()
})

test('a reload holds in every process when it is answered, and the number of processes takes a restart', async () => {
  const file = join(folder.path, 'leveret.toml')
  const before = await Bun.file(file).text()
  const config = async (change: (text: string) => string) => {
    await Bun.write(file, change(before))
    return await operator(folder.path, 'POST', '/control/reload')
  }
  const origin = 'https://rabbitmq.example'
  const allowed = async () => {
    const answers = await everywhere(`${server.url}/.well-known/openid-configuration`, { headers: { origin } })
    return new Set(answers.map(({ headers }) => headers.get('access-control-allow-origin')))
  }
  expect(await allowed()).toEqual(new Set([null]))
  expect(await config((text) => `${text}\n[oauth]\ncorsOrigins = ["${origin}"]\n`)).toMatchObject({ status: 204 })
  expect(await allowed()).toEqual(new Set([origin]))
  await killOne()
  expect(await until(allAnswer)).toBe(true)
  expect(await allowed()).toEqual(new Set([origin]))
  expect(await config((text) => text.replace('[listen]', '[listen]\nreusePort = true'))).toMatchObject({ status: 400 })
  expect(await allowed()).toEqual(new Set([origin]))
  expect(await config((text) => text)).toMatchObject({ status: 204 })
  expect(await allowed()).toEqual(new Set([null]))
})

test('told to end, also as a whole group, it answers what is under way and leaves nobody behind', async () => {
  using place = temporaryFolder()
  const there = { ...start, folder: place.path }
  await setUp(there)
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    await using own = await serveAs(2, there)
    const ask = sender(own.url)
    const further = furtherOf(own)
    const slow = Array.from({ length: 8 }, () => logIn(ask, { username: 'worker', password: PASSWORD }))
    expect(await until(async () => (await metricsOf(own)).size > 0)).toBe(true)
    for (const pid of [...further, own.pid]) process.kill(pid, signal)
    await Promise.all(slow)
    expect(await own.stop()).toBe(0)
    expect(further.filter(isThere)).toEqual([])
  }
})

test('its further processes end when the first one is killed', async () => {
  using place = temporaryFolder()
  const there = { ...start, folder: place.path }
  await setUp(there)
  await using own = await serveAs(3, there)
  const further = furtherOf(own)
  expect(further).toHaveLength(2)
  own.kill()
  expect(await until(() => !further.some(isThere), 10_000)).toBe(true)
})
