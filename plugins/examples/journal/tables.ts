/** Records in memory, and what one line does to them. The same lines in the same order always give the same records. */
import {
  type AnyCollection,
  type AnyRow,
  checkIncrement,
  checkStep,
  type CheckedStep,
  type Commit,
  type Condition,
  type Counter,
  type FieldShape,
  type Find,
  type Increment,
  type Lookup,
  type Scalar,
  type Shape,
  shapeOf,
  type Step,
} from 'leveret/plugin'

/** Rows by the text of their key, by the name of their collection. */
export type Tables = Map<string, ReadonlyMap<string, AnyRow>>

/** A line. */
export interface Entry {
  readonly id: string
  readonly commit?: readonly Step[]
  readonly increment?: { readonly collection: AnyCollection; readonly key: AnyRow; readonly by: Increment }
  /** Collections that have new fields, which are null in the rows that are there. */
  readonly grow?: readonly AnyCollection[]
  readonly sweep?: { readonly collection: AnyCollection; readonly now: number; readonly limit: number }
}
export interface Outcome {
  readonly commit?: Commit
  readonly counter?: Counter
  readonly removed?: number
}

export function keyOf(values: readonly unknown[]): string {
  return JSON.stringify(values)
}

function keyOfRow({ key }: Shape, row: AnyRow): string {
  return keyOf(key.map(({ name }) => row[name]))
}

export function apply(tables: Tables, { commit, increment, grow, sweep }: Entry): Outcome {
  for (const { name, fields } of grow ?? []) {
    const empty = Object.fromEntries(Object.keys(fields.properties).map((field) => [field, null]))
    tables.set(
      name,
      new Map(
        tables
          .get(name)
          ?.entries()
          .map(([key, row]) => [key, { ...empty, ...row }]),
      ),
    )
  }
  if (commit) return { commit: applySteps(tables, commit) }
  if (increment) return { counter: count(tables, increment) }
  return { removed: sweep ? removeExpired(tables, sweep) : 0 }
}

/** Whether some row lacks a field. */
export function lacksField(tables: Tables, { name, fields }: AnyCollection): boolean {
  const names = Object.keys(fields.properties)
  return (
    tables
      .get(name)
      ?.values()
      .some((row) => names.some((field) => row[field] === undefined)) ?? false
  )
}

function applySteps(tables: Tables, steps: readonly Step[]): Commit {
  const before = new Map(tables)
  const taken: (AnyRow | undefined)[] = []
  for (const [failed, step] of steps.entries()) {
    const row = applyStep(tables, checkStep(step))
    if (row === 'failed') {
      for (const [name, rows] of before) tables.set(name, rows)
      for (const name of tables.keys()) if (!before.has(name)) tables.delete(name)
      return { ok: false, failed }
    }
    taken.push(row)
  }
  return { ok: true, taken }
}

/** The row that was taken, nothing, or that the step failed. Tables are replaced, never changed: a commit can go back. */
function applyStep(tables: Tables, step: CheckedStep): AnyRow | undefined | 'failed' {
  const { shape } = step
  const rows = new Map(tables.get(shape.name))
  if (step.kind === 'insert') {
    if (rows.has(keyOfRow(shape, step.row)) || collides(shape, rows, step.row)) return 'failed'
    rows.set(keyOfRow(shape, step.row), step.row)
  } else if (step.kind === 'delete') {
    for (const row of rows.values()) if (matches(step.lookup, row)) rows.delete(keyOfRow(shape, row))
  } else {
    const { key, when, nothing } = step.target
    const name = keyOf(key.map(({ value }) => value))
    const row = rows.get(name)
    if (!row || nothing || !when.every((condition) => holds(condition, row))) return 'failed'
    rows.delete(name)
    if (step.kind === 'take') {
      tables.set(shape.name, rows)
      return row
    }
    const next = { ...row, ...step.set }
    if (collides(shape, rows, next)) return 'failed'
    rows.set(name, next)
  }
  tables.set(shape.name, rows)
  return undefined
}

function collides({ unique }: Shape, rows: ReadonlyMap<string, AnyRow>, row: AnyRow): boolean {
  return unique.some((fields) => {
    if (fields.some(({ name }) => row[name] === null)) return false
    return rows.values().some((other) => fields.every(({ name }) => other[name] === row[name]))
  })
}

function holds({ field, value }: Condition, row: AnyRow): boolean {
  return row[field.name] === value
}

function matches({ equals, bounds, present, nothing }: Lookup, row: AnyRow): boolean {
  if (nothing || !equals.every((condition) => holds(condition, row))) return false
  if (present.some(({ name }) => row[name] === null)) return false
  if (!bounds) return true
  const value = row[bounds.field.name] as Scalar // bounds are on scalars
  const { from, to } = bounds
  return (from === undefined || compare(value, from) >= 0) && (to === undefined || compare(value, to) < 0)
}

/** Rows from the cursor on, in order, one more than asked for if there are more. */
export function find(rows: ReadonlyMap<string, AnyRow> | undefined, wanted: Find): AnyRow[] {
  const { order, descending, after, limit } = wanted
  const turn = descending ? -1 : 1
  const values = (row: AnyRow) => order.map(({ name }) => row[name] as Scalar) // only scalars can be ordered
  return [...(rows?.values() ?? [])]
    .filter((row) => matches(wanted, row))
    .toSorted((a, b) => turn * compareAll(order, values(a), values(b)))
    .filter((row) => after === undefined || turn * compareAll(order, values(row), after) > 0)
    .slice(0, limit + 1)
}

function compareAll(order: readonly FieldShape[], a: readonly Scalar[], b: readonly Scalar[]): number {
  return order.reduce((sign, _, at) => sign || compare(a[at] ?? null, b[at] ?? null), 0)
}

/** Strings by code point, which is what their UTF-8 sorts by. */
function compare(a: Scalar, b: Scalar): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return Number(a) - Number(b)
}

function count(tables: Tables, { collection, key, by }: NonNullable<Entry['increment']>): Counter {
  const { shape, end, key: wanted } = checkIncrement(collection, key, by)
  const name = keyOf(wanted.map(({ value }) => value))
  const row = tables.get(shape.name)?.get(name)
  const alive = row !== undefined && Number(row[end.name]) > by.now
  const before = alive ? Number(row['count']) : 0
  const expiresAt = alive ? Number(row[end.name]) : by.expiresAt
  if (before + by.by > by.limit) return { ok: false, count: before, expiresAt }
  const next = { ...key, count: before + by.by, [end.name]: expiresAt }
  tables.set(shape.name, new Map(tables.get(shape.name)).set(name, next))
  return { ok: true, count: before + by.by, expiresAt }
}

function removeExpired(tables: Tables, { collection, now, limit }: NonNullable<Entry['sweep']>): number {
  const shape = shapeOf(collection)
  const end = shape.expiresAt?.name ?? ''
  const rows = new Map(tables.get(shape.name))
  const gone = [...rows.values()].filter((row) => row[end] !== null && Number(row[end]) <= now).slice(0, limit)
  for (const row of gone) rows.delete(keyOfRow(shape, row))
  tables.set(shape.name, rows)
  return gone.length
}
