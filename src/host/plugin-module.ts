/** Importing a plugin's module and judging what it exports. */
import type { TSchema } from '@sinclair/typebox'
import { API_VERSION, type LoginSourcePlugin, type StoragePlugin } from '#plugin'
import { lendModules } from './lent-modules.ts'
import { oneLine, PluginError, type PluginFault } from './plugin-error.ts'

export type AnyPlugin = LoginSourcePlugin<TSchema> | StoragePlugin<TSchema>

/** This version of the contract and the one before it. */
const API_VERSIONS = [API_VERSION, API_VERSION - 1].filter((version) => version >= 1)
const KINDS = ['login', 'storage']

/** The plugin in the module at `file`, an absolute path. Throws a `PluginError` that speaks of `path`. */
export async function importPlugin(file: string, path: string): Promise<AnyPlugin> {
  lendModules()
  const module: Record<string, unknown> = await import(file).catch((cause: unknown) => {
    const [fault, sentence] = importFault(cause)
    throw new PluginError(fault, path, sentence, { cause })
  })
  return asPlugin(module['default'], path)
}

function asPlugin(exported: unknown, path: string): AnyPlugin {
  const wrong = (what: string): PluginError =>
    new PluginError('export', path, `its default export is not a plugin: ${what}`)
  if (typeof exported !== 'object' || exported === null) throw wrong('there is none, or it is not an object')
  const candidate: Partial<Record<keyof AnyPlugin, unknown>> = exported
  const { apiVersion, kind, type, config, open } = candidate
  if (!API_VERSIONS.some((version) => version === apiVersion)) {
    const takes = API_VERSIONS.join(' and ')
    const sentence = `it is written for version ${shown(apiVersion)} of the plugin contract, and this server takes ${takes}`
    throw new PluginError('api-version', path, sentence)
  }
  if (!KINDS.some((known) => known === kind)) throw wrong(`"kind" is ${shown(kind)}, not "login" or "storage"`)
  if (typeof type !== 'string' || !/^[a-z0-9][a-z0-9-]{0,62}$/.test(type)) {
    throw wrong(`"type" is ${shown(type)}, not lower-case letters, digits and hyphens`)
  }
  if (typeof config !== 'object' || config === null || !('type' in config) || config.type !== 'object') {
    throw wrong('"config" is not a TypeBox object schema')
  }
  if (typeof open !== 'function') throw wrong('"open" is not a function')
  return exported as AnyPlugin // every member was looked at above
}

function shown(value: unknown): string {
  return oneLine(JSON.stringify(value) ?? 'missing')
}

/** Bun reports syntax errors as `BuildMessage` (or several of them), unknown modules as `ResolveMessage`. */
function importFault(cause: unknown): [PluginFault, string] {
  const first: unknown = cause instanceof AggregateError && cause.errors.length > 0 ? cause.errors[0] : cause
  if (first instanceof BuildMessage) {
    const line = first.position?.line
    return ['syntax', `it cannot be parsed${line === undefined ? '' : ` (line ${line})`}: ${oneLine(first.message)}`]
  }
  if (first instanceof ResolveMessage) {
    return ['import', `it imports "${oneLine(first.specifier)}", which is neither part of it nor lent by the server`]
  }
  const text = oneLine(first instanceof Error ? first.message : String(first))
  if (first instanceof SyntaxError) return ['import', `its imports do not fit: ${text}`]
  return ['throws', `it throws while loading: ${text}`]
}
