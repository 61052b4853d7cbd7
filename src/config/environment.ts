/**
 * Every key of the configuration can be given by an environment variable: `session.accessTokenTtl` by
 * `LEVERET_SESSION_ACCESS_TOKEN_TTL`. The environment comes in as a parameter; nothing here reads the process.
 */
import type { TSchema } from '@sinclair/typebox'
import { nearest } from './nearest.ts'

export type Environment = Readonly<Record<string, string | undefined>>

interface Variable {
  readonly path: readonly string[]
  readonly schema: TSchema
}

export interface Overrides {
  /** Variable names by the path of the value that they gave. */
  readonly origins: ReadonlyMap<string, string>
  /** Variables with our prefix that mean nothing, each with what was probably meant. */
  readonly unknown: readonly string[]
}

const PREFIX = 'LEVERET_'
/** Read by the command line or the build, no keys of the configuration. */
const OTHERS = ['LEVERET_CONFIG', 'LEVERET_COMMIT']
/** What Kubernetes adds for a service called leveret. */
const FOREIGN = /^LEVERET_(SERVICE_(HOST|PORT)|PORT)(_|$)/

export function variableName(path: readonly string[]): string {
  return PREFIX + path.map((each) => each.replace(/[A-Z]/g, '_$&').toUpperCase()).join('_')
}

/** Writes the values of the environment over those of the file, in place. Empty variables count as not set. */
export function applyEnvironment(schema: TSchema, raw: Record<string, unknown>, env: Environment): Overrides {
  const variables = new Map(variablesOf(schema, []).map((each) => [variableName(each.path), each]))
  const origins = new Map<string, string>()
  const unknown: string[] = []
  for (const [name, text] of Object.entries(env).sort(byLength)) {
    if (!name.startsWith(PREFIX) || text === undefined || text === '' || OTHERS.includes(name)) continue
    const found = resolve(name, text, variables)
    if (found === undefined) unknown.push(name)
    else if (put(raw, found.path, found.value)) origins.set(written(found.path), name)
  }
  const pointedAt = JSON.stringify(raw)
  const stray = unknown.filter((name) => !FOREIGN.test(name) && !pointedAt.includes(JSON.stringify(name)))
  return { origins, unknown: stray.map((name) => describeUnknown(name, [...variables.keys()])) }
}

/** Shorter names first, so that `LEVERET_LOGIN` does not undo `LEVERET_LOGIN_0_TYPE`. */
function byLength(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0].length - b[0].length || (a[0] < b[0] ? -1 : 1)
}

function describeUnknown(name: string, known: readonly string[]): string {
  const near = nearest(name, known)
  return near === undefined ? `${name} is no setting` : `${name} is no setting; did you mean ${near}?`
}

function variablesOf(schema: TSchema, path: readonly string[]): Variable[] {
  const properties: Record<string, TSchema> = schema['properties'] ?? {}
  return Object.entries(properties).flatMap(([key, child]): Variable[] => {
    const here = { path: [...path, key], schema: child }
    const below = child['type'] === 'object' ? variablesOf(child, here.path) : []
    return child['type'] === 'object' && child['additionalProperties'] === false ? below : [here, ...below]
  })
}

function resolve(
  name: string,
  text: string,
  variables: ReadonlyMap<string, Variable>,
): { path: readonly string[]; value: unknown } | undefined {
  const exact = variables.get(name)
  if (exact !== undefined) return { path: exact.path, value: read(name, text, exact.schema) }
  for (const [prefix, { path, schema }] of variables) {
    if (!name.startsWith(`${prefix}_`)) continue
    const rest = name.slice(prefix.length + 1)
    if (schema['shape'] === 'secret') {
      if (rest === 'FILE' || rest === 'ENV') return { path, value: { [rest.toLowerCase()]: text } }
    } else if (isListOfTables(schema)) {
      const match = /^(\d{1,2})_(.+)$/.exec(rest)
      if (match !== null) return inTable(schema['items'], [...path, match[1] ?? ''], match[2] ?? '', text)
    } else if (schema['type'] === 'object') return inTable(schema, path, rest, text)
  }
  return undefined
}

/** A key of an open table: one that the schema knows, else one of the plugin's own. */
function inTable(schema: TSchema, path: readonly string[], rest: string, text: string) {
  const key = rest.toLowerCase().replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
  const known: TSchema | undefined = schema['properties']?.[key]
  return { path: [...path, key], value: known === undefined ? guess(text) : read(key, text, known) }
}

function isListOfTables(schema: TSchema): boolean {
  return schema['type'] === 'array' && schema['items']['type'] === 'object'
}

/** Text as the schema wants it; text that does not fit stays as it is and is reported by the check. */
function read(name: string, text: string, schema: TSchema): unknown {
  if (schema['shape'] === 'secret') return { env: name }
  if (takesInteger(schema)) return /^-?\d{1,15}$/.test(text) ? Number(text) : text
  if (schema['type'] === 'boolean')
    return { true: true, '1': true, yes: true, false: false, '0': false, no: false }[text] ?? text
  if (schema['type'] === 'array' && !text.startsWith('[')) return text.split(',').map((each) => each.trim())
  return schema['type'] === 'array' || schema['type'] === 'object' ? json(text) : text
}

/** Alone or beside words: `4` or `auto`. */
function takesInteger(schema: TSchema): boolean {
  const members: readonly TSchema[] = schema['anyOf'] ?? [schema]
  return members.some(({ type }) => type === 'integer')
}

function guess(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^-?\d{1,15}$/.test(text)) return Number(text)
  return /^[[{]/.test(text) ? json(text) : text
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** False when the file has something else than a table on the way: the check reports that. */
function put(root: Record<string, unknown>, path: readonly string[], value: unknown): boolean {
  let table: Record<string, unknown> = root
  for (const [index, key] of path.slice(0, -1).entries()) {
    table[key] ??= /^\d+$/.test(path[index + 1] ?? '') ? [] : {}
    const next = table[key]
    if (typeof next !== 'object' || next === null) return false
    table = next as Record<string, unknown> // an array is written by index in the same way
  }
  table[path.at(-1) ?? ''] = value
  return true
}

function written(path: readonly string[]): string {
  return path.map((each, index) => (/^\d+$/.test(each) ? `[${each}]` : index === 0 ? each : `.${each}`)).join('')
}
