/**
 * The server as it is shipped, with a second listener that only benchmarks have: `POST /bare` signs claims of the same
 * size with the same key, and answers through the same gate and pipeline. Whatever an exchange costs more is its own.
 * Serves the folder it is started in, which `leveret init` made; says on the output where.
 */
import { loadConfig } from '../../src/config/load.ts'
import type { Core } from '../../src/core/core.ts'
import type { Caller } from '../../src/core/world.ts'
import { createAuthorise } from '../../src/http/access.ts'
import { mount } from '../../src/http/app.ts'
import { type Endpoint, endpoint } from '../../src/http/endpoint.ts'
import { createGate } from '../../src/http/gate.ts'
import { listenTcp } from '../../src/http/listen.ts'
import { createMetrics } from '../../src/http/metrics.ts'
import { pipeline } from '../../src/http/pipeline.ts'
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

/** The claims of an access token, made anew for each answer and otherwise out of nothing. */
function bareAnswer({ keys, world }: Core, issuer: string): Endpoint {
  return endpoint({
    method: 'POST',
    path: '/bare',
    access: 'public',
    summary: 'A signed answer and nothing else',
    async handle() {
      const iat = Math.floor(world.now() / 1000)
      const sub = PERSON.username
      const claims = { iss: issuer, sub, aud: ['rabbitmq'], iat, nbf: iat, exp: iat + 300, jti: crypto.randomUUID() }
      const more = { client_id: sub, preferred_username: sub, vhost: PERSON.vhost, scope: PERSON.scope }
      const token = await keys.sign({ ...claims, ...more }, { algorithm: 'ES256', typ: 'at+jwt' })
      return { access_token: token, token_type: 'bearer', expires_in: 300 }
    },
  })
}

function listenBare({ core, log }: Instance, issuer: string): string {
  const [bodyLimit, brokerAccess] = [() => 65_536, () => ({ allow: [] })]
  const steps = {
    authorise: createAuthorise(core, brokerAccess),
    publicOrigin: new URL(issuer).origin,
    bodyLimit,
    corsOrigins: () => [],
    log,
    showPage: () => new Response(null, { status: 406 }),
  }
  const routes = mount([bareAnswer(core, issuer)], '', (each) => pipeline(each, steps))
  const metrics = createMetrics(BUILD, core.world.now())
  const gate = createGate(routes, { log, metrics, https: false, bodyLimit, isTrustedProxy: () => () => false })
  return listenTcp({ host: '127.0.0.1', port: 0, reusePort: false, gate, log, idle: 30_000, bodyLimit: 65_536 }).url
}

const { config } = await loadConfig({ file: 'leveret.toml', env: {} })
const instance = await openInstance(config, { build: BUILD })
await addPerson(instance.core)
const { urls } = await instance.listen()
console.log(JSON.stringify({ url: urls[0], bareUrl: listenBare(instance, config.publicUrl) }))
