/** `leveret init`: from an empty folder to something that "leveret serve" starts. Never over what is there. */
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Config } from '../config/schema.ts'
import { ConfigError } from '../config/fault.ts'
import { loadConfig, parseConfig } from '../config/load.ts'
import { type Call, CommandError, defineCommand, type Io, type OptionValues, UsageError } from './command.ts'
import { withInstance } from './client.ts'
import { createFile } from './files.ts'
import { initialConfig, PLACES } from './init-config.ts'
import { nextSteps, type Initialised } from './init-report.ts'

const OPTIONS = {
  'public-url': { type: 'string', value: 'URL', help: 'How clients and brokers reach the server (default: localhost)' },
  host: { type: 'string', value: 'ADDRESS', help: 'Address to bind (default: 127.0.0.1)' },
  port: { type: 'string', value: 'PORT', help: 'Port to bind (default: 8080)' },
  tls: { type: 'boolean', help: 'Make a private certificate authority and a server certificate' },
  'tls-name': { type: 'string', value: 'NAME', multiple: true, help: 'Further name or address in the certificate' },
  admin: { type: 'string', value: 'NAME', help: 'User name of the first administrator (default: admin)' },
  vhost: { type: 'string', value: 'VHOST', help: 'Vhost that the administrator owns (default: prod)' },
  broker: {
    type: 'string',
    value: 'NAME',
    help: 'Name and resource server id of the first broker (default: rabbitmq)',
  },
  'broker-version': { type: 'string', value: 'VERSION', help: 'Its RabbitMQ version, 3.10 to 4.3 (default: 3.10)' },
  yes: { type: 'boolean', short: 'y', help: 'Do not ask' },
} as const

export const init = defineCommand({
  name: 'init',
  summary: 'Set up a new server in this folder',
  about: `Writes a commented leveret.toml, the data folder (mode 700) with the master key, the first administrator with a one-time
    password that is printed once, a broker and a rule that lets the administrator in. Nothing that exists is touched: if the
    configuration or a data folder with something in it is there, init stops before it writes anything.

    Brokers fetch key sets over https only; without a proxy that speaks it, --tls makes a private authority whose certificate
    brokers and clients are then told to trust.`,
  args: {},
  options: OPTIONS,
  examples: [
    { says: 'Try it out on this machine', line: 'leveret init --yes && leveret serve' },
    {
      says: 'For other machines, with a private certificate authority',
      line: 'leveret init --tls --host 0.0.0.0 --port 8443 --public-url https://login.corp.internal:8443',
    },
  ],
  async run(call) {
    const plan = planOf(call)
    await refuseExisting(plan)
    await confirm(call, plan)
    const done = await undoing(plan, () => setUp(plan, call.io))
    return { data: done, text: nextSteps(done) }
  },
})

interface Plan {
  readonly file: string
  readonly folder: string
  readonly text: string
  readonly config: Config
  /** Names in the certificate; empty without TLS. */
  readonly names: readonly string[]
  readonly admin: string
  readonly vhost: string
  readonly broker: { readonly name: string; readonly version: string }
}

function planOf({
  options,
  common,
  io,
}: Pick<Call, 'common' | 'io'> & { readonly options: OptionValues<typeof OPTIONS> }): Plan {
  const { host = '127.0.0.1', admin = 'admin', vhost = 'prod', broker = 'rabbitmq', tls } = options
  const port = Number(options.port ?? 8080)
  if (!/^\d{0,5}$/.test(options.port ?? '') || port > 65_535)
    throw new UsageError(`--port must be a port number, not "${options.port}"`)
  const publicUrl = options['public-url'] ?? `${tls ? 'https' : 'http'}://localhost:${port}`
  const text = initialConfig({ publicUrl, host, port, vhost, broker, tls })
  const file = resolve(io.cwd, common.config ?? 'leveret.toml')
  const folder = dirname(file)
  const raw = Bun.TOML.parse(text) as Record<string, unknown> // a document is a table
  const { config } = asked(() => parseConfig(raw, { env: {}, folder, where: 'what the options say' }))
  const names = tls ? certificateNames(publicUrl, options['tls-name']) : []
  const version = options['broker-version'] ?? '3.10'
  return { file, folder, text, config, names, admin, vhost, broker: { name: broker, version } }
}

/** What cannot be configured was wrongly asked for. */
function asked<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message, { cause: error }) : error
  }
}

function certificateNames(publicUrl: string, more: readonly string[]): string[] {
  const host = new URL(publicUrl).hostname.replace(/^\[|\]$/g, '')
  return [...new Set([host, ...more, 'localhost', '127.0.0.1', '::1'])]
}

async function refuseExisting({ file, config }: Plan): Promise<void> {
  if (await exists(file)) throw new CommandError(`${file} exists already; init never overwrites`)
  const there = await readdir(config.dataDir).catch(() => [])
  if (there.length > 0)
    throw new CommandError(`${config.dataDir} exists already and is not empty; init never overwrites`)
}

async function confirm(
  { io, options }: Pick<Call, 'io'> & { readonly options: { readonly yes: boolean } },
  plan: Plan,
): Promise<void> {
  if (options.yes || !io.input.terminal) return
  io.err(`This writes ${plan.file} and ${plan.config.dataDir} for ${plan.config.publicUrl}.\n`)
  const answer = await io.input.line('Go on? [Y/n] ')
  if (!/^(y|yes|)$/i.test(answer.trim())) throw new CommandError('stopped; nothing was written')
}

/** A second try must not stumble over a first one that failed half way. */
async function undoing<T>({ file, config }: Plan, work: () => Promise<T>): Promise<T> {
  const hadFolder = await exists(config.dataDir)
  try {
    return await work()
  } catch (error) {
    await rm(file, { force: true })
    await rm(config.dataDir, { recursive: true, force: true })
    if (hadFolder) await mkdir(config.dataDir, { mode: 0o700 })
    throw error
  }
}

async function setUp(plan: Plan, io: Io): Promise<Initialised> {
  const { file, folder, config, text } = plan
  await mkdir(folder, { recursive: true })
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })
  await chmod(config.dataDir, 0o700)
  await createFile(join(folder, PLACES.masterKey), `${randomBytes(32).toString('base64')}\n`)
  const ca = await writeCertificate(plan, io.now())
  await createFile(file, text, 0o644)
  // without the environment: what is set up here is what the file says
  const { config: loaded } = await loadConfig({ file, env: {} })
  const password = oneTimePassword()
  await fill(plan, loaded, password)
  return {
    config: file,
    dataDir: config.dataDir,
    publicUrl: config.publicUrl,
    ca,
    administrator: { username: plan.admin, password },
    vhost: plan.vhost,
    broker: plan.broker.name,
  }
}

async function writeCertificate({ folder, names }: Plan, now: number): Promise<string | null> {
  if (names.length === 0) return null
  await import('reflect-metadata') // the library of the next one looks for it as it loads
  const { makeCertificate } = await import('./certificate.ts')
  const { ca, cert, key } = await makeCertificate(names, now)
  await mkdir(join(folder, dirname(PLACES.cert)), { mode: 0o700 })
  await createFile(join(folder, PLACES.ca), ca, 0o644)
  await createFile(join(folder, PLACES.cert), cert, 0o644)
  await createFile(join(folder, PLACES.key), key)
  return join(folder, PLACES.ca)
}

/** The first administrator, the first broker, and a rule, through the API as everything else. */
async function fill({ admin, vhost, broker }: Plan, config: Config, password: string): Promise<void> {
  await using api = await withInstance(config, {})
  const group = config.groups.admin
  const groups = await api.list<{ readonly name: string }>('/groups')
  if (!groups.some(({ name }) => name === group))
    await api.send('POST', '/groups', { name: group, description: 'Administrators' })
  await api.send('POST', '/users', { username: admin, password, groups: [group] })
  const { name, version } = broker
  await api.send('POST', '/rabbitmq/brokers', { name, resourceServerId: name, version })
  const note = 'The first administrator, by leveret init'
  await api.send('POST', '/rabbitmq/rules', { subjectKind: 'user', subject: admin, vhost, preset: 'owner', note })
}

/** 100 bits in characters that nobody mistakes for others. */
function oneTimePassword(): string {
  const letters = [...randomBytes(20)].map((byte) => 'abcdefghijkmnpqrstuvwxyz23456789'[byte % 32])
  return letters.join('').replace(/.{5}(?=.)/g, '$&-')
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
