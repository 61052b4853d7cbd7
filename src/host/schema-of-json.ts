/**
 * A JSON Schema, as a manifest or another process carries it, as the TypeBox schema that the configuration gate checks
 * with. A small part of JSON Schema on purpose: what cannot be checked is refused rather than ignored.
 */
import { type TSchema, Type as t } from '@sinclair/typebox'

const NOTES = ['title', 'description', 'default', 'examples', 'expect', 'shape', 'isPath', '$schema', '$id', 'format']
const KEYWORDS: Readonly<Record<string, readonly string[]>> = {
  object: ['properties', 'required', 'additionalProperties', 'patternProperties'],
  array: ['items', 'minItems', 'maxItems', 'uniqueItems'],
  string: ['minLength', 'maxLength', 'pattern'],
  integer: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  number: ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  boolean: [],
  null: [],
}

/** Throws a `TypeError` that names the place and the keyword that are not supported. */
export function schemaOfJson(schema: unknown, place = 'config'): TSchema {
  if (!isTable(schema)) throw new TypeError(`${place} is not a JSON Schema object`)
  const { type, ...rest } = schema
  const notes = Object.fromEntries(Object.entries(rest).filter(([key]) => NOTES.includes(key) && key !== 'format'))
  const constraints = Object.keys(rest).filter((key) => !NOTES.includes(key))
  if ('const' in rest) return literal(rest['const'], place, notes)
  if (Array.isArray(rest['enum']))
    return t.Union(
      rest['enum'].map((each) => literal(each, place)),
      notes,
    )
  const members = rest['anyOf'] ?? rest['oneOf']
  if (Array.isArray(members))
    return t.Union(
      members.map((each, at) => schemaOfJson(each, `${place}.anyOf[${at}]`)),
      notes,
    )
  if (type === undefined && constraints.length === 0) return t.Unknown(notes)
  if (type === undefined) throw new TypeError(`${place}.${constraints[0] ?? ''} is not supported`)
  const known = typeof type === 'string' && Object.hasOwn(KEYWORDS, type) ? KEYWORDS[type] : undefined
  if (!known || typeof type !== 'string')
    throw new TypeError(`${place}.type is ${JSON.stringify(type)}, which is not supported`)
  const unknown = constraints.find((key) => !known.includes(key))
  if (unknown !== undefined) throw new TypeError(`${place}.${unknown} is not supported`)
  const options = { ...notes, ...Object.fromEntries(constraints.map((key) => [key, rest[key]])) }
  return ofType(type, options, place)
}

function ofType(type: string, options: Record<string, unknown>, place: string): TSchema {
  switch (type) {
    case 'object':
      return objectOf(options, place)
    case 'array':
      return t.Array(schemaOfJson(options['items'] ?? {}, `${place}.items`), options)
    case 'string':
      return t.String(options)
    case 'integer':
      return t.Integer(options)
    case 'number':
      return t.Number(options)
    case 'boolean':
      return t.Boolean(options)
    default:
      return t.Null(options)
  }
}

/** What TypeBox writes for a record: one pattern for all keys. */
function recordOf(patterns: unknown, notes: Record<string, unknown>, place: string): TSchema {
  const [[pattern, each] = [], ...more] = isTable(patterns) ? Object.entries(patterns) : []
  if (pattern === undefined || more.length > 0) throw new TypeError(`${place}.patternProperties is not supported`)
  return t.Record(t.String({ pattern }), schemaOfJson(each, `${place}.*`), notes)
}

function objectOf(
  { properties = {}, required = [], additionalProperties, patternProperties, ...notes }: Record<string, unknown>,
  place: string,
): TSchema {
  if (patternProperties !== undefined) return recordOf(patternProperties, notes, place)
  if (!isTable(properties) || !Array.isArray(required)) throw new TypeError(`${place} has malformed properties`)
  const fields = Object.entries(properties).map(([name, each]): [string, TSchema] => {
    const field = schemaOfJson(each, `${place}.${name}`)
    return [name, required.includes(name) ? field : t.Optional(field)]
  })
  const more = isTable(additionalProperties)
    ? schemaOfJson(additionalProperties, `${place}.additionalProperties`)
    : additionalProperties !== false
  return t.Object(Object.fromEntries(fields), { ...notes, additionalProperties: more })
}

function literal(value: unknown, place: string, notes: Record<string, unknown> = {}): TSchema {
  if (value === null) return t.Null(notes)
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return t.Literal(value, notes)
  throw new TypeError(`${place} has a constant that is no scalar`)
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
