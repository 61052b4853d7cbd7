/** Typed access to one collection: what the rest of core uses instead of the driver's untyped verbs. */
import type { AnyCollection, Commit, KeyOf, Page, Query, RowOf, Step, Storage } from '#plugin'

export interface Repository<C extends AnyCollection> {
  get(key: KeyOf<C>): Promise<RowOf<C> | undefined>
  find(query: Query<C>): Promise<Page<RowOf<C>>>
  /** The only row that matches, or `undefined`; for unique fields. */
  findOne(query: Omit<Query<C>, 'limit' | 'after'>): Promise<RowOf<C> | undefined>
  /** Every row that matches, at once: for what is known to be few. */
  list(query?: Omit<Query<C>, 'limit' | 'after'>): Promise<readonly RowOf<C>[]>
  /** Every row that matches, page by page. */
  all(query?: Omit<Query<C>, 'limit' | 'after'>): AsyncIterable<RowOf<C>>
}

/** Rows that are asked for at a time. */
const PAGE = 500

export function repository<C extends AnyCollection>(storage: Storage, collection: C): Repository<C> {
  const find = (query: Query<C>) => storage.find(collection, query) as Promise<Page<RowOf<C>>>

  async function* pages(query: Omit<Query<C>, 'limit' | 'after'>): AsyncGenerator<Page<RowOf<C>>> {
    let after: string | undefined
    do {
      const page = await find({ ...query, limit: PAGE, ...(after !== undefined && { after }) })
      yield page
      after = page.next
    } while (after !== undefined)
  }

  return {
    get: (key) => storage.get(collection, key) as Promise<RowOf<C> | undefined>,
    find,
    findOne: async (query) => (await find({ ...query, limit: 1 })).rows[0],
    async list(query = {}) {
      const first = await find({ ...query, limit: PAGE })
      if (first.next === undefined) return first.rows
      return (await Array.fromAsync(pages(query))).flatMap(({ rows }) => rows)
    },
    async *all(query = {}) {
      for await (const { rows } of pages(query)) yield* rows
    },
  }
}

/** The row that the only `take` of a commit removed. */
export function taken<C extends AnyCollection>(_collection: C, commit: Commit, step: number): RowOf<C> | undefined {
  return commit.ok ? (commit.taken[step] as RowOf<C> | undefined) : undefined
}

export type { Step }
