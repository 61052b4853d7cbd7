/**
 * The plugin host: knows every plugin, built in or not, opens them for the composition root and closes them again in
 * reverse order. It knows nothing of the domain; what a login source or a storage does is said in `src/plugin`.
 */
import type {
  Credentials,
  Logger,
  LoginSource,
  LoginSourcePlugin,
  PluginContext,
  Storage,
  StoragePlugin,
} from '#plugin'
import type { Environment } from '../config/environment.ts'
import { ConfigError, type Fault } from '../config/fault.ts'
import { nearest } from '../config/nearest.ts'
import { TOO_LATE, within } from './deadline.ts'
import { type ExternalPlugin, loadPlugin, type Runtime } from './external.ts'
import { openPlugin, type Section } from './open.ts'
import { oneLine, PluginError } from './plugin-error.ts'
import type { AnyPlugin } from './plugin-module.ts'
import type { Tier } from './process-tier.ts'

const CLOSE_DEADLINE = 5_000

export interface HostOptions {
  readonly builtin: readonly AnyPlugin[]
  readonly external: readonly ExternalPlugin[]
  /** Where the copies of external plugins are kept. */
  readonly folder: string
  readonly dataDir: string
  readonly env: Environment
  readonly log: Logger
  readonly now: () => number
  readonly signal: AbortSignal
  readonly probeDeadline?: number
  readonly openDeadline?: number
  /** Hears of everything that plugins try outside their permissions. */
  readonly refused?: Tier['refused'] | undefined
}

export interface KnownPlugin {
  readonly kind: 'login' | 'storage'
  readonly type: string
  readonly apiVersion: number
  /** `built-in`, or the path of the plugin. */
  readonly origin: string
  readonly sha256?: string
  readonly runtime: Runtime
  readonly plugin: AnyPlugin
}

export interface PluginHost extends AsyncDisposable {
  readonly plugins: readonly KnownPlugin[]
  /** Optional plugins that cannot be used; the server runs without them. */
  readonly faults: readonly PluginError[]
  openStorage(section: Section): Promise<Storage>
  /** `undefined`, after a warning, only when no plugin has this type and an optional one that may have had it is broken. */
  openLogin(
    section: Section,
    lend: { readonly path: string; readonly credentials: Credentials },
  ): Promise<LoginSource | undefined>
}

/** Loads the external plugins; opens nothing yet. Throws a `PluginError` if one that is not optional cannot be used. */
export async function createPluginHost(options: HostOptions): Promise<PluginHost> {
  const { builtin, log } = options
  const plugins: KnownPlugin[] = builtin.map((plugin) => describe(plugin, 'built-in'))
  const faults: PluginError[] = []
  for (const entry of options.external) {
    try {
      plugins.push(await load(entry, plugins, options))
    } catch (error) {
      if (!(error instanceof PluginError) || !entry.optional) throw error
      faults.push(error)
      log.warn('optional plugin is not used', { path: entry.path, fault: error.fault, reason: error.message })
    }
  }
  const open = new AsyncDisposableStack()
  const opening = (section: Section, path: string) => ({
    section,
    path,
    env: options.env,
    ...(options.openDeadline !== undefined && { deadline: options.openDeadline }),
  })
  return {
    plugins,
    faults,
    async openStorage(section) {
      const plugin = find(plugins, isStorage, section.type) ?? refuse(plugins, 'storage', section.type, 'storage')
      const storage = await openPlugin(plugin, opening(section, 'storage'), contextOf(section, options))
      open.defer(() => close(storage, 'storage', log))
      return storage
    },
    async openLogin(section, { path, credentials }) {
      const plugin = find(plugins, isLogin, section.type)
      if (!plugin && faults.length > 0) {
        log.warn('login source is left out, its plugin is not used', { source: section.id ?? section.type })
        return undefined
      }
      const context = { ...contextOf(section, options), credentials }
      const known = plugin ?? refuse(plugins, 'login', section.type, path)
      const source = await openPlugin(known, opening(section, path), context)
      open.defer(() => close(source, section.id ?? section.type, log))
      return source
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  }
}

async function load(entry: ExternalPlugin, known: readonly KnownPlugin[], options: HostOptions): Promise<KnownPlugin> {
  const { folder, probeDeadline, log, env, refused } = options
  const { plugin, path, sha256, runtime, sandbox } = await loadPlugin(entry, {
    folder,
    env,
    deadline: probeDeadline,
    refused,
  })
  const taken = known.find(({ kind, type }) => kind === plugin.kind && type === plugin.type)
  if (taken) {
    const sentence = `its ${plugin.kind} type "${plugin.type}" is taken by the plugin ${taken.origin}`
    throw new PluginError('type-taken', path, sentence)
  }
  if (sandbox && !sandbox.enforced) log.warn('plugin runs without a sandbox', { path, reason: sandbox.why })
  log.info('plugin loaded', { kind: plugin.kind, type: plugin.type, path, sha256, runtime })
  return { ...describe(plugin, path), sha256, runtime }
}

function describe(plugin: AnyPlugin, origin: string): KnownPlugin {
  const { kind, type, apiVersion } = plugin
  return { kind, type, apiVersion, origin, runtime: 'in-process', plugin }
}

function isLogin(plugin: AnyPlugin): plugin is LoginSourcePlugin {
  return plugin.kind === 'login'
}
function isStorage(plugin: AnyPlugin): plugin is StoragePlugin {
  return plugin.kind === 'storage'
}

function find<P extends AnyPlugin>(
  known: readonly KnownPlugin[],
  ofKind: (plugin: AnyPlugin) => plugin is P,
  type: string,
): P | undefined {
  return known
    .map(({ plugin }) => plugin)
    .filter(ofKind)
    .find((plugin) => plugin.type === type)
}

function refuse(known: readonly KnownPlugin[], kind: KnownPlugin['kind'], type: string, path: string): never {
  throw new ConfigError('the configuration', [unknownType(known, kind, type, path)])
}

/** No plugin has this type. */
export function unknownType(
  known: readonly Pick<KnownPlugin, 'kind' | 'type'>[],
  kind: KnownPlugin['kind'],
  type: string,
  path: string,
): Fault {
  const types = known.filter((plugin) => plugin.kind === kind).map((plugin) => plugin.type)
  const near = nearest(type, types)
  const hint = near === undefined ? `known types are ${types.join(', ')}` : `did you mean "${near}"?`
  return { path: `${path}.type`, message: `no ${kind} plugin has the type "${type}"; ${hint}` }
}

function contextOf(section: Section, { log, now, signal, dataDir }: HostOptions): PluginContext {
  const id = section.id ?? section.type
  return { id, log: named(log, id), now, signal, dataDir }
}

/** Every line of a plugin says whose it is. */
function named(log: Logger, plugin: string): Logger {
  return {
    debug: (message, fields) => log.debug(message, { ...fields, plugin }),
    info: (message, fields) => log.info(message, { ...fields, plugin }),
    warn: (message, fields) => log.warn(message, { ...fields, plugin }),
    error: (message, fields) => log.error(message, { ...fields, plugin }),
  }
}

/** One that cannot be closed keeps neither the others nor the process from ending. */
async function close(opened: AsyncDisposable, id: string, log: Logger): Promise<void> {
  const closing = async (): Promise<void> => opened[Symbol.asyncDispose]()
  const outcome = await within(CLOSE_DEADLINE, closing()).catch((error: unknown) => oneLine(String(error)))
  if (outcome === TOO_LATE) log.warn('plugin does not close', { plugin: id, seconds: CLOSE_DEADLINE / 1000 })
  else if (outcome !== undefined) log.warn('plugin fails to close', { plugin: id, reason: outcome })
}
