/**
 * A whole server for tests: real sockets on free ports, a data folder of its own, a clock that stands until it is moved,
 * an administrator, and every log line kept.
 */
import { Database } from 'bun:sqlite'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../../src/config/schema.ts'
import { parseConfig } from '../../src/config/load.ts'
import { collections } from '../../src/core/collections.ts'
import type { Caller } from '../../src/core/world.ts'
import { type Instance, type InstanceOptions, openInstance } from '../../src/server.ts'
import { refuseSecrets } from './canaries.ts'
import { createClock, type TestClock } from './clock.ts'
import { testCertificates } from './certificates.ts'

export interface TestServerOptions {
  /** Keys of the configuration over the defaults below; tables are merged. */
  readonly config?: Readonly<Record<string, unknown>>
  /** Path of the public URL, such as `/auth/x`. */
  readonly path?: string
  /** Listen with a certificate of a private CA; the public URL is https. */
  readonly tls?: boolean
  /** With `tls`: copies of the certificate files in the data folder, for tests that replace them. */
  readonly ownCertificate?: boolean
  /** Open everything and bind nothing: for what goes through `control` alone. */
  readonly listen?: boolean
  readonly env?: Readonly<Record<string, string>>
  /** More that must not be logged: the end of the server fails if it was. */
  readonly secrets?: readonly string[]
  readonly readConfig?: InstanceOptions['readConfig']
  readonly now?: number
}

export interface Administrator {
  readonly username: string
  readonly password: string
}

export interface TestServer extends AsyncDisposable {
  readonly instance: Instance
  readonly clock: TestClock
  readonly config: Config
  readonly dataDir: string
  /** Where it can be reached: scheme, host, port and the path of the public URL. */
  readonly url: string
  readonly port: number
  /** What tokens say: the configured public URL. */
  readonly issuer: string
  /** PEM of the private CA, with `tls`. */
  readonly ca: string | undefined
  readonly admin: Administrator
  /** All log lines so far. */
  logs(): string
  /** A request over the socket; `path` starts with `/`. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** The same with the administrator's identity token; `json` is sent as the body. */
  asAdmin(path: string, init?: RequestInit & { readonly json?: unknown }): Promise<Response>
  /** The same as the operator, without a socket. */
  asOperator(path: string, init?: RequestInit & { readonly json?: unknown }): Promise<Response>
  /** Logs in; the identity token. */
  login(who: { readonly username: string; readonly password: string; readonly vhost?: string }): Promise<string>
  /** A configuration as this server's own, with changes. */
  configWith(changes: Readonly<Record<string, unknown>>): Config
}

export const OPERATOR: Caller = { actor: 'operator', requestId: 'test' }
const ADMIN: Administrator = { username: 'root', password: 'correct horse battery staple' }
/** Cheap hashes: what they cost is tested elsewhere. */
const LOCAL = { type: 'local', id: 'local', memoryKib: 8192, iterations: 1 }

export async function startTestServer(options: TestServerOptions = {}): Promise<TestServer> {
  await using stack = new AsyncDisposableStack()
  const dataDir = await mkdtemp(join(tmpdir(), 'leveret-test-'))
  stack.defer(() => rm(dataDir, { recursive: true, force: true }))
  const tls = options.tls ? await certificatesFor(options, dataDir) : undefined
  const env = { TEST_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'), ...options.env }
  const issuer = `${tls ? 'https' : 'http'}://login.example${options.path ?? ''}`
  const base = {
    publicUrl: issuer,
    dataDir,
    masterKey: { env: 'TEST_MASTER_KEY' },
    listen: { host: '127.0.0.1', port: 0 },
    log: { format: 'json', level: 'debug' },
    login: [LOCAL],
    ...(options.config?.['storage'] === undefined && { storage: { type: 'sqlite', durability: 'normal' } }),
    ...(tls && { tls: { cert: tls.certFile, key: tls.keyFile } }),
  }
  const parse = (changes: Readonly<Record<string, unknown>>) =>
    parseConfig(merged(base, options.config ?? {}, changes), { env, folder: dataDir, where: 'the test' }).config
  const config = parse({})
  const clock = createClock(options.now)
  let logs = ''
  const secrets = [...Object.values(env), ADMIN.password, ...(options.secrets ?? [])]
  stack.defer(() => refuseSecrets(logs, secrets))
  const instance = stack.use(
    await openInstance(config, {
      env,
      now: clock.now,
      writeLog: (lines) => {
        logs += lines
      },
      build: { version: '0.0.0-test', commit: 'test' },
      ...(options.readConfig && { readConfig: options.readConfig }),
    }),
  )
  const groupName = config.groups.admin
  if (!(await instance.core.groups.get(groupName))) await instance.core.groups.create({ name: groupName }, OPERATOR)
  // On a store that another server of the test has opened there is one already.
  if (!(await instance.core.users.get(ADMIN.username)))
    await instance.core.users.create({ ...ADMIN, groups: [groupName] }, OPERATOR)

  const bound = options.listen === false ? [] : (await instance.listen()).urls
  const origin = bound[0]?.replace('127.0.0.1', tls ? 'localhost' : '127.0.0.1') ?? ''
  const url = `${origin}${options.path ?? ''}`
  const send = (path: string, init: RequestInit = {}) =>
    fetch(url + path, { redirect: 'manual', ...init, ...(tls && { tls: { ca: tls.ca } }) })
  const loginAs = loginWith(send)
  let adminToken: Promise<string> | undefined

  const disposal = stack.move()
  return {
    instance,
    clock,
    config,
    dataDir,
    url,
    port: Number(new URL(origin || 'http://none:0').port),
    issuer: config.publicUrl,
    ca: tls?.ca,
    admin: ADMIN,
    logs() {
      instance.log.flush()
      return logs
    },
    fetch: send,
    async asAdmin(path, init) {
      adminToken ??= administratorToken(instance, loginAs)
      const { headers, ...rest } = withJson(init)
      return send(path, { ...rest, headers: { authorization: `Bearer ${await adminToken}`, ...headers } })
    },
    asOperator: (path, init) => instance.control(new Request(`http://control.local${path}`, withJson(init))),
    login: loginAs,
    configWith: parse,
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
}

/** Takes every table away from under the server: from here on its storage fails at whatever it is asked. */
export function breakStorage({ dataDir }: Pick<TestServer, 'dataDir'>): void {
  using database = new Database(join(dataDir, 'leveret.db'))
  for (const { name } of collections) database.run(`DROP TABLE "${name}"`)
}

/** A JSON object that was answered. */
export async function bodyOf(answer: Response): Promise<Record<string, unknown>> {
  return (await answer.json()) as Record<string, unknown>
}

async function certificatesFor({ ownCertificate }: TestServerOptions, dataDir: string) {
  const { ca, server } = await testCertificates()
  if (!ownCertificate) return { ca, certFile: server.certFile, keyFile: server.keyFile }
  const [certFile, keyFile] = [join(dataDir, 'server.pem'), join(dataDir, 'server.key')]
  await Promise.all([Bun.write(certFile, server.cert), Bun.write(keyFile, server.key)])
  return { ca, certFile, keyFile }
}

type Send = (path: string, init?: RequestInit) => Promise<Response>

function loginWith(send: Send): TestServer['login'] {
  return async (who) => {
    const answer = await send('/auth/session/login', withJson({ method: 'POST', json: who }))
    const body = await bodyOf(answer)
    if (!answer.ok) throw new Error(`Cannot log in as ${who.username}: ${answer.status} ${JSON.stringify(body)}`)
    return String(body['id_token'])
  }
}

/** Logging in takes a broker and a rule; the administrator gets ones that nobody else uses. */
async function administratorToken({ core }: Instance, login: TestServer['login']): Promise<string> {
  const vhost = 'administration'
  if ((await core.brokers.list()).length === 0)
    await core.brokers.create({ name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }, OPERATOR)
  await core.rules.create({ subjectKind: 'user', subject: ADMIN.username, vhost, read: ['nothing'] }, OPERATOR)
  return login({ ...ADMIN, vhost })
}

function withJson(init: RequestInit & { readonly json?: unknown } = {}) {
  const { json, ...rest } = init
  const headers: Record<string, string> = {}
  if (json !== undefined)
    headers['content-type'] = init.method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
  for (const [name, value] of new Headers(init.headers)) headers[name] = value
  return { ...rest, headers, ...(json !== undefined && { body: JSON.stringify(json) }) }
}

/** Tables are merged key by key, everything else is replaced. */
function merged(...all: readonly Readonly<Record<string, unknown>>[]): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const one of all)
    for (const [key, value] of Object.entries(one)) {
      const before = result[key]
      result[key] = isTable(before) && isTable(value) && !('env' in value) ? merged(before, value) : value
    }
  return structuredClone(result)
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
