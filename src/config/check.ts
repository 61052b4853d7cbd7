/** The one gate for configuration, the server's and each plugin's: fills defaults, refuses the rest, reports every fault. */
import type { TSchema } from '@sinclair/typebox'
import { Value, type ValueError, ValueErrorType } from '@sinclair/typebox/value'
import type { Fault } from './fault.ts'
import './formats.ts'
import { nearest } from './nearest.ts'

export interface CheckOptions {
  /** Where the value stands in the file: `storage`, `login[0]`; empty for the whole. */
  readonly path?: string
  /** Environment variables that values came from, by path. */
  readonly origins?: ReadonlyMap<string, string>
}

/** The value with defaults filled in, and all that is wrong with it; not yet decoded. */
export function checkValue(
  schema: TSchema,
  raw: unknown,
  options: CheckOptions = {},
): { value: unknown; faults: Fault[] } {
  const value = Value.Default(schema, raw)
  const faults = new Map<string, Fault>()
  for (const error of Value.Errors(schema, value)) {
    const path = dotted(options.path ?? '', error.path)
    const origin = options.origins?.get(path)
    const message = explain(error, schema) + (origin === undefined ? '' : ` (from ${origin})`)
    if (!faults.has(path)) faults.set(path, { path, message })
  }
  return { value, faults: [...faults.values()] }
}

/** `/login/0/type` as people write it: `login[0].type`. */
function dotted(prefix: string, pointer: string): string {
  const segments = pointer
    .split('/')
    .slice(1)
    .map((each) => each.replaceAll('~1', '/').replaceAll('~0', '~'))
  return segments.reduce((path, each) => {
    if (/^\d+$/.test(each)) return `${path}[${each}]`
    return path === '' ? each : `${path}.${each}`
  }, prefix)
}

function explain(error: ValueError, root: TSchema): string {
  if (error.type === ValueErrorType.ObjectAdditionalProperties) return unknownKey(error, root)
  if (error.type === ValueErrorType.ObjectRequiredProperty) return `is required: ${expectation(error.schema)}`
  return `must be ${expectation(error.schema)}${shown(error)}`
}

function unknownKey(error: ValueError, root: TSchema): string {
  const key = error.path.split('/').pop() ?? ''
  const known = Object.keys(error.schema['properties'] ?? {})
  const near = nearest(key, known)
  if (near !== undefined) return `unknown key; did you mean "${near}"?`
  const elsewhere = placesOf(key, root, '')[0]
  if (elsewhere !== undefined) return `unknown key here; did you mean "${elsewhere}"?`
  return `unknown key; known here: ${known.join(', ')}`
}

/** Where in the schema a key of this name belongs. */
function placesOf(key: string, schema: TSchema, path: string): string[] {
  const properties: Record<string, TSchema> = schema['properties'] ?? {}
  return Object.entries(properties).flatMap(([name, child]) => {
    const here = path === '' ? name : `${path}.${name}`
    return [...(name === key ? [here] : []), ...placesOf(key, child, here)]
  })
}

/** What would be right, in words. */
export function expectation(schema: TSchema): string {
  if (schema.expect !== undefined) return schema.expect
  if (schema['const'] !== undefined) return JSON.stringify(schema['const'])
  const { minimum, maximum } = schema
  const numbers = schema['type'] === 'integer' ? 'a whole number' : 'a number'
  switch (schema['type']) {
    case 'integer':
    case 'number':
      if (minimum !== undefined && maximum !== undefined) return `${numbers} from ${minimum} to ${maximum}`
      return minimum === undefined ? numbers : `${numbers} of at least ${minimum}`
    case 'boolean':
      return 'true or false'
    case 'string':
      return schema['minLength'] ? 'text that is not empty' : 'text'
    case 'array':
      return 'a list'
    case 'object':
      return 'a table'
    default:
      return choices(schema) ?? 'something else'
  }
}

function choices(schema: TSchema): string | undefined {
  const members: readonly TSchema[] | undefined = schema['anyOf']
  return members && [...new Set(members.map(expectation))].join(' or ')
}

/** The faulty value, unless it may be a secret in the wrong place. */
function shown({ value, schema }: ValueError): string {
  if (schema['shape'] === 'secret' || value === null || typeof value === 'object' || value === undefined) return ''
  const text = JSON.stringify(value) ?? ''
  return text.length > 60 ? '' : `, not ${text}`
}
