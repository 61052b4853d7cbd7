/**
 * What a reload replaces as a whole: the configuration, the settings made of it, the opened login sources. The storage is
 * opened once. Sources of the generation before the last are closed: whoever still uses them has long had an answer.
 */
import { join } from 'node:path'
import type { Storage } from '#plugin'
import { BUILTIN_PLUGINS } from './builtin-plugins.ts'
import type { Environment } from './config/environment.ts'
import { ConfigError } from './config/fault.ts'
import type { Config } from './config/schema.ts'
import { readSecret } from './config/secret.ts'
import { clientsOf } from './clients-of-config.ts'
import { readTemplateFolder } from './config/template-folder.ts'
import type { ConfiguredClient } from './core/clients/clients.ts'
import type { ConfiguredSource } from './core/login/login.ts'
import { withLookup } from './core/login/lookup.ts'
import type { Settings } from './core/settings.ts'
import { createCredentials } from './core/users/credentials.ts'
import { createPluginHost, type KnownPlugin, type PluginHost } from './host/host.ts'
import type { Refused } from './host/sandbox/refusals.ts'
import type { BrokerAccess } from './http/access.ts'
import type { Log } from './log.ts'
import { createMailServer, type MailServer } from './mail.ts'
import { TemplateError } from './web/brand.ts'
import { createPages } from './web/create-pages.tsx'
import type { Pages } from './web/view.ts'
import { settingsOf } from './settings-of-config.ts'

export interface Generation {
  readonly config: Config
  readonly settings: Settings
  readonly sources: readonly ConfiguredSource[]
  readonly clients: readonly ConfiguredClient[]
  readonly brokerAccess: BrokerAccess
  readonly pages: Pages
  readonly mail: MailServer | undefined
  /** Authorities that outbound requests trust beyond the public ones, PEM. */
  readonly authorities: string | undefined
}

/** A generation that is not in use yet. Disposed of without having been used, or after `undo`, it leaves no trace. */
export interface Prepared extends AsyncDisposable {
  use(): void
  undo(): void
}

export interface Generations extends AsyncDisposable {
  /** Opens the storage and the first generation. */
  start(config: Config): Promise<{ readonly storage: Storage }>
  current(): Generation
  /** Opens everything of the next one. Throws a `ConfigError` if a key changed that a running server cannot take over. */
  prepare(config: Config): Promise<Prepared>
  external(): readonly KnownPlugin[]
  faults(): PluginHost['faults']
  /** What plugins were refused since the server started, by plugin and permission. */
  refusals(): Iterable<Refusals>
}

interface Refusals extends Pick<Refused, 'plugin' | 'permission'> {
  times: number
}

export interface GenerationDeps {
  readonly env: Environment
  readonly log: Log
  readonly now: () => number
  readonly signal: AbortSignal
}

interface Opened {
  readonly generation: Generation
  readonly host: PluginHost
}

/** Keys that a running server cannot take over. */
const FIXED = ['publicUrl', 'dataDir', 'masterKey', 'listen', 'metrics', 'storage'] as const

export function createGenerations(deps: GenerationDeps): Generations {
  const { env, log } = deps
  let storage: Storage | undefined
  let current: Opened | undefined
  let retired: PluginHost | undefined
  /** The host of the first generation holds the storage and lives as long as the process. */
  let first: PluginHost | undefined

  const refusals = new Map<string, Refusals>()

  function refused({ plugin, permission, times }: Refused): void {
    const key = JSON.stringify([plugin, permission])
    const known = refusals.get(key)
    if (known) known.times += times
    else refusals.set(key, { plugin, permission, times })
  }

  function inUse(): Opened {
    if (!current) throw new Error('Cannot use a generation before the first is started')
    return current
  }

  async function hostFor(config: Config): Promise<PluginHost> {
    const { plugins: external, dataDir } = config
    const folder = join(dataDir, 'plugins')
    return createPluginHost({ builtin: BUILTIN_PLUGINS, external, folder, dataDir, refused, ...deps })
  }

  async function open(config: Config, host: PluginHost, store: Storage): Promise<Generation> {
    const { secret, allow } = config.rabbitmq.httpAuth
    const [sources, clients, shared, mail] = await Promise.all([
      openSources(config, host, store),
      clientsOf(config, env),
      secret && readSecret(secret, 'rabbitmq.httpAuth.secret', env),
      createMailServer(config, deps),
    ])
    const brokerAccess = shared === undefined ? { allow } : { allow, secret: shared }
    const [pages, authorities] = await Promise.all([openPages(config), readAuthorities(config)])
    return { config, settings: settingsOf(config), sources, clients, brokerAccess, pages, mail, authorities }
  }

  async function retire(host: PluginHost): Promise<void> {
    const before = retired
    retired = host === first ? undefined : host
    await before?.[Symbol.asyncDispose]()
  }

  return {
    async start(config) {
      first = await hostFor(config)
      storage = await first.openStorage(config.storage)
      current = { generation: await open(config, first, storage), host: first }
      return { storage }
    },
    current: () => inUse().generation,
    external: () => inUse().host.plugins.filter(({ origin }) => origin !== 'built-in'),
    faults: () => inUse().host.faults,
    refusals: () => refusals.values(),
    async prepare(config) {
      const before = inUse()
      refuseFixed(before.generation.config, config)
      if (!storage) throw new Error('Cannot prepare a generation without storage')
      await using opening = new AsyncDisposableStack()
      const host = opening.use(await hostFor(config))
      const next = { generation: await open(config, host, storage), host }
      const leftover = opening.move()
      return {
        use: () => void (current = next),
        undo: () => void (current = before),
        [Symbol.asyncDispose]: () => (current === next ? retire(before.host) : leftover.disposeAsync()),
      }
    },
    async [Symbol.asyncDispose]() {
      const hosts = new Set([retired, current?.host, first])
      for (const host of hosts) await host?.[Symbol.asyncDispose]()
      log.debug('plugins closed')
    },
  }
}

async function openSources({ login }: Config, host: PluginHost, storage: Storage): Promise<ConfiguredSource[]> {
  const opened = await Promise.all(
    login.map((section, index) => {
      const lend = { path: `login[${index}]`, credentials: createCredentials(storage, section.id) }
      return host.openLogin(section, lend)
    }),
  )
  return login.flatMap(({ id, label, provision, resync, lookup }, index): ConfiguredSource[] => {
    const own = opened[index]
    if (!own) return []
    const directory = opened[login.findIndex((other) => other.id === lookup)]
    if (lookup !== undefined && !directory?.lookup) throw cannotLookUp(index, lookup)
    const source = directory?.lookup ? withLookup(own, directory.lookup) : own
    if (resync !== undefined && !source.refresh) throw cannotResync(index)
    return [{ id, source, provision, ...(label !== undefined && { label }), ...(resync !== undefined && { resync }) }]
  })
}

function cannotLookUp(index: number, lookup: string): ConfigError {
  const message = `login source "${lookup}" cannot tell who somebody is without a password; of ldap that takes bindDn`
  return new ConfigError('the configuration', [{ path: `login[${index}].lookup`, message }])
}

function cannotResync(index: number): ConfigError {
  const message = 'this source cannot tell who is gone without a password; of ldap that takes bindDn'
  return new ConfigError('the configuration', [{ path: `login[${index}].resync`, message }])
}

/** Draws with the operator's templates, if there are any; throws a `ConfigError` with every fault in them. */
export async function openPages({ publicUrl, web }: Config): Promise<Pages> {
  const base = new URL(publicUrl).pathname.replace(/\/$/, '')
  if (web.templates === undefined) return createPages({ base })
  const folder = await readTemplateFolder(web.templates)
  try {
    return createPages({ base, folder })
  } catch (cause) {
    if (!(cause instanceof TemplateError)) throw cause
    const faults = cause.faults.map(({ path, message }) => ({ path: `web.templates/${path}`, message }))
    throw new ConfigError('the configuration', faults, { cause })
  }
}

function refuseFixed(before: Config, after: Config): void {
  const changed = FIXED.filter((key) => !Bun.deepEquals(before[key], after[key], true))
  if (before.tls.cert === undefined ? after.tls.cert !== undefined : after.tls.cert === undefined)
    throw new ConfigError('the configuration', [{ path: 'tls', message: 'turning TLS on or off takes a restart' }])
  if (changed.length === 0) return
  const message = 'changed, and a running server cannot take it over: restart it'
  throw new ConfigError(
    'the configuration',
    changed.map((path) => ({ path, message })),
  )
}

async function readAuthorities({ outbound: { caFile } }: Config): Promise<string | undefined> {
  if (caFile === undefined) return undefined
  const refused = (message: string, cause?: unknown) =>
    new ConfigError('the configuration', [{ path: 'outbound.caFile', message }], { cause })
  const text = await Bun.file(caFile)
    .text()
    .catch((cause: unknown) => {
      throw refused(`cannot be read: ${String(cause)}`, cause)
    })
  if (!text.includes('BEGIN CERTIFICATE')) throw refused('holds no PEM certificate')
  return text
}
