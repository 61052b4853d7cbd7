/**
 * What a declaration means to a driver: one shape per collection, worked out once, and the checks of everything that is
 * written. Every driver uses these, so that all of them take and refuse the same things with the same sentences.
 */
import type { TSchema } from '@sinclair/typebox'
import type { AnyCollection } from './collection.ts'
import type { AnyRow } from './storage.ts'

/** `json` is anything that is not a scalar; it is kept as JSON text. */
export type FieldKind = 'string' | 'integer' | 'number' | 'boolean' | 'json'
export type Scalar = string | number | boolean | null

export interface FieldShape {
  readonly name: string
  /** The field's name in snake_case. */
  readonly column: string
  readonly kind: FieldKind
  readonly nullable: boolean
  readonly maxLength?: number
}
export interface Shape {
  readonly name: string
  readonly fields: readonly FieldShape[]
  readonly field: ReadonlyMap<string, FieldShape>
  readonly key: readonly FieldShape[]
  readonly unique: readonly (readonly FieldShape[])[]
  readonly indexes: readonly (readonly FieldShape[])[]
  readonly expiresAt?: FieldShape
}

/** The longest string that every engine can index. */
const INDEXABLE = 190
const RESERVED = /^(leveret|sqlite|pg)_/
const shapes = new WeakMap<AnyCollection, Shape>()

/** The shape of a collection. Throws a `TypeError` that names what is wrong with the declaration. */
export function shapeOf(collection: AnyCollection): Shape {
  const known = shapes.get(collection)
  if (known) return known
  const shape = readDeclaration(collection)
  shapes.set(collection, shape)
  return shape
}

function readDeclaration(collection: AnyCollection): Shape {
  const { name, fields, expiresAt } = collection
  const fault = (what: string) => new TypeError(`Cannot use collection "${name}": ${what}`)
  if (!/^[a-z][a-z0-9_]{0,39}$/.test(name)) throw fault('its name is not snake_case of at most 40 characters')
  if (RESERVED.test(name)) throw fault('its name begins with a reserved word')
  const shaped = Object.entries(fields.properties).map(([field, schema]) => {
    if (!/^[a-z][a-zA-Z0-9]{0,39}$/.test(field))
      throw fault(`field "${field}" is not camelCase of at most 40 characters`)
    if (!fields.required?.includes(field)) throw fault(`field "${field}" is optional, make it nullable instead`)
    return { name: field, column: field.replace(/[A-Z]/g, (upper) => `_${upper.toLowerCase()}`), ...kindOf(schema) }
  })
  const field = new Map(shaped.map((one) => [one.name, one]))
  if (new Set(shaped.map((one) => one.column)).size < shaped.length) throw fault('two fields share a column name')
  const indexed = (names: readonly string[], what: string) => {
    if (names.length === 0 || new Set(names).size < names.length) throw fault(`${what} is empty or names a field twice`)
    return names.map((one) => {
      const found = field.get(one)
      if (!found) throw fault(`${what} names "${one}", which is no field`)
      if (found.kind === 'json') throw fault(`${what} names "${one}", which is no scalar`)
      if (found.kind === 'string' && (found.maxLength ?? Infinity) > INDEXABLE)
        throw fault(`${what} names "${one}", which lacks a maxLength of at most ${INDEXABLE}`)
      return found
    })
  }
  const key = indexed(collection.key, 'its key')
  if (key.some((one) => one.nullable)) throw fault('its key holds a nullable field')
  const end = expiresAt === undefined ? undefined : field.get(expiresAt)
  if (expiresAt !== undefined && end?.kind !== 'integer')
    throw fault(`expiresAt names "${expiresAt}", which is no integer`)
  return {
    name,
    fields: shaped,
    field,
    key,
    unique: (collection.unique ?? []).map((names) => indexed(names, 'a unique')),
    indexes: (collection.indexes ?? []).map((names) => indexed(names, 'an index')),
    ...(end && { expiresAt: end }),
  }
}

type Kind = Pick<FieldShape, 'kind' | 'nullable' | 'maxLength'>

function kindOf(schema: TSchema): Kind {
  if ('const' in schema) return kindOfLiteral(schema.const)
  if (Array.isArray(schema.anyOf)) return schema.anyOf.map((member: TSchema) => kindOf(member)).reduce(either)
  switch (schema.type) {
    case 'string':
      return { kind: 'string', nullable: false, ...(schema.maxLength !== undefined && { maxLength: schema.maxLength }) }
    case 'integer':
    case 'number':
    case 'boolean':
      return { kind: schema.type, nullable: false }
    case 'array':
    case 'object':
      return { kind: 'json', nullable: false }
    default:
      return { kind: 'json', nullable: true }
  }
}

function kindOfLiteral(value: unknown): Kind {
  if (typeof value === 'string') return { kind: 'string', nullable: false, maxLength: value.length }
  if (typeof value === 'boolean') return { kind: 'boolean', nullable: false }
  return { kind: Number.isSafeInteger(value) ? 'integer' : 'number', nullable: false }
}

function either(a: Kind, b: Kind): Kind {
  const isNull = (kind: Kind) => kind.kind === 'json' && kind.nullable
  if (isNull(a) || isNull(b)) return { ...(isNull(a) ? b : a), nullable: true }
  const nullable = a.nullable || b.nullable
  const numeric = (kind: FieldKind) => kind === 'integer' || kind === 'number'
  if (numeric(a.kind) && numeric(b.kind)) return { kind: a.kind === b.kind ? a.kind : 'number', nullable }
  if (a.kind !== b.kind) return { kind: 'json', nullable }
  if (a.maxLength === undefined || b.maxLength === undefined) return { kind: a.kind, nullable }
  return { kind: a.kind, nullable, maxLength: Math.max(a.maxLength, b.maxLength) }
}

/** Checks a row that is to be written: every declared field, nothing else, each of its kind. Returns the values to store. */
export function checkRow(shape: Shape, row: AnyRow): AnyRow {
  for (const { name } of shape.fields) {
    if (row[name] === undefined) throw new TypeError(`Cannot write ${shape.name}: field "${name}" is missing`)
  }
  return checkFields(shape, row)
}

/** Checks the changes of an update: declared fields outside the key. Returns the values to store. */
export function checkSet(shape: Shape, set: AnyRow): AnyRow {
  const inKey = shape.key.find((field) => field.name in set)
  if (inKey) throw new TypeError(`Cannot update ${shape.name}: field "${inKey.name}" is part of the key`)
  return checkFields(shape, set)
}

function checkFields(shape: Shape, values: AnyRow): AnyRow {
  const checked: Record<string, unknown> = {}
  for (const name of Object.keys(values)) {
    const field = shape.field.get(name)
    if (!field) throw new TypeError(`Cannot write ${shape.name}: there is no field "${name}"`)
    checked[name] = checkValue(shape, field, values[name])
  }
  return checked
}

function checkValue(shape: Shape, field: FieldShape, value: unknown): unknown {
  if (field.kind === 'json' && value !== null) return checkJson(shape, field, value)
  const scalar = checkScalar(shape, field, value)
  if (typeof scalar !== 'string') return scalar
  if (!storable(field, scalar))
    throw new RangeError(
      `Cannot write ${shape.name}: field "${field.name}" is too long or holds U+0000 or half a surrogate pair`,
    )
  return scalar
}

/** A value of this field's kind, whether or not it could be stored. -0 becomes 0. */
export function checkScalar(shape: Shape, field: FieldShape, value: unknown): Scalar {
  const fault = (what: string) => `Cannot use ${shape.name}: field "${field.name}" ${what}`
  if (field.kind === 'json' && value !== null) throw new TypeError(fault('is no scalar'))
  if (value === null) {
    if (field.nullable) return null
    throw new TypeError(fault('cannot be null'))
  }
  const type = field.kind === 'integer' ? 'number' : field.kind
  if (typeof value !== type) throw new TypeError(fault(`is no ${field.kind}`))
  if (typeof value === 'number') {
    if (field.kind === 'integer' ? !Number.isSafeInteger(value) : !Number.isFinite(value))
      throw new RangeError(fault(field.kind === 'integer' ? 'is no integer of 53 bits' : 'is no finite number'))
    return value === 0 ? 0 : value
  }
  return value as string | boolean
}

/** Whether a string of this field can be in the store at all: no U+0000, no half surrogate pair, not too long. */
export function storable(field: FieldShape, text: string): boolean {
  return text.length <= (field.maxLength ?? Infinity) && !text.includes('\0') && text.isWellFormed()
}

/** JSON as it will be read back: members that are `undefined` are left out, as JSON does. */
function checkJson(shape: Shape, field: FieldShape, value: unknown): unknown {
  if (!isJson(value)) throw new TypeError(`Cannot write ${shape.name}: field "${field.name}" is not JSON`)
  return value
}

function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (Array.isArray(value)) return value.every(isJson)
  if (typeof value !== 'object' || 'toJSON' in value) return false
  return Object.values(value).every((member) => member === undefined || isJson(member))
}
