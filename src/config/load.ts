/** From a TOML file and the environment to a checked `Config`. */
import { dirname, resolve } from 'node:path'
import type { TSchema } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { checkValue } from './check.ts'
import { doubts, inconsistencies } from './consistency.ts'
import { applyEnvironment, type Environment } from './environment.ts'
import { ConfigError } from './fault.ts'
import { type Config, ConfigSchema } from './schema.ts'

export interface ConfigSource {
  /** The file; absent when the environment says everything. */
  readonly file?: string
  /** The folder that relative paths start at when there is no file. */
  readonly folder?: string
  readonly env: Environment
}

export interface LoadedConfig {
  readonly config: Config
  /** One sentence each: allowed, and probably not meant. */
  readonly warnings: readonly string[]
}

/** Reads, checks and completes a configuration; throws a `ConfigError` with every fault. */
export async function loadConfig({ file, folder, env }: ConfigSource): Promise<LoadedConfig> {
  if (file === undefined) return parseConfig({}, { env, folder: folder ?? '.', where: 'the environment' })
  const text = await readText(file)
  return parseConfig(parseToml(text, file), { env, folder: dirname(resolve(file)), where: file })
}

/** The same for a configuration that is no file. */
export function parseConfig(
  raw: Record<string, unknown>,
  { env, folder, where }: { readonly env: Environment; readonly folder: string; readonly where: string },
): LoadedConfig {
  const { origins, unknown } = applyEnvironment(ConfigSchema, raw, env)
  nameLoginSources(raw)
  const { value, faults } = checkValue(ConfigSchema, raw, { origins })
  const faulty = new Set(faults.map(({ path }) => path.split(/[.[]/)[0] ?? ''))
  const config = decode(soundPart(value, faulty), folder)
  const all = [...faults, ...inconsistencies(config, faulty)]
  if (all.length > 0) throw new ConfigError(where, all)
  return { config, warnings: [...unknown, ...doubts(config)] }
}

async function readText(file: string): Promise<string> {
  try {
    return await Bun.file(file).text()
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
    const message = missing ? 'there is no such file; "leveret init" writes one' : 'the file cannot be read'
    throw new ConfigError(file, [{ path: '', message }], { cause: error })
  }
}

function parseToml(text: string, file: string): Record<string, unknown> {
  try {
    return Bun.TOML.parse(text) as Record<string, unknown> // a TOML document is a table
  } catch (error) {
    const message = error instanceof Error ? error.message.replace(/^TOML Parse error: /, '') : String(error)
    throw new ConfigError(file, [{ path: '', message: `line ${faultyLine(text)}: ${message}` }], { cause: error })
  }
}

/** The parser does not say where it stopped: the line after the longest beginning of the file that parses. */
function faultyLine(text: string): number {
  const lines = text.split('\n')
  for (let count = lines.length - 1; count > 0; count--) {
    if (parses(lines.slice(0, count).join('\n'))) return count + 1
  }
  return 1
}

function parses(text: string): boolean {
  try {
    return Bun.TOML.parse(text) !== undefined
  } catch {
    return false
  }
}

/** A login source without an id is called by its type. */
function nameLoginSources(raw: Record<string, unknown>): void {
  const sources = raw['login']
  if (!Array.isArray(sources)) return
  raw['login'] = sources.map((each: unknown) => {
    if (typeof each !== 'object' || each === null) return each
    return { id: 'type' in each ? each.type : 'unnamed', ...each }
  })
}

/** The value with every faulty top-level key at its default, so that the rest can still be checked as a whole. */
function soundPart(value: unknown, faulty: ReadonlySet<string>): unknown {
  const known = Object.keys(ConfigSchema.properties)
  const given = Object.entries(Object(value)).filter(([key]) => known.includes(key) && !faulty.has(key))
  const required = { publicUrl: 'http://localhost', masterKey: { env: 'NONE' } }
  return Value.Default(ConfigSchema, { ...required, ...Object.fromEntries(given) })
}

function decode(value: unknown, folder: string): Config {
  return Value.Decode(ConfigSchema, absolutePaths(ConfigSchema, value, resolve(folder)))
}

/** Relative paths start at the folder of the file, not where the process happens to run. */
function absolutePaths(schema: TSchema, value: unknown, folder: string): unknown {
  if (typeof value === 'string') return schema.isPath === true ? resolve(folder, value) : value
  if (Array.isArray(value)) return value.map((each: unknown) => absolutePaths(schema['items'], each, folder))
  if (typeof value !== 'object' || value === null) return value
  if (schema.shape === 'secret') return 'file' in value ? { file: resolve(folder, String(value.file)) } : value
  const properties: Record<string, TSchema> = schema['properties'] ?? {}
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => {
      const child = properties[key]
      return [key, child === undefined ? each : absolutePaths(child, each, folder)]
    }),
  )
}
