/** The composition root: configuration to plugins to domain to HTTP, closed again in reverse order. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Environment } from './config/environment.ts'
import { ConfigError } from './config/fault.ts'
import type { Config } from './config/schema.ts'
import { readSecret } from './config/secret.ts'
import { collections } from './core/collections.ts'
import { type Core, createCore, follow, forget } from './core/core.ts'
import { parseMasterKey } from './core/keys/sealing.ts'
import { Problem } from './core/problem.ts'
import type { Caller, World } from './core/world.ts'
import { createFront, type Front, type FrontOptions } from './http/front.ts'
import type { BuildInfo, Counts } from './http/metrics.ts'
import { asConfigError } from './clients-of-config.ts'
import { createOutbound } from './outbound.ts'
import { createGenerations, type Generations } from './generations.ts'
import { createLog, type Log, type LogOptions } from './log.ts'
import type { Siblings } from './processes/siblings.ts'
import { readiness } from './readiness.ts'

export type { BuildInfo } from './http/metrics.ts'
/** For `leveret plugin`, which opens no instance. */
export { BUILTIN_PLUGINS } from './builtin-plugins.ts'
export { checkPlugin } from './host/external.ts'
/** For `leveret config check`. */
export { openPages } from './generations.ts'
export { checkSections } from './host/check-sections.ts'

export interface Instance extends AsyncDisposable {
  readonly core: Core
  readonly log: Log
  /** The REST API as the local operator: what the control socket serves, without the socket. */
  control(request: Request): Promise<Response>
  /** Every endpoint of the REST API, the operator's included. */
  endpoints(): ReturnType<Front['endpoints']>
  /** Binds the configured listeners; resolves when ready. */
  listen(): Promise<{ readonly urls: readonly string[] }>
  /** Validates, then swaps; throws a `ConfigError` and keeps the old configuration on a fault. */
  reload(config: Config): Promise<void>
  /** Forgets what is in memory of collections that another process changed. */
  hear(collections: readonly string[]): Promise<void>
  /** What this process counted for the metrics. */
  counts(): Counts
  /** Takes no more requests; resolves when those under way are answered, or at the shutdown deadline. */
  drain(): Promise<void>
}

export interface InstanceOptions {
  /** Where secrets named by a variable are read; the process's own unless told. */
  readonly env?: Environment
  readonly now?: () => number
  readonly random?: (bytes: number) => Uint8Array
  /** Takes finished log lines; standard error unless told. */
  readonly writeLog?: (lines: string) => void
  readonly build?: BuildInfo
  /** How a reload over the control socket gets the new configuration. */
  readonly readConfig?: () => Promise<Config>
  /** The other processes of the same server. */
  readonly siblings?: Siblings
}

const DEVELOPMENT: BuildInfo = { version: '0.0.0', commit: 'development' }
const SYSTEM: Caller = { actor: 'system', requestId: 'start' }
const CERTIFICATE_CHECK = 60_000

/** Opens storage, plugins and the domain; nothing listens yet. */
export async function openInstance(config: Config, options: InstanceOptions = {}): Promise<Instance> {
  const { env = process.env, now = Date.now, random = randomBytes, siblings } = options
  const further = siblings?.further === true
  await using stack = new AsyncDisposableStack()
  const log = createLog({ ...logOptions(config), write: options.writeLog ?? writeStandardError, now })
  stack.defer(() => log.flush())
  const world: World = { now, random, log }
  const stopping = new AbortController()
  const masterKey = await readMasterKey(config, env)
  await mkdir(config.dataDir, { recursive: true, mode: 0o700 })

  const generations = createGenerations({ env, log, now, signal: stopping.signal })
  stack.use(generations)
  const opened = await generations.start(config)
  const storage = siblings?.around(opened.storage) ?? opened.storage
  await storage.migrate(collections)
  let front: Front | undefined
  const core = stack.use(
    await createCore({
      world,
      settings: () => generations.current().settings,
      storage,
      masterKey,
      sources: () => generations.current().sources,
      outbound: createOutbound({
        allow: () => generations.current().config.outbound.allow,
        timeout: () => generations.current().config.outbound.timeout,
        authorities: () => generations.current().authorities,
      }),
      deliver: () => generations.current().mail?.deliver,
      heard: (entry) => front?.metrics.event(entry),
      further,
    }),
  )
  for (const { kind, type, origin: path, sha256 = '' } of further ? [] : generations.external())
    core.audit.record({
      event: 'plugin.loaded',
      outcome: 'ok',
      target: `plugin:${type}`,
      caller: SYSTEM,
      detail: { kind, path, sha256 },
    })

  if (!further) await applyClients(core, generations)
  const following = await follow(core, storage)
  if (following) stack.use(following)

  const reload = reloader({ generations, core, log, front: () => front, siblings })
  const surface = createFront(core, frontOptions({ core, config, options, generations, log, reload }))
  front = surface
  stack.defer(() => surface.stop())
  stack.defer(() => stopping.abort())
  const disposal = stack.move()
  return {
    core,
    log,
    control: (request) => surface.control(request),
    endpoints: () => surface.endpoints(),
    async listen() {
      const urls = await surface.listen()
      core.janitor.start()
      if (!further) core.resync.start()
      const timer = setInterval(() => void renewQuietly(surface, log), CERTIFICATE_CHECK)
      timer.unref()
      disposal.defer(() => clearInterval(timer))
      return { urls }
    },
    reload,
    hear: (changed) => forget(core, changed),
    counts: () => surface.metrics.counts(),
    drain: () => surface.stop(),
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
}

interface Parts {
  readonly core: Core
  readonly config: Config
  readonly options: InstanceOptions
  readonly generations: Generations
  readonly log: Log
  readonly reload: (config: Config) => Promise<void>
}

function frontOptions({ core, config, options, generations, log, reload }: Parts): FrontOptions {
  const { publicUrl, listen, metrics, tls } = config
  const { siblings } = options
  const build = options.build ?? DEVELOPMENT
  const startedAt = core.world.now()
  return {
    publicUrl: new URL(publicUrl),
    build,
    listen,
    sharesPort: siblings?.further === false,
    metrics,
    ...(siblings?.further !== true && { controlSocket: join(config.dataDir, 'control.sock') }),
    log,
    live() {
      const { config: live, brokerAccess } = generations.current()
      return { trustedProxies: live.trustedProxies, limits: live.limits, brokerAccess }
    },
    ...(tls.cert !== undefined && { certificate: () => readCertificate(generations.current().config) }),
    readiness: () => readiness({ core, generations, siblings }),
    together: siblings && (() => siblings.counts()),
    refusals: () => generations.refusals(),
    pages: () => generations.current().pages,
    control: {
      reload: () => reloadFrom(options.readConfig, reload),
      status: (urls) => ({
        version: build.version,
        commit: build.commit,
        pid: process.pid,
        startedAt,
        urls,
        storage: config.storage.type,
        sources: generations.current().sources.map(({ id }) => id),
      }),
    },
  }
}

function reloader(
  parts: Pick<Parts, 'generations' | 'core' | 'log'> & {
    readonly front: () => Front | undefined
    readonly siblings: Siblings | undefined
  },
) {
  const { generations, core, log, front, siblings } = parts
  const further = siblings?.further === true
  return async (config: Config): Promise<void> => {
    await using next = await generations.prepare(config)
    next.use()
    try {
      await front()
        ?.renewCertificate()
        .catch((cause: unknown) => {
          throw new ConfigError('the configuration', [{ path: 'tls', message: textOf(cause) }], { cause })
        })
      if (!further) await applyClients(core, generations)
    } catch (error) {
      next.undo()
      throw error
    }
    log.configure(logOptions(config))
    if (further) return
    await siblings?.reloaded(config)
    core.audit.record({ event: 'config.reloaded', outcome: 'ok', target: 'config', caller: SYSTEM })
    log.info('configuration reloaded')
  }
}

async function applyClients({ clients }: Core, generations: Generations): Promise<void> {
  try {
    await clients.applyConfigured(generations.current().clients, SYSTEM)
  } catch (error) {
    throw error instanceof Problem ? asConfigError(error) : error
  }
}

/** Over the control socket: the faults go to whoever asked. */
async function reloadFrom(read: InstanceOptions['readConfig'], reload: (config: Config) => Promise<void>) {
  if (!read) throw new Problem('invalid_request', 'This process has no configuration file to read again')
  try {
    await reload(await read())
  } catch (cause) {
    if (!(cause instanceof ConfigError)) throw cause
    throw new Problem('invalid_request', 'The old configuration stays', { cause, faults: cause.faults })
  }
}

async function renewQuietly(front: Front, log: Log): Promise<void> {
  try {
    await front.renewCertificate()
  } catch (error) {
    log.error('certificate not renewed, the old one stays', { error: textOf(error) })
  }
}

async function readCertificate({ tls }: Config) {
  const [cert, key] = await Promise.all([tls.cert, tls.key].map((path = '') => Bun.file(path).text()))
  return { cert: cert ?? '', key: key ?? '' }
}

export async function readMasterKey({ masterKey }: Config, env: Environment): Promise<Uint8Array> {
  const text = await readSecret(masterKey, 'masterKey', env)
  try {
    return parseMasterKey(text)
  } catch (cause) {
    throw new ConfigError('the configuration', [{ path: 'masterKey', message: textOf(cause) }], { cause })
  }
}

function logOptions({ log: { format, level } }: Config): Pick<LogOptions, 'format' | 'level'> {
  const pretty = format === 'pretty' || (format === 'auto' && process.stderr.isTTY)
  return { format: pretty ? 'pretty' : 'json', level }
}

function writeStandardError(lines: string): void {
  process.stderr.write(lines)
}

function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count))
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
