/** A plugin in the process tier looks to the host as any other: its section is checked, it is opened, used, closed. */
import type { TSchema } from '@sinclair/typebox'
import { API_VERSION, type LoginSourcePlugin, type PluginContext, type StoragePlugin } from '#plugin'
import type { AnyPlugin } from '../plugin-module.ts'
import type { Handler } from './calls.ts'
import type { Watched } from './child.ts'
import { type Limits, LIMITS } from './limits.ts'
import { credentialHandlers, loginSourceOf } from './login-source.ts'
import { PROTOCOL } from './messages.ts'
import { remind, storageOf, told } from './storage.ts'
import { startWorker, type WorkerOptions } from './worker.ts'

/** How a process is started. */
export interface Launch {
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly watched?: Watched
}

export interface ProcessPlugin {
  readonly kind: 'login' | 'storage'
  readonly type: string
  readonly config: TSchema
  /** Made for each opening, since what it may reach can depend on the configuration. */
  readonly launch: (config: unknown, context: PluginContext) => Promise<Launch>
  readonly limits?: Limits
}

export function processPlugin(plugin: ProcessPlugin): AnyPlugin {
  return plugin.kind === 'login' ? loginPlugin(plugin) : storagePlugin(plugin)
}

function loginPlugin(plugin: ProcessPlugin): LoginSourcePlugin<TSchema> {
  return {
    ...contractOf(plugin),
    kind: 'login',
    async open(config, context) {
      const handlers = credentialHandlers(context.credentials)
      return loginSourceOf(await startWorker(await optionsFor(plugin, { config, context, handlers })))
    },
  }
}

function storagePlugin(plugin: ProcessPlugin): StoragePlugin<TSchema> {
  return {
    ...contractOf(plugin),
    kind: 'storage',
    async open(config, context) {
      const known = told()
      const options = await optionsFor(plugin, { config, context, handlers: {} })
      const changed = (collections: readonly string[]): void => {
        for (const watcher of known.watchers) watcher(collections)
      }
      const worker = await startWorker({ ...options, changed, restarted: (call) => remind(call, known) })
      return storageOf(worker, known)
    },
  }
}

function contractOf({ type, config }: ProcessPlugin) {
  return { apiVersion: API_VERSION, type, config } as const
}

interface Opening {
  readonly config: unknown
  readonly context: PluginContext
  readonly handlers: Readonly<Record<string, Handler>>
}

async function optionsFor(plugin: ProcessPlugin, { config, context, handlers }: Opening): Promise<WorkerOptions> {
  const { command, env, watched } = await plugin.launch(config, context)
  const { id: instance, dataDir, log } = context
  return {
    command,
    env,
    id: plugin.type,
    hello: {
      protocol: PROTOCOL,
      server: `leveret, contract ${API_VERSION}`,
      instance,
      config: config as Record<string, unknown>, // its schema is one of an object
      dataDir,
    },
    log,
    handlers,
    limits: plugin.limits ?? LIMITS,
    ...(watched && { watched }),
  }
}
