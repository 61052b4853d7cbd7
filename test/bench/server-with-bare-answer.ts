/**
 * The server as it is shipped, with a second listener that only benchmarks have: `POST /signed` signs claims of the same
 * size with the same key, `POST /plain` answers with claims as they are; both go through the same gate and pipeline.
 * Whatever a grant or a look at a token costs more is its own.
 * Serves the folder it is started in, which `leveret init` made, with as many processes as the configuration says, each
 * with both listeners; says on the output where.
 */
import { teamFor } from '../../src/cli/serve.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { Core } from '../../src/core/core.ts'
import type { Caller } from '../../src/core/world.ts'
import { createAuthorise } from '../../src/http/access.ts'
import { mount } from '../../src/http/app.ts'
import { type Endpoint, endpoint } from '../../src/http/endpoint.ts'
import { createGate } from '../../src/http/gate.ts'
import { listenTcp, type TcpListener } from '../../src/http/listen.ts'
import { createMetrics } from '../../src/http/metrics.ts'
import { pipeline } from '../../src/http/pipeline.ts'
import { furtherMain } from '../../src/processes/further.ts'
import { FURTHER_COMMAND } from '../../src/processes/siblings.ts'
import { type Instance, openInstance } from '../../src/server.ts'
import { PERSON } from './person.ts'

const OPERATOR: Caller = { actor: 'operator', requestId: 'bench' }
const BUILD = { version: 'bench', commit: 'bench' }

/** Somebody as they are in practice: in two groups, with rules for each. */
async function addPerson({ users, groups, rules }: Core): Promise<void> {
  for (const name of ['billing', 'shipping']) {
    await groups.create({ name }, OPERATOR)
    const own = [`${name}.*`]
    await rules.create(
      { subjectKind: 'group', subject: name, vhost: PERSON.vhost, configure: own, write: own, read: [...own, 'news'] },
      OPERATOR,
    )
  }
  await users.create({ ...PERSON, groups: ['billing', 'shipping'] }, OPERATOR)
}

/** A service that asks for tokens of its own, for those of alice, and what tokens are. */
async function addClient({ clients }: Core): Promise<string> {
  const grants = ['client_credentials', 'password', 'refresh_token']
  const scopes = ['openid', 'profile', 'email', 'offline_access', 'jobs.read']
  const { client, secret = '' } = await clients.create({ name: 'Bench', grants, scopes, idTokenAlg: 'ES256' }, OPERATOR)
  return `Basic ${btoa(`${client.id}:${secret}`)}`
}

/** Claims of an access token, made anew for each answer and otherwise out of nothing. */
function claimsOf({ world }: Core, issuer: string) {
  const iat = Math.floor(world.now() / 1000)
  const sub = PERSON.username
  const claims = { iss: issuer, sub, aud: ['rabbitmq'], iat, nbf: iat, exp: iat + 300, jti: crypto.randomUUID() }
  return { ...claims, client_id: sub, preferred_username: sub, vhost: PERSON.vhost, scope: PERSON.scope }
}

function bareAnswers(core: Core, issuer: string): readonly Endpoint[] {
  const shared = { method: 'POST', access: 'public' } as const
  return [
    endpoint({
      ...shared,
      path: '/signed',
      summary: 'A signed answer and nothing else',
      async handle() {
        const token = await core.keys.sign(claimsOf(core, issuer), { algorithm: 'ES256', typ: 'at+jwt' })
        return { access_token: token, token_type: 'bearer', expires_in: 300 }
      },
    }),
    endpoint({
      ...shared,
      path: '/plain',
      summary: 'An answer and nothing else',
      handle: () => claimsOf(core, issuer),
    }),
  ]
}

function listenBare({ core, log }: Instance, port: number): TcpListener {
  const { issuer } = core.settings()
  const [bodyLimit, brokerAccess] = [() => 65_536, () => ({ allow: [] })]
  const steps = {
    authorise: createAuthorise(core, brokerAccess),
    publicOrigin: new URL(issuer).origin,
    bodyLimit,
    corsOrigins: () => [],
    log,
    showPage: () => new Response(null, { status: 406 }),
  }
  const routes = mount(bareAnswers(core, issuer), '', (each) => pipeline(each, steps))
  const metrics = createMetrics(BUILD, core.world.now())
  const gate = createGate(routes, { log, metrics, https: false, bodyLimit, isTrustedProxy: () => () => false })
  return listenTcp({
    host: '127.0.0.1',
    port,
    reusePort: true,
    sharesPort: false,
    gate,
    log,
    idle: 30_000,
    bodyLimit: 65_536,
  })
}

/** Where the bare answers are, for the further processes of the server. */
const BARE_PORT = 'BENCH_BARE_PORT'

async function serve(): Promise<void> {
  const { config } = await loadConfig({ file: 'leveret.toml', env: process.env })
  const team = await teamFor(config, BUILD)
  const instance = await openInstance(config, { build: BUILD, ...team?.options })
  await addPerson(instance.core)
  const basic = await addClient(instance.core)
  const { urls } = await instance.listen()
  const bare = listenBare(instance, 0)
  process.env[BARE_PORT] = String(bare.port)
  await team?.start(instance, config, urls)
  console.log(JSON.stringify({ url: urls[0], bareUrl: bare.url, basic }))
}

if (process.argv.includes(FURTHER_COMMAND))
  await furtherMain({ listening: (instance) => void listenBare(instance, Number(process.env[BARE_PORT])) })
else await serve()
