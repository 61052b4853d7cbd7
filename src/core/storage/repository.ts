/** Typed access to one collection: what the rest of core uses instead of the driver's untyped verbs. */
import type { AnyCollection, Commit, KeyOf, Page, Query, RowOf, Step, Storage } from '#plugin'

export interface Repository<C extends AnyCollection> {
  get(key: KeyOf<C>): Promise<RowOf<C> | undefined>
  find(query: Query<C>): Promise<Page<RowOf<C>>>
  /** The only row that matches, or `undefined`; for unique fields. */
  findOne(query: Omit<Query<C>, 'limit' | 'after'>): Promise<RowOf<C> | undefined>
  /** Every row that matches, page by page. */
  all(query?: Omit<Query<C>, 'limit' | 'after'>): AsyncIterable<RowOf<C>>
}

export function repository<C extends AnyCollection>(storage: Storage, collection: C): Repository<C> {
  const find = async (query: Query<C>) => (await storage.find(collection, query)) as Page<RowOf<C>>
  return {
    get: async (key) => (await storage.get(collection, key)) as RowOf<C> | undefined,
    find,
    findOne: async (query) => (await find({ ...query, limit: 1 })).rows[0],
    async *all(query = {}) {
      let after: string | undefined
      do {
        const page = await find({ ...query, limit: 500, ...(after !== undefined && { after }) })
        yield* page.rows
        after = page.next
      } while (after !== undefined)
    },
  }
}

/** The row that the only `take` of a commit removed. */
export function taken<C extends AnyCollection>(_collection: C, commit: Commit, step: number): RowOf<C> | undefined {
  return commit.ok ? (commit.taken[step] as RowOf<C> | undefined) : undefined
}

export type { Step }
