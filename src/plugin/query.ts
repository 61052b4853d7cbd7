/**
 * What a driver does with `Where`, `Query` and `Step` before it speaks to its engine: the checks, the declared way that
 * is used, the order, the cursor. A driver only turns a `Lookup` or a `CheckedStep` into a statement.
 */
import type { AnyCollection } from './collection.ts'
import {
  checkRow,
  checkScalar,
  checkSet,
  type FieldShape,
  type Scalar,
  type Shape,
  shapeOf,
  storable,
} from './shape.ts'
import { type AnyQuery, type AnyRow, type AnyWhere, type Increment, InvalidCursor, type Step } from './storage.ts'

/** A field that must have a value; `null` means "has no value", never "anything". */
export interface Condition {
  readonly field: FieldShape
  readonly value: Scalar
}

/** Rows to find, in terms that any engine knows. All conditions hold at once. */
export interface Lookup {
  readonly shape: Shape
  readonly equals: readonly Condition[]
  /** The field after `equals`, if a prefix or a range narrows it: `>= from` and `< to`, strings by code point. */
  readonly bounds?: { readonly field: FieldShape; readonly from?: Scalar; readonly to?: Scalar }
  /** Nullable fields of `by` beyond `equals`: a row in which one of them is `null` is not found. */
  readonly present: readonly FieldShape[]
  /** The fields of `by` beyond `equals`, then those of the key that are not yet fixed or named. Never null in a found row. */
  readonly order: readonly FieldShape[]
  /** No row can match, because a string was asked for that cannot be stored. */
  readonly nothing: boolean
}

/** A checked query: rows after the row that has `after` in the fields of `order`. */
export interface Find extends Lookup {
  readonly descending: boolean
  readonly limit: number
  readonly after?: readonly Scalar[]
  /** The cursor of a page that ends with this row. */
  readonly cursor: (last: AnyRow) => string
}

/** A checked step. An absent `key`, `when` or a lookup with `nothing` cannot match any row. */
export type CheckedStep =
  | { readonly kind: 'insert'; readonly shape: Shape; readonly row: AnyRow }
  | { readonly kind: 'update'; readonly shape: Shape; readonly target: Target; readonly set: AnyRow }
  | { readonly kind: 'take'; readonly shape: Shape; readonly target: Target }
  | { readonly kind: 'delete'; readonly shape: Shape; readonly lookup: Lookup }

/** One row by its key, if it is as guarded. */
export interface Target {
  readonly key: readonly Condition[]
  readonly when: readonly Condition[]
  /** No row can match, because a string was asked for that cannot be stored. */
  readonly nothing: boolean
}

/** Checks a key: its fields, nothing else. */
export function checkKey(collection: AnyCollection, key: AnyRow): Target {
  return target(shapeOf(collection), key, {})
}

function target(shape: Shape, key: AnyRow, when: AnyRow): Target {
  const wrong = Object.keys(key).length !== shape.key.length || shape.key.some((field) => !(field.name in key))
  if (wrong) throw new TypeError(`Cannot use ${shape.name}: its key is ${listOf(shape.key)}, nothing else`)
  const found = {
    key: shape.key.map((field) => ({ field, value: checkScalar(shape, field, key[field.name]) })),
    when: conditions(shape, when),
  }
  return { ...found, nothing: [...found.key, ...found.when].some(impossible) }
}

function conditions(shape: Shape, values: AnyRow): Condition[] {
  return Object.keys(values).map((name) => {
    const field = scalarField(shape, name)
    return { field, value: checkScalar(shape, field, values[name]) }
  })
}

function scalarField(shape: Shape, name: string): FieldShape {
  const field = shape.field.get(name)
  if (!field) throw new TypeError(`Cannot use ${shape.name}: there is no field "${name}"`)
  if (field.kind === 'json') throw new TypeError(`Cannot use ${shape.name}: field "${name}" is no scalar`)
  return field
}

function impossible({ field, value }: Condition): boolean {
  return typeof value === 'string' && !storable(field, value)
}

function listOf(fields: readonly FieldShape[]): string {
  return fields.map((field) => `"${field.name}"`).join(', ')
}

/** Checks a step before anything of its commit is applied. */
export function checkStep(step: Step): CheckedStep {
  if ('insert' in step) {
    const shape = shapeOf(step.insert)
    return { kind: 'insert', shape, row: checkRow(shape, step.row) }
  }
  if ('delete' in step) {
    const lookup = checkWhere(step.delete, step.where)
    return { kind: 'delete', shape: lookup.shape, lookup }
  }
  if ('take' in step) {
    const shape = shapeOf(step.take)
    return { kind: 'take', shape, target: target(shape, step.key, step.when ?? {}) }
  }
  const shape = shapeOf(step.update)
  return { kind: 'update', shape, target: target(shape, step.key, step.when ?? {}), set: checkSet(shape, step.set) }
}

/** Checks a where and works out what it means. */
export function checkWhere(collection: AnyCollection, where: AnyWhere): Lookup {
  const shape = shapeOf(collection)
  const asked = where.equals ?? {}
  const { fixed, rest, present, order } = wayOf(shape, where.by, Object.keys(asked))
  const equals = fixed.map((field) => ({ field, value: checkScalar(shape, field, asked[field.name]) }))
  const bounds = checkBounds(shape, rest[0], where)
  const prefix = where.prefix !== undefined && rest[0] !== undefined && !storable(rest[0], where.prefix)
  return { shape, equals, ...(bounds && { bounds }), present, order, nothing: prefix || equals.some(impossible) }
}

/** What of a where does not depend on the values in it. */
interface Way {
  /** The names that lead here. */
  readonly by: readonly string[] | undefined
  readonly names: readonly string[]
  /** The fields of `equals`, in the order of `by`. */
  readonly fixed: readonly FieldShape[]
  /** Those of `by` after them. */
  readonly rest: readonly FieldShape[]
  readonly present: readonly FieldShape[]
  readonly order: readonly FieldShape[]
}

/** A program asks in a few dozen ways, each very often. */
const ways = new WeakMap<Shape, Way[]>()

function wayOf(shape: Shape, by: readonly string[] | undefined, equals: readonly string[]): Way {
  const known = ways.get(shape) ?? []
  const found = known.find((way) => isSame(way.by, by) && isSame(way.names, equals))
  if (found) return found
  const way = newWay(shape, by, equals)
  ways.set(shape, [...known, way])
  return way
}

function isSame(these: readonly string[] | undefined, those: readonly string[] | undefined): boolean {
  if (!these || !those) return these === those
  return these.length === those.length && these.every((name, place) => name === those[place])
}

function newWay(shape: Shape, asked: readonly string[] | undefined, names: readonly string[]): Way {
  const by = declaredWay(shape, asked)
  const fixed = names.map((name) => scalarField(shape, name)).toSorted((a, b) => by.indexOf(a) - by.indexOf(b))
  if (!by.slice(0, fixed.length).every((field) => fixed.includes(field)))
    throw new TypeError(`Cannot search ${shape.name}: equals does not fix the leading fields of ${listOf(by)}`)
  const rest = by.slice(fixed.length)
  const order = [...rest, ...shape.key.filter((field) => !fixed.includes(field) && !rest.includes(field))]
  return { by: asked && [...asked], names, fixed, rest, present: rest.filter((field) => field.nullable), order }
}

function declaredWay(shape: Shape, by: readonly string[] | undefined): readonly FieldShape[] {
  if (!by) return shape.key
  const way = [shape.key, ...shape.unique, ...shape.indexes].find((declared) =>
    by.every((name, place) => declared[place]?.name === name),
  )
  if (!way || by.length === 0)
    throw new TypeError(`Cannot search ${shape.name}: no key, unique or index begins with "${by.join('", "')}"`)
  return way.slice(0, by.length)
}

function checkBounds(shape: Shape, field: FieldShape | undefined, { prefix, range }: AnyWhere): Lookup['bounds'] {
  if (prefix === undefined && range === undefined) return undefined
  const fault = (what: string) => new TypeError(`Cannot search ${shape.name}: ${what}`)
  if (prefix !== undefined && range !== undefined) throw fault('prefix and range exclude each other')
  if (!field) throw fault('no field is left for prefix or range')
  if (prefix !== undefined) {
    if (field.kind !== 'string' || typeof prefix !== 'string') throw fault(`prefix needs a string field and a string`)
    const to = afterPrefix(prefix)
    return { field, from: prefix, ...(to !== undefined && { to }) }
  }
  if (field.kind === 'boolean') throw fault(`field "${field.name}" has no range`)
  const bound = (value: unknown) => {
    const scalar = checkScalar(shape, { ...field, nullable: false }, value)
    if (typeof scalar === 'string' && !storable({ ...field, maxLength: Infinity }, scalar))
      throw new RangeError(`Cannot search ${shape.name}: range holds U+0000 or half a surrogate pair`)
    return scalar
  }
  return {
    field,
    ...(range?.from !== undefined && { from: bound(range.from) }),
    ...(range?.to !== undefined && { to: bound(range.to) }),
  }
}

/** The first string, by code point, after all that start with this text; `undefined` if there is none. */
function afterPrefix(prefix: string): string | undefined {
  const points = Array.from(prefix)
  for (let last = points.pop(); last !== undefined; last = points.pop()) {
    const point = last.codePointAt(0) ?? 0
    if (point < 0x10ffff) return points.join('') + String.fromCodePoint(point === 0xd7ff ? 0xe000 : point + 1)
  }
  return undefined
}

/** Checks a query and reads its cursor. */
export function checkQuery(collection: AnyCollection, query: AnyQuery): Find {
  const lookup = checkWhere(collection, query)
  const { limit, descending = false } = query
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
    throw new RangeError(`Cannot search ${lookup.shape.name}: limit is not 1 to 1000`)
  const mark = () => fingerprint(lookup, descending)
  return {
    ...lookup,
    descending,
    limit,
    ...(query.after !== undefined && { after: readCursor(lookup, mark(), query.after) }),
    cursor: (last) => encode([mark(), ...lookup.order.map((field) => last[field.name])]),
  }
}

/** Tells queries apart that must not share cursors. No secret: a forged cursor only starts the page elsewhere. */
function fingerprint({ shape, equals, bounds, order }: Lookup, descending: boolean): number {
  const fixed = equals.map(({ field, value }) => [field.name, value])
  const text = JSON.stringify([shape.name, fixed, bounds, order.map((field) => field.name), descending])
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return hash >>> 0
}

function encode(values: readonly unknown[]): string {
  return new TextEncoder().encode(JSON.stringify(values)).toBase64({ alphabet: 'base64url', omitPadding: true })
}

function readCursor({ shape, order }: Lookup, mark: number, cursor: string): Scalar[] {
  try {
    const bytes = Uint8Array.fromBase64(cursor, { alphabet: 'base64url' })
    const read: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (!Array.isArray(read) || read[0] !== mark || read.length !== order.length + 1)
      throw new TypeError('Foreign cursor')
    const values = order.map((field, place) => checkScalar(shape, { ...field, nullable: false }, read[place + 1]))
    if (order.some((field, place) => impossible({ field, value: values[place] ?? null })))
      throw new TypeError('Foreign cursor')
    return values
  } catch (cause) {
    throw new InvalidCursor(`Cannot search ${shape.name}: the cursor was not made by this query`, { cause })
  }
}

/** Checks an increment and its key; the collection holds its key, `count` and its `expiresAt`, nothing else. */
export function checkIncrement(
  collection: AnyCollection,
  key: AnyRow,
  increment: Increment,
): Target & { shape: Shape; end: FieldShape } {
  const shape = shapeOf(collection)
  const end = shape.expiresAt
  const whole = shape.fields.length === shape.key.length + 2 && shape.field.get('count')?.kind === 'integer'
  if (!end || end.nullable || !whole) throw new TypeError(`Cannot count in ${shape.name}: it is no counter`)
  const { by, limit, now, expiresAt } = increment
  if (![by, limit, now, expiresAt].every(Number.isSafeInteger) || by < 1 || limit < 0 || expiresAt <= now)
    throw new RangeError(
      `Cannot count in ${shape.name}: by is positive, limit not negative, expiresAt after now, all integers`,
    )
  const found = target(shape, key, {})
  if (found.nothing) throw new RangeError(`Cannot count in ${shape.name}: its key cannot be stored`)
  return { ...found, shape, end }
}

/** Checks a call of `deleteExpired`; returns the field that holds the end of life. */
export function checkExpiry(collection: AnyCollection, now: number, limit: number): { shape: Shape; end: FieldShape } {
  const shape = shapeOf(collection)
  if (!shape.expiresAt) throw new TypeError(`Cannot sweep ${shape.name}: it has no expiresAt`)
  if (!Number.isFinite(now) || !Number.isSafeInteger(limit) || limit < 1)
    throw new RangeError(`Cannot sweep ${shape.name}: now is a number and limit a positive integer`)
  return { shape, end: shape.expiresAt }
}
