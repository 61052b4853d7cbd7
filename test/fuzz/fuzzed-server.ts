/** A server to throw things at, with somebody in every role, and what is expected of each of its answers. */
import { FormatRegistry, type TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { expect } from 'bun:test'
import fc from 'fast-check'
import { GRANT_TYPES } from '../../src/core/clients/client-input.ts'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { bodyOf, OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'
import { type FuzzedBrowser, fuzzedBrowser } from './fuzzed-browser.ts'
import { type FuzzedRequest, KNOWN, type Sender, STAND_INS, type StandIn } from './inputs.ts'

FormatRegistry.Set('date-time', (text) => !Number.isNaN(Date.parse(text)))

/** The same every time; another one, or more of them, by the environment. */
const SEED = Number(process.env['FUZZ_SEED'] ?? 20_260_301)
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 100)
export const TIMEOUT = 60_000
console.info(`fuzz: FUZZ_SEED=${SEED} FUZZ_RUNS=${RUNS}`)

export interface FuzzedServer extends AsyncDisposable {
  readonly server: TestServer
  send(endpoint: Endpoint, request: FuzzedRequest): Promise<Response>
}

export async function startFuzzedServer(): Promise<FuzzedServer> {
  const server = await startTestServer({
    secrets: [KNOWN.password],
    config: {
      trustedProxies: ['127.0.0.1'],
      session: { maxIdentityTokens: 1_000, bindIp: 'off', defaultBroker: 'main' },
      rabbitmq: { httpAuth: { allow: ['127.0.0.1'] } },
    },
  })
  const { groups, users, brokers, rules } = server.instance.core
  await groups.create({ name: 'billing' }, OPERATOR)
  await users.create({ ...KNOWN, email: 'alice@mail.example', groups: ['billing'] }, OPERATOR)
  await brokers.create({ name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }, OPERATOR)
  for (const subject of [KNOWN.username, server.admin.username])
    await rules.create({ subjectKind: 'user', subject, vhost: 'prod', preset: 'owner' }, OPERATOR)
  const identity = await server.login(KNOWN)
  const tokens: Partial<Record<Sender, string>> = { user: identity, admin: await server.login(server.admin) }
  const browser = fuzzedBrowser(server)
  const filled = await filler(server, identity, browser)
  await browser.renew()
  return {
    server,
    async send({ method }, { sender, path, headers, body }) {
      if (sender === 'browser') await browser.renew()
      if (method !== 'GET') browser.spent()
      const bearer = tokens[sender]
      const proof =
        sender === 'browser' ? { cookie: browser.cookie() } : bearer && { authorization: `Bearer ${bearer}` }
      const init = { method, headers: { ...proof, ...headers }, ...(body !== undefined && { body: filled(body) }) }
      return sender === 'operator' ? server.asOperator(path, init) : server.fetch(filled(path), init)
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

/** Registers the clients, and knows what to put in the place of each stand-in. */
async function filler(server: TestServer, identity: string, browser: FuzzedBrowser) {
  const { clients } = server.instance.core
  const both = { redirectUris: ['https://app.example/callback', 'http://127.0.0.1/callback'], grants: [...GRANT_TYPES] }
  const open = { confidential: false, authMethod: 'none', grants: ['authorization_code', 'refresh_token'] }
  await clients.create({ ...both, ...open, id: 'app', name: 'An application' }, OPERATOR)
  const { secret = '' } = await clients.create({ ...both, id: 'service', name: 'A service' }, OPERATOR)
  const headers = { authorization: `Bearer ${identity}` }
  const { access_token } = await bodyOf(await server.fetch('/auth/session/token', { method: 'POST', headers }))
  const known = {
    'secret-of-service': secret,
    'identity-token-of-alice': identity,
    'access-token-of-alice': String(access_token),
  }
  return (text: string) => {
    const real: Readonly<Record<StandIn, string>> = { ...known, ...browser.realIn(text) }
    return STAND_INS.reduce((all, standIn) => all.replaceAll(standIn, () => real[standIn]), text)
  }
}

/** Runs the property, and says with what it does not hold. */
export async function holds<T>(property: fc.IAsyncProperty<T>, share = 1): Promise<void> {
  const numRuns = Math.ceil(RUNS * share)
  const { counterexample, errorInstance } = await fc.check(property, { seed: SEED, numRuns })
  if (counterexample) throw new Error(`Not with ${JSON.stringify(counterexample)}:\n${String(errorInstance)}`)
}

/** What the server itself took for a failure. */
export function failuresOf({ server }: Pick<FuzzedServer, 'server'>): string[] {
  const lines = server.logs().split('\n')
  return lines.filter((line) => line.includes('"level":"error"'))
}

/** What every answer keeps, whatever was sent. */
export async function keepsPromises(endpoint: Endpoint, answer: Response): Promise<void> {
  const body = await answer.text()
  const seen = { status: answer.status, type: answer.headers.get('content-type'), body }
  if (answer.status >= 500) throw new Error(`answered ${answer.status}: ${body}`)
  expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  expect(answer.headers.get('x-injected')).toBeNull()
  if (answer.status === 204) expect(body).toBe('')
  else if (answer.status >= 400) refusesRight(endpoint, seen)
  else if (endpoint.answer) answersRight(endpoint.answer, seen)
  else if (body !== '') expect(seen.type).toBeString()
}

interface Seen {
  readonly status: number
  readonly type: string | null
  readonly body: string
}

/** In the form of this endpoint, or in problem details where no endpoint was reached. */
export function refusesRight({ refuse, errors }: Endpoint, { status, type, body }: Seen): void {
  if (type === 'application/problem+json') {
    expect(JSON.parse(body)).toMatchObject({ status, code: expect.any(String), request_id: expect.any(String) })
  } else if (errors === 'oauth') {
    expect([type, JSON.parse(body)]).toMatchObject(['application/json', { error: expect.any(String) }])
  } else {
    const own = errors === 'page' ? 'text/html; charset=utf-8' : refuse?.(400, 'refused').headers.get('content-type')
    expect(type).toBe(own ?? 'application/problem+json')
  }
}

/** As the API description says. */
function answersRight(schema: TSchema, { type, body }: Seen): void {
  expect(type).toBe('application/json')
  const faults = [...Value.Errors(schema, JSON.parse(body))]
  expect(faults.map(({ path, message }) => `${path}: ${message}`)).toEqual([])
}
