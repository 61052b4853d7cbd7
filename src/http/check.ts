/** Input against a schema: every fault at once, in words that say what would be right. */
import type { TSchema } from '@sinclair/typebox'
import { type TypeCheck, TypeCompiler, ValueErrorType } from '@sinclair/typebox/compiler'
import { Problem } from '../core/problem.ts'

export type Check = (value: unknown) => void

const MAX_FAULTS = 20

/** Compiled at its first use: most endpoints are not called at most starts. */
export function checkOf(schema: TSchema): Check {
  let validator: TypeCheck<TSchema> | undefined
  return (value) => {
    validator ??= TypeCompiler.Compile(schema)
    if (!validator.Check(value)) throw faulty(validator, value)
  }
}

/** What is missing, where a schema cannot say it: one of several ways has to be taken. */
export function missing(paths: readonly string[]): Problem {
  return refusing(paths.map((path) => ({ path, message: 'Is required' })))
}

function faulty(validator: TypeCheck<TSchema>, value: unknown): Problem {
  const faults = new Map<string, string>()
  for (const { path, type, schema } of validator.Errors(value)) {
    if (faults.size === MAX_FAULTS) break
    if (!faults.has(path)) faults.set(path.slice(0, 190), words(type, schema))
  }
  return refusing([...faults].map(([path, message]) => ({ path: path === '' ? '/' : path, message })))
}

function refusing(faults: readonly { readonly path: string; readonly message: string }[]): Problem {
  return new Problem('invalid_request', 'Some of the input is not as it should be; see faults', { faults })
}

function words(type: ValueErrorType, schema: TSchema): string {
  if (type === ValueErrorType.ObjectRequiredProperty) return `Is required: ${described(schema)}`
  if (type !== ValueErrorType.ObjectAdditionalProperties) return `Expected ${described(schema)}`
  const known = Object.keys((schema['properties'] ?? {}) as object)
  return known.length === 0 ? 'Is unknown here' : `Is unknown here; known are ${known.join(', ')}`
}

/** What this schema takes, for people. */
function described(schema: TSchema): string {
  const choices = schema['anyOf'] as readonly TSchema[] | undefined
  if (choices)
    return choices.length === 1 ? described(choices[0] ?? schema) : `one of ${choices.map(choice).join(', ')}`
  if (schema['const'] !== undefined) return choice(schema)
  if (schema['type'] === 'string') return `text${within(schema['minLength'], schema['maxLength'], ' characters')}`
  if (schema['type'] === 'integer') return `a whole number${within(schema['minimum'], schema['maximum'], '')}`
  if (schema['type'] === 'array') return `a list${within(schema['minItems'], schema['maxItems'], ' items')}`
  if (schema['type'] === 'boolean') return 'true or false'
  return schema['type'] === undefined ? 'another value' : `an ${String(schema['type'])}`
}

function choice(schema: TSchema): string {
  if (schema['const'] !== undefined) return String(schema['const'])
  return schema['type'] === 'null' ? 'null' : described(schema)
}

function within(least: unknown, most: unknown, unit: string): string {
  const [from, to] = [typeof least === 'number' ? least : undefined, typeof most === 'number' ? most : undefined]
  if (from !== undefined && to !== undefined) return ` of ${from} to ${to}${unit}`
  if (from !== undefined) return ` of at least ${from}${unit}`
  return to === undefined ? '' : ` of at most ${to}${unit}`
}
