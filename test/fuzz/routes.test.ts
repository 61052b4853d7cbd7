/** Every endpoint of the table, those that are added later too, takes anything and keeps what it promises. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { breakStorage, startTestServer } from '../harness/server.ts'
import { failuresOf, holds, keepsPromises, refusesRight, startFuzzedServer, TIMEOUT } from './fuzzed-server.ts'
import { requestTo } from './inputs.ts'

await using table = await startTestServer({ listen: false })
const endpoints = table.instance.endpoints()

test.each(endpoints.map((endpoint) => [endpoint.method, endpoint.path, endpoint] as const))(
  '%s %s serves or refuses whatever is sent by whomsoever',
  async (_method, _path, endpoint) => {
    await using fuzzed = await startFuzzedServer()
    await holds(
      fc.asyncProperty(requestTo(endpoint), async (request) => {
        await keepsPromises(endpoint, await fuzzed.send(endpoint, request))
      }),
    )
    expect(failuresOf(fuzzed)).toEqual([])
  },
  TIMEOUT,
)

test(
  'without its storage no endpoint fails: it serves, refuses, or says when to try again',
  async () => {
    await using fuzzed = await startFuzzedServer()
    breakStorage(fuzzed.server)
    for (const endpoint of endpoints) {
      const property = fc.asyncProperty(requestTo(endpoint), async (request) => {
        const answer = await fuzzed.send(endpoint, request)
        if (answer.status !== 503) return keepsPromises(endpoint, answer)
        if (endpoint.path === '/readyz') return
        const [status, type, body] = [503, answer.headers.get('content-type'), await answer.text()]
        refusesRight(endpoint, { status, type, body })
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
      })
      await holds(property, 0.2).catch((cause: unknown) => {
        throw new Error(`${endpoint.method} ${endpoint.path}`, { cause })
      })
    }
  },
  TIMEOUT,
)
