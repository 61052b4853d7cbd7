/** Opening one plugin: its section checked against its own schema, `open` under a deadline, the result looked at. */
import type { TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { Plugin } from '#plugin'
import { checkValue } from '../config/check.ts'
import type { Environment } from '../config/environment.ts'
import { ConfigError, type Fault } from '../config/fault.ts'
import { isSecretRef, readSecrets } from '../config/secret.ts'
import { SecretRef } from '../config/shapes.ts'
import { TOO_LATE, within } from './deadline.ts'
import { oneLine } from './plugin-error.ts'

/** The keys of a section that are the host's, not the plugin's. */
const HOST_KEYS = ['type', 'id', 'label', 'provision', 'resync', 'lookup']
const DEFAULT_DEADLINE = 20_000

export type Section = Readonly<Record<string, unknown>> & { readonly type: string; readonly id?: string }

export interface Opening {
  readonly section: Section
  /** Where the section stands in the configuration: `storage`, `login[0]`. */
  readonly path: string
  /** For secrets that are named by a variable. */
  readonly env: Environment
  readonly deadline?: number
}

/** Throws a `ConfigError` with every fault that the schema or the plugin finds, or an `Error` with one sentence. */
export async function openPlugin<Opened extends AsyncDisposable, Context>(
  plugin: Plugin<string, TSchema, Opened, Context>,
  opening: Opening,
  context: Context,
): Promise<Opened> {
  const { section, path, deadline = DEFAULT_DEADLINE } = opening
  const config = await checkSection(plugin, opening)
  const cannot = `Cannot open ${path} (${plugin.kind} "${section.type}")`
  const opened = invoke(plugin, config, context)
  const inTime = await within(deadline, opened).catch((cause: unknown) => {
    if (cause instanceof AggregateError) throw new ConfigError(`the configuration of ${path}`, faultsIn(cause, path))
    throw new Error(`${cannot}: ${oneLine(cause instanceof Error ? cause.message : String(cause))}`, { cause })
  })
  if (inTime === TOO_LATE) {
    // Whatever still comes of it is not kept; how it fails after having been given up no longer matters.
    opened.then((late) => late[Symbol.asyncDispose]()).catch(() => undefined)
    throw new Error(`${cannot}: not open within ${deadline / 1000} s`)
  }
  const fault = faultOf(plugin.kind, inTime)
  if (fault !== undefined) throw new Error(`${cannot}: the plugin is faulty, ${fault}`)
  return inTime
}

function faultsIn({ errors }: AggregateError, path: string): Fault[] {
  return errors.map((error: unknown) => ({
    path,
    message: oneLine(error instanceof Error ? error.message : String(error)),
  }))
}

/** A plugin that throws before it returns a promise counts as one that rejects. */
async function invoke<Opened extends AsyncDisposable, Context>(
  plugin: Plugin<string, TSchema, Opened, Context>,
  config: unknown,
  context: Context,
): Promise<Opened> {
  return plugin.open(config, context)
}

/** The section with its secrets read and its defaults filled in. Throws a `ConfigError` with every fault. */
export async function checkSection(
  plugin: { readonly config: TSchema },
  { section, path, env }: Opening,
): Promise<unknown> {
  const own = Object.entries(section).filter(([key]) => !HOST_KEYS.includes(key))
  const written = secretsWritten(plugin.config, section, path)
  // Key by key: a section of one key called `file` is a section, not a secret.
  const read = await Promise.all(own.map(([key, raw]) => readSecrets(raw, `${path}.${key}`, env)))
  const resolved = Object.fromEntries(own.map(([key], index) => [key, read[index]]))
  const { value, faults: found } = checkValue(plugin.config, structuredClone(resolved), { path })
  const faults = [...written, ...found]
  if (faults.length > 0) {
    const secrets = own.flatMap(([, raw], index) => secretsIn(raw, read[index]))
    throw new ConfigError(`the configuration of ${path}`, hide(secrets, faults))
  }
  return Value.Decode(plugin.config, value)
}

/** What the schema marks `writeOnly` is named in the configuration by its place, never written there. */
function secretsWritten(schema: TSchema, raw: unknown, path: string): Fault[] {
  const properties: Readonly<Record<string, TSchema>> = schema['properties'] ?? {}
  return Object.entries(properties).flatMap(([name, child]) => {
    const value: unknown = Reflect.get(Object(raw), name)
    const here = `${path}.${name}`
    if (value === undefined || isSecretRef(value)) return []
    return child['writeOnly'] === true
      ? [{ path: here, message: `must be ${SecretRef.expect}` }]
      : secretsWritten(child, value, here)
  })
}

/** A schema may find fault with a secret, and the sentence must not show it. */
function hide(secrets: readonly string[], faults: readonly Fault[]): Fault[] {
  return faults.map(({ path, message }) => ({
    path,
    message: secrets.reduce((text, secret) => text.replaceAll(JSON.stringify(secret), 'what it holds'), message),
  }))
}

function secretsIn(raw: unknown, resolved: unknown): string[] {
  if (isSecretRef(raw)) return [String(resolved)]
  if (typeof raw !== 'object' || raw === null) return []
  return Object.entries(raw).flatMap(([key, each]) => secretsIn(each, Reflect.get(Object(resolved), key)))
}

const ABILITIES = ['password', 'redirect', 'negotiate']
const STORAGE_METHODS = ['migrate', 'get', 'find', 'commit', 'increment', 'deleteExpired']

/** What `open` returned comes from code that no compiler of ours has seen. */
function faultOf(kind: string, opened: unknown): string | undefined {
  if (typeof opened !== 'object' || opened === null) return '"open" returned no object'
  const has = (name: string | symbol): boolean => {
    const member: unknown = Reflect.get(opened, name)
    return typeof member === 'function' || (typeof member === 'object' && member !== null)
  }
  if (!has(Symbol.asyncDispose)) return 'what "open" returned has no [Symbol.asyncDispose]'
  if (kind === 'login' && !ABILITIES.some(has)) return `the source has none of ${ABILITIES.join(', ')}`
  const missing = kind === 'storage' ? STORAGE_METHODS.filter((method) => !has(method)) : []
  return missing.length > 0 ? `the storage lacks ${missing.join(', ')}` : undefined
}
