/** A server of ours over https and a real broker that is configured for it, as an operator would. */
import amqp, { type ChannelModel } from 'amqplib'
import { brokerClaims } from '../../src/core/rabbitmq/claims.ts'
import type { BrokerConfig } from '../../src/core/rabbitmq/config.ts'
import type { Broker } from '../../src/core/rabbitmq/records.ts'
import type { BrokerClaims, NewRule } from '../../src/core/rabbitmq/rules.ts'
import { type BrokerFiles, type BrokerNode, brokerRelease, freePort, startBroker } from '../harness/broker.ts'
import { bodyOf, OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'
import { until } from '../harness/until.ts'

export const PASSWORD = 'vexing-Quartz-41-sphinx'
/** Beside `prod`. */
export const VHOSTS = ['test', '/', 'a/b c+d', 'a*', '{vhost}', 'été'] as const

const RULES: readonly NewRule[] = [
  {
    subjectKind: 'group',
    subject: 'app',
    vhost: 'prod',
    configure: ['app-*', 'events', 'mqtt-subscription-*'],
    write: ['app-*', 'amq.default', 'events/eu.*', 'mqtt-subscription-*', 'amq.topic/sensors.*'],
    read: ['app-*', 'events/eu.*', 'mqtt-subscription-*', 'amq.topic/sensors.*'],
    tags: ['management'],
  },
  { subjectKind: 'user', subject: 'bob', vhost: 'test', preset: 'owner' },
  { subjectKind: 'user', subject: 'carol', vhost: '*', read: ['*'] },
]
const USERS = [
  { username: 'alice', groups: ['app'] },
  { username: 'bob', groups: [] },
  { username: 'carol', groups: [] },
]

export interface Scene extends AsyncDisposable {
  readonly server: TestServer
  readonly node: BrokerNode
  readonly broker: Broker
  /** The access token that a login and an exchange over https lead to. */
  readonly token: (username: string, vhost?: string) => Promise<string>
  /** Claims of a right token for alice in `prod`, in the broker's real time. */
  readonly claims: (seconds?: number) => Promise<BrokerClaims>
  readonly sign: (claims: object) => Promise<string>
}

/** What the broker is configured to take. */
export type Backend = 'tokens' | 'passwords'

export async function openScene(how: Backend): Promise<Scene> {
  await using stack = new AsyncDisposableStack()
  const port = freePort()
  const server = stack.use(
    await startTestServer({
      tls: true,
      now: Date.now(),
      env: { TEST_BROKER_SECRET: 'between us' },
      config: {
        publicUrl: `https://localhost:${port}`,
        listen: { port },
        session: { bindIp: 'off', maxIdentityTokens: 50 },
        rabbitmq: { httpAuth: { secret: { env: 'TEST_BROKER_SECRET' } } },
      },
    }),
  )
  const { core } = server.instance
  const version = brokerRelease()?.version ?? ''
  const broker = await core.brokers.create({ name: 'main', resourceServerId: 'rabbitmq', version }, OPERATOR)
  await core.groups.create({ name: 'app' }, OPERATOR)
  for (const user of USERS) await core.users.create({ ...user, password: PASSWORD }, OPERATOR)
  for (const rule of RULES) await core.rules.create(rule, OPERATOR)
  const node = stack.use(await startBroker((folder) => brokerFiles(server, how, folder)))
  for (const vhost of VHOSTS) await node.ctl('add_vhost', vhost)
  const disposal = stack.move()
  return {
    server,
    node,
    broker,
    async token(username, vhost = 'prod') {
      const identity = await server.login({ username, password: PASSWORD, vhost })
      const headers = { authorization: `Bearer ${identity}` }
      const answer = await server.fetch('/auth/session/token', { method: 'POST', headers })
      return String((await bodyOf(answer)).access_token)
    },
    async claims(seconds = 300) {
      const subject = { kind: 'user', name: 'alice', groups: ['app'], roles: [] } as const
      const grant = await core.rules.decide(subject, 'prod', broker)
      if (!grant) throw new Error('The rules of the test give alice nothing')
      const issued = { issuer: server.issuer, subject: 'alice', grant, jti: crypto.randomUUID() }
      const claims = brokerClaims({ ...issued, now: Date.now(), ttl: 1000 })
      return { ...claims, exp: claims.iat + seconds }
    },
    sign: (claims) => core.keys.sign({ ...claims }, { algorithm: 'ES256', typ: 'at+jwt' }),
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
}

/** What `leveret broker config` prints, with nothing added but a first vhost. */
async function brokerFiles(server: TestServer, how: Backend, folder: string): Promise<BrokerFiles> {
  const query = new URLSearchParams({ caFile: `${folder}/ca.pem`, ...(how === 'passwords' && { passwords: 'only' }) })
  const answer = await server.asOperator(`/rabbitmq/brokers/main/config?${query.toString()}`)
  const config = (await answer.json()) as BrokerConfig
  const advanced = config['advanced.config']
  return {
    conf: `${config['rabbitmq.conf']}\ndefault_vhost = prod\n`,
    ...(advanced !== undefined && { advanced }),
    plugins: [...(config.enabledPlugins.match(/[a-z]\w*/g) ?? []), 'rabbitmq_mqtt'],
    files: { 'ca.pem': server.ca ?? '' },
  }
}

export interface Account {
  readonly vhost?: string
  readonly username?: string
  /** A token or a password. */
  readonly password: string
}

/** An AMQP 0-9-1 connection that ends with its scope. Its errors are looked at where they are expected. */
export async function connect(
  node: BrokerNode,
  { vhost = 'prod', username = '', password }: Account,
): Promise<ChannelModel & AsyncDisposable> {
  const connection = await amqp.connect({ hostname: '127.0.0.1', port: node.amqp, username, password, vhost })
  connection.on('error', () => {})
  return Object.assign(connection, { [Symbol.asyncDispose]: () => connection.close().catch(() => {}) })
}

/** What somebody hears whose attempt has to fail. */
export async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work
  } catch (error) {
    return String(error)
  }
  throw new Error('Expected a refusal, but the attempt went through')
}

const LOG_DEADLINE = 5_000

/** Whether the broker's log has these words behind `from`, wherever it breaks its lines; else the end of the log. */
export async function logged(node: BrokerNode, words: string, from = 0): Promise<string> {
  const compact = (text: string) => text.replaceAll(/^\S+ \S+ \[\w+\] <[\d.]+> ?/gm, '').replaceAll(/\s+/g, '')
  let log = ''
  const found = await until(async () => {
    log = (await node.logs()).slice(from)
    return compact(log).includes(compact(words))
  }, LOG_DEADLINE)
  return found ? words : log.slice(-1500)
}
