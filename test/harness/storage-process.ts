/** Storage plugins in a process of their own, each store in a folder that is removed with it. */
import { join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import type { PluginContext, Storage, StoragePlugin } from '#plugin'
import { configSchema } from '../../src/host/manifest.ts'
import { plain } from '../../src/host/process/messages.ts'
import { processPlugin } from '../../src/host/process/plugin.ts'
import { selfCommand } from '../../src/host/self.ts'
import type { Store } from '../conformance/storage.ts'
import { temporaryFolder } from './storage-sqlite.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** Opens the module's storage in a process; its lines are written to `tap`, if there is one. */
export async function openInProcess(
  module: string,
  { dataDir, tap, config = {} }: { readonly dataDir: string; readonly tap?: string; readonly config?: object },
): Promise<Storage> {
  const { default: hosted } = (await import(module)) as { default: StoragePlugin }
  const host = selfCommand('plugin-host', module)
  const command = tap === undefined ? host : [process.execPath, join(import.meta.dir, 'tap.ts'), tap, ...host]
  const schema = configSchema(module, plain(hosted.config))
  const plugin = processPlugin({
    kind: 'storage',
    type: hosted.type,
    config: schema,
    launch: async () => ({ command, env: {} }),
  })
  if (plugin.kind !== 'storage') throw new Error('Cannot be: it is declared as a storage')
  const context: PluginContext = {
    id: hosted.type,
    log: silent,
    now: () => 0,
    signal: new AbortController().signal,
    dataDir,
  }
  return plugin.open(Value.Default(schema, config), context)
}

/** An empty store of this module for the kit. */
export function emptyInProcess(module: string, tap?: string, config?: object): () => Promise<Store> {
  return async () => {
    const folder = temporaryFolder()
    const how = { dataDir: folder.path, ...(tap !== undefined && { tap }), ...(config && { config }) }
    return {
      open: () => openInProcess(module, how),
      elsewhere: { module: import.meta.path, argument: JSON.stringify([module, how]) },
      copy: {
        to: join(folder.path, 'copy.db'),
        open: () => openInProcess(module, { ...how, config: { path: 'copy.db' } }),
      },
      async [Symbol.asyncDispose]() {
        folder[Symbol.dispose]()
      },
    }
  }
}

/** What another process of the kit opens. */
export function open(argument: string): Promise<Storage> {
  const [module, how] = JSON.parse(argument) as [string, { dataDir: string }]
  return openInProcess(module, how)
}
