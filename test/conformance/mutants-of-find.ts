/** Broken `get` and `find`, and rows that do not come back as they were written. */
import { type AnyCollection, type AnyQuery, type AnyRow, InvalidCursor, type Step, type Storage } from '#plugin'
import type { Mutant } from './mutants.ts'

function finding(
  name: string,
  fails: string,
  find: (right: Storage, collection: AnyCollection, query: AnyQuery) => ReturnType<Storage['find']>,
): Mutant {
  return { name, fails: [fails], over: (right) => ({ ...right, find: (...asked) => find(right, ...asked) }) }
}

/** Rows change on their way into the store. */
function writing(name: string, fails: string, change: (value: unknown) => unknown): Mutant {
  const changed = (row: AnyRow) =>
    Object.fromEntries(Object.entries(row).map(([field, value]) => [field, change(value)]))
  return {
    name,
    fails: [fails],
    over: (right) => ({
      ...right,
      commit: (steps: readonly Step[]) =>
        right.commit(steps.map((step) => ('insert' in step ? { ...step, row: changed(step.row) } : step))),
    }),
  }
}

function reading(
  name: string,
  fails: string,
  get: (right: Storage, collection: AnyCollection, key: AnyRow) => ReturnType<Storage['get']>,
): Mutant {
  return { name, fails: [fails], over: (right) => ({ ...right, get: (...asked) => get(right, ...asked) }) }
}

const asText = (change: (text: string) => string) => (value: unknown) =>
  typeof value === 'string' ? change(value) : value
const orderOf = (row: AnyRow | undefined, { by = [] }: AnyQuery) => by.map((field) => row?.[field]).join()

export const brokenFinds: readonly Mutant[] = [
  {
    name: 'get answers from memory',
    fails: ['get() sees every write that was acknowledged before the call'],
    over(right) {
      const known = new Map<string, AnyRow>()
      return {
        ...right,
        async get(collection, key) {
          const name = JSON.stringify([collection.name, key])
          const row = known.get(name) ?? (await right.get(collection, key))
          if (row) known.set(name, row)
          return row
        },
      }
    },
  },
  reading('get hides expired rows', 'get() and find() return expired rows', async (right, collection, key) => {
    const row = await right.get(collection, key)
    return typeof row?.endsAt === 'number' ? undefined : row
  }),
  reading(
    'get compares without case',
    'get() returns undefined for a row that is not there',
    async (right, collection, key) => {
      const lower = Object.fromEntries(
        Object.entries(key).map(([field, value]) => [field, asText((text) => text.toLowerCase())(value)]),
      )
      return (await right.get(collection, key)) ?? right.get(collection, lower)
    },
  ),
  reading(
    'get looks at the first field of the key only',
    'get() takes every field of the key into account, in any order',
    async (right, collection, key) => {
      const first = collection.key[0] ?? ''
      return (await right.find(collection, { equals: { [first]: key[first] }, limit: 1 })).rows[0]
    },
  ),
  reading('get takes any key', 'get() of a key that is not the declared one throws', (right, collection, key) =>
    right.get(collection, key).catch(() => undefined),
  ),
  {
    name: 'get hands out its own row',
    fails: ['what a read returns is a copy'],
    over(right) {
      const rows = new Map<unknown, AnyRow | undefined>()
      return {
        ...right,
        async get(collection, key) {
          if (!rows.has(key.id)) rows.set(key.id, await right.get(collection, key))
          return rows.get(key.id)
        },
      }
    },
  },
  reading(
    'get leaves out what has no value',
    'a row comes back as it was written: no value and empty text are two things',
    async (right, collection, key) => {
      const row = await right.get(collection, key)
      return row && Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))
    },
  ),
  writing(
    'strings are trimmed',
    'a row comes back as it was written: any Unicode text but U+0000',
    asText((text) => text.trim()),
  ),
  writing(
    'strings are normalised',
    'strings of a key differ by case, by space and by composition',
    asText((text) => text.normalize()),
  ),
  writing(
    'empty text is no value',
    'a row comes back as it was written: no value and empty text are two things',
    (value) => (value === '' ? ' ' : value),
  ),
  writing('integers have 32 bits', 'a row comes back as it was written: integers of 53 bits', (value) =>
    typeof value === 'number' && Number.isInteger(value) ? value | 0 : value,
  ),
  writing('numbers are single floats', 'a row comes back as it was written: numbers', (value) =>
    typeof value === 'number' ? Math.fround(value) : value,
  ),
  writing('booleans are always true', 'a row comes back as it was written: booleans', (value) =>
    typeof value === 'boolean' ? true : value,
  ),
  writing('arrays are sorted', 'a row comes back as it was written: arrays', (value) =>
    Array.isArray(value) ? value.toSorted(() => 1).reverse() : value,
  ),
  writing('JSON is flattened', 'a row comes back as it was written: nullable JSON', (value) =>
    value !== null && typeof value === 'object' && 'deep' in value ? {} : value,
  ),
  writing(
    'U+0000 is dropped',
    'a write that the declaration rules out throws and applies nothing: U+0000',
    asText((text) => text.replaceAll('\0', '')),
  ),
  writing(
    'strings are cut to their length',
    'a write that the declaration rules out throws and applies nothing: a string longer than declared',
    asText((text) => (text.length < 300 ? text.slice(0, 190) : text)),
  ),

  finding(
    'find ignores descending',
    'find() finds all rows in the order of the key by default',
    (right, collection, query) => right.find(collection, { ...query, descending: false }),
  ),
  finding(
    'find orders by the key alone',
    'find() finds by equality, ordered by what is not fixed and then by the key',
    async (right, collection, query) => {
      const page = await right.find(collection, query)
      const key = ({ [collection.key[0] ?? '']: value }: AnyRow) => String(value)
      return { ...page, rows: page.rows.toSorted((a, b) => (key(a) < key(b) ? -1 : 1)) }
    },
  ),
  finding(
    'find leaves equal rows in any order',
    'find() orders rows that are equal in the fields of `by` by their key',
    async (right, collection, query) => {
      const { rows, ...page } = await right.find(collection, query)
      const groups = Map.groupBy(rows, (row) => orderOf(row, query))
      return { ...page, rows: [...groups.values()].flatMap((group) => group.toReversed()) }
    },
  ),
  finding('find sorts as a dictionary does', 'strings sort by code point', async (right, collection, query) => {
    const page = await right.find(collection, query)
    return { ...page, rows: page.rows.toSorted((a, b) => String(a.select).localeCompare(String(b.select), 'en')) }
  }),
  finding('find sorts by UTF-16', 'strings sort by code point', async (right, collection, query) => {
    const page = await right.find(collection, query)
    return { ...page, rows: page.rows.toSorted((a, b) => (String(a.select) < String(b.select) ? -1 : 1)) }
  }),
  finding(
    'find also finds rows without a value',
    'find() does not find rows in which a field of `by` beyond `equals` is null',
    async (right, collection, query) => {
      const [field = ''] = query.by ?? []
      const page = await right.find(collection, query)
      if (!query.by || query.equals || page.next !== undefined) return page
      const without = await right
        .find(collection, { by: [field], equals: { [field]: null }, limit: 1000 })
        .catch(() => ({ rows: [] }))
      return { rows: [...page.rows, ...without.rows] }
    },
  ),
  finding(
    'find by null finds nothing',
    'find() finds rows without a value by `null` in `equals`',
    async (right, collection, query) =>
      Object.values(query.equals ?? {}).includes(null) ? { rows: [] } : right.find(collection, query),
  ),
  finding(
    'find by null takes no heed',
    'find() finds rows without a value by `null` in `equals`',
    (right, collection, { equals, ...query }) =>
      right.find(collection, equals?.dueAt === null ? query : { ...query, ...(equals && { equals }) }),
  ),
  finding(
    'a range takes its end in',
    'find() narrows by range: from is in it, to is not, either may be left out',
    (right, collection, { range, ...query }) =>
      right.find(collection, {
        ...query,
        ...(range && { range: typeof range.to === 'number' ? { ...range, to: range.to + 1 } : range }),
      }),
  ),
  finding(
    'a range leaves its start out',
    'find() narrows by range: from is in it, to is not, either may be left out',
    (right, collection, { range, ...query }) =>
      right.find(collection, {
        ...query,
        ...(range && { range: typeof range.from === 'number' ? { ...range, from: range.from + 1 } : range }),
      }),
  ),
  finding(
    'a prefix is a pattern',
    'find() takes a prefix literally',
    async (right, collection, { prefix, ...query }) => {
      const page = await right.find(collection, query)
      const pattern = new RegExp(
        `^${(prefix ?? '')
          .replaceAll(/[\\[*]/g, '\\$&')
          .replaceAll('%', '.*')
          .replaceAll('_', '.')}`,
        's',
      )
      return { ...page, rows: page.rows.filter((row) => pattern.test(String(row.select))) }
    },
  ),
  finding('a prefix has no case', 'find() narrows by prefix', async (right, collection, { prefix, ...query }) => {
    if (prefix === undefined) return right.find(collection, query)
    const page = await right.find(collection, { ...query, limit: 1000 })
    return { rows: page.rows.filter((row) => String(row.owner).toLowerCase().startsWith(prefix.toLowerCase())) }
  }),
  finding(
    'find returns a row too many',
    'find() returns at most `limit` rows, and `next` exactly when more follow',
    (right, collection, query) => right.find(collection, { ...query, limit: Math.min(query.limit + 1, 1000) }),
  ),
  finding(
    'a full page always has a next',
    'find() returns at most `limit` rows, and `next` exactly when more follow',
    async (right, collection, query) => {
      const page = await right.find(collection, query)
      return page.rows.length === query.limit ? { next: 'more', ...page } : page
    },
  ),
  finding(
    'a cursor is an offset',
    'find() skips no row when the rows of the page before are removed',
    async (right, collection, { after, ...query }) => {
      const from = Number(after ?? 0)
      const { rows } = await right.find(collection, { ...query, limit: 1000 })
      const end = from + query.limit
      return { rows: rows.slice(from, end), ...(rows.length > end && { next: String(end) }) }
    },
  ),
  finding(
    'a cursor is the last key alone',
    'find() pages through rows that are equal in the fields of `by`',
    async (right, collection, { after, ...query }) => {
      const { rows } = await right.find(collection, { ...query, limit: 1000 })
      const rest = after === undefined ? rows : rows.filter((row) => String(row.dueAt ?? row.select) > after)
      const last = rest[query.limit - 1]
      return {
        rows: rest.slice(0, query.limit),
        ...(rest.length > query.limit && { next: String(last?.dueAt ?? last?.select) }),
      }
    },
  ),
  finding(
    'any cursor will do',
    'find() refuses a cursor that another query or nobody made',
    (right, collection, query) =>
      right.find(collection, query).catch((error: unknown) => {
        if (error instanceof InvalidCursor) return { rows: [] }
        throw error
      }),
  ),
  finding('find takes any way', 'find() refuses a query that the declaration rules out', (right, collection, query) =>
    right.find(collection, query).catch((error: unknown) => {
      if (error instanceof TypeError) return { rows: [] }
      throw error
    }),
  ),
]
