/**
 * The storage contract over plain arrays, as simple as it can be said: the yardstick of the property tests. It knows rows
 * that are right already, checks nothing, and shares no code with the drivers.
 */
import type { AnyCollection, AnyQuery, AnyRow, AnyWhere, Commit, Counter, Increment, Step } from '#plugin'

export interface Model {
  get(collection: AnyCollection, key: AnyRow): AnyRow | undefined
  /** All rows of all pages. */
  find(collection: AnyCollection, query: Omit<AnyQuery, 'limit'>): AnyRow[]
  commit(steps: readonly Step[]): Commit
  increment(collection: AnyCollection, key: AnyRow, by: Increment): Counter
}

type Tables = Map<string, readonly AnyRow[]>

export function createModel(): Model {
  let tables: Tables = new Map()
  const rowsOf = (collection: AnyCollection) => tables.get(collection.name) ?? []
  return {
    get: (collection, key) => rowsOf(collection).find((row) => meets(row, key)),
    find: (collection, query) => found(rowsOf(collection), collection, query),
    commit(steps) {
      const before = tables
      tables = new Map(tables)
      const taken: (AnyRow | undefined)[] = []
      for (const [failed, step] of steps.entries()) {
        const done = apply(tables, step)
        if (!done) {
          tables = before
          return { ok: false, failed }
        }
        taken.push(done.taken)
      }
      return { ok: true, taken }
    },
    increment(collection, key, { by, limit, now, expiresAt }) {
      const row = rowsOf(collection).find((one) => meets(one, key) && Number(one.expiresAt) > now)
      const count = Number(row?.count ?? 0)
      const ends = Number(row?.expiresAt ?? expiresAt)
      if (count + by > limit) return { ok: false, count, expiresAt: ends }
      const others = rowsOf(collection).filter((one) => !meets(one, key))
      tables.set(collection.name, [...others, { ...key, count: count + by, expiresAt: ends }])
      return { ok: true, count: count + by, expiresAt: ends }
    },
  }
}

function apply(tables: Tables, step: Step): { readonly taken?: AnyRow } | undefined {
  const collection =
    'insert' in step ? step.insert : 'update' in step ? step.update : 'take' in step ? step.take : step.delete
  const rows = tables.get(collection.name) ?? []
  const keep = (next: readonly AnyRow[]) => tables.set(collection.name, next)
  if ('insert' in step) {
    if (collides(collection, rows, step.row)) return undefined
    keep([...rows, step.row])
    return {}
  }
  if ('delete' in step) {
    const gone = found(rows, collection, step.where)
    keep(rows.filter((row) => !gone.includes(row)))
    return {}
  }
  const row = rows.find((one) => meets(one, step.key) && meets(one, step.when ?? {}))
  if (!row) return undefined
  const others = rows.filter((one) => one !== row)
  if ('take' in step) {
    keep(others)
    return { taken: row }
  }
  const next = { ...row, ...step.set }
  if (collides(collection, others, next)) return undefined
  keep([...others, next])
  return {}
}

function meets(row: AnyRow, values: AnyRow): boolean {
  return Object.entries(values).every(([field, value]) => row[field] === value)
}

function collides({ key, unique = [] }: AnyCollection, rows: readonly AnyRow[], row: AnyRow): boolean {
  return [key, ...unique].some((fields) =>
    rows.some((other) => fields.every((field) => row[field] !== null && row[field] === other[field])),
  )
}

function found(
  rows: readonly AnyRow[],
  { key }: AnyCollection,
  { by = key, equals = {}, prefix, range, ...rest }: AnyWhere & { descending?: boolean },
) {
  const open = by.filter((field) => !(field in equals))
  const [next = ''] = open
  const within = (row: AnyRow) =>
    (prefix === undefined || String(row[next]).startsWith(prefix)) &&
    (range?.from === undefined || compare(row[next], range.from) >= 0) &&
    (range?.to === undefined || compare(row[next], range.to) < 0)
  const matching = rows.filter((row) => meets(row, equals) && open.every((field) => row[field] !== null) && within(row))
  const order = (a: AnyRow, b: AnyRow) =>
    [...open, ...key].reduce((sign, field) => sign || compare(a[field], b[field]), 0)
  return matching.toSorted((a, b) => (rest.descending ? order(b, a) : order(a, b)))
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'string' && typeof b === 'string') return Buffer.compare(Buffer.from(a), Buffer.from(b))
  return Number(a) - Number(b)
}
