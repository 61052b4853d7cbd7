/** Attacks on passwords and on the knowledge of who there is, over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { bodyOf, OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'

const ALICE = { username: 'alice', password: 'vexing-Quartz-41-sphinx' }
const FREE = 5

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({
    config: { rabbitmq: { httpAuth: { allow: ['127.0.0.1'] } }, throttle: { freeAttempts: FREE } },
    secrets: [ALICE.password],
  })
  const { brokers, rules } = server.instance.core
  await brokers.create({ name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }, OPERATOR)
  await rules.create({ subjectKind: 'user', subject: 'alice', vhost: 'prod', preset: 'owner' }, OPERATOR)
  for (const username of ['alice', 'bob', 'carol'])
    await server.instance.core.users.create({ username, password: ALICE.password }, OPERATOR)
})
afterAll(() => server[Symbol.asyncDispose]())

const login = (who: { readonly username: string; readonly password: string }) =>
  server.fetch('/auth/session/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(who),
  })

describe('row 28 (CVE-2024-4629): of 200 guesses at once no more are looked at than one after the other', () => {
  const guesses = Array.from({ length: 200 }, (_, index) => `guess number ${index}`)

  test('at the session login, for a name that exists and for one that does not', async () => {
    for (const username of ['bob', 'nobody']) {
      const answers = await Promise.all(guesses.map((password) => login({ username, password })))
      const evaluated = answers.filter(({ status }) => status === 401)
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401, 429]))
      expect(evaluated.length).toBeLessThanOrEqual(FREE + 1)
      for (const answer of answers.filter(({ status }) => status === 429))
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    }
  })

  test('at the HTTP backend of the broker, with the same count', async () => {
    const { core } = server.instance
    await core.throttle.clear('bob')
    const form = (password: string) => new URLSearchParams({ username: 'bob', password })
    const ask = (password: string) => server.fetch('/rabbitmq/auth/user', { method: 'POST', body: form(password) })
    await Promise.all(guesses.slice(0, 100).map(ask))
    const events = await core.audit.list({ limit: 500, event: 'login', target: 'user:bob' })
    expect(events.rows.length).toBeGreaterThan(0)
    const [{ failures } = { failures: 0 }] = await core.throttle.status('bob')
    expect(failures).toBe(FREE + 1)
    expect((await login({ username: 'bob', password: ALICE.password })).status).toBe(429)
  })

  test('at the current password of somebody who is logged in', async () => {
    const token = await server.login({ ...ALICE, vhost: 'prod' })
    const guess = (currentPassword: string) =>
      server.fetch('/users/alice:change-password', {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify({ currentPassword, newPassword: 'jolly-Hydrant-88-umbra' }),
      })
    const answers = await Promise.all(guesses.map(guess))
    expect(answers.filter(({ status }) => status === 401).length).toBeLessThanOrEqual(FREE + 1)
    expect(answers.filter(({ status }) => status !== 401 && status !== 429)).toEqual([])
    await server.instance.core.throttle.clear('alice')
  })
})

test('row 28: one network tries so many names as the configuration says, and then none', async () => {
  await using small = await startTestServer({ config: { throttle: { networkAttempts: 3 } } })
  const headers = { 'content-type': 'application/json' }
  const statuses: number[] = []
  for (const username of ['ann', 'ben', 'cat', 'dan', 'eve']) {
    const body = JSON.stringify({ username, password: 'not the right one' })
    statuses.push((await small.fetch('/auth/session/login', { method: 'POST', headers, body })).status)
  }
  expect(statuses).toEqual([401, 401, 401, 429, 429])
})

describe('row 29 (CVE-2026-23511): who is not there answers like who is', () => {
  const wrong = (username: string) => login({ username, password: 'not the right one' })

  test('with the same status, headers and body', async () => {
    server.clock.advance(86_400_000 * 2)
    await server.instance.core.users.create({ username: 'off', password: ALICE.password, disabled: true }, OPERATOR)
    await server.instance.core.users.create({ username: 'waiting' }, OPERATOR)
    const seen = new Set<string>()
    for (const username of [
      'carol',
      'nobody-at-all',
      'off',
      'waiting',
      'ＣＡＲＯＬ',
      'carol@mail.example',
      '*)(uid=*',
    ]) {
      const answer = await wrong(username)
      const { request_id: _, ...body } = await bodyOf(answer)
      const headers = [...answer.headers].filter(([name]) => name !== 'x-request-id' && name !== 'date')
      seen.add(JSON.stringify([answer.status, headers, body]))
    }
    expect([...seen]).toHaveLength(1)
  })

  test('disabled, with the right password, like any wrong one', async () => {
    server.clock.advance(86_400_000 * 2)
    const right = await bodyOf(await login({ username: 'off', password: ALICE.password }))
    const not = await bodyOf(await wrong('nobody-either'))
    expect({ ...right, request_id: '' }).toEqual({ ...not, request_id: '' })
  })

  /** How much longer one takes than the other. */
  async function ratio(): Promise<number> {
    const times: Record<'there' | 'not', number[]> = { there: [], not: [] }
    const measure = async (username: string) => {
      server.clock.advance(86_400_000 * 2)
      const started = performance.now()
      await wrong(username)
      return performance.now() - started
    }
    for (let round = 0; round < 40; round++) {
      // In turns, and each first in every second round: whatever else the machine does meets both alike.
      const order = round % 2 === 0 ? (['there', 'not'] as const) : (['not', 'there'] as const)
      for (const kind of order) times[kind].push(await measure(kind === 'there' ? 'carol' : `nobody-${round}`))
    }
    return median(times.there) / median(times.not)
  }

  test('after about the same time', async () => {
    const ratios: number[] = []
    const alike = () => ratios.some((each) => each > 0.75 && each < 1.33)
    // A machine that is busy with something else for a moment gets another try; a check that is left out never passes.
    while (ratios.length < 5 && !alike()) ratios.push(await ratio())
    expect([ratios, alike()]).toEqual([ratios, true])
  }, 30_000)
})

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
