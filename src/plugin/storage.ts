/**
 * The storage contract. Reads are plain; a write is a list of guarded steps that are applied all or none.
 * There are no interactive transactions: what cannot be said as steps is said again after reading anew.
 *
 * Expected outcomes are values. A storage throws only when it failed itself (engine down, disk full) or when it was
 * asked for something that the declarations rule out, and then nothing of the call was applied.
 */
import type { AnyCollection, KeyOf, RowOf } from './collection.ts'

/** Any row, its types forgotten. */
export type AnyRow = Readonly<Record<string, unknown>>

/** Field values that must hold, all of them, for a step to apply; `null` means "has no value". Scalars only. */
export type Guard<C extends AnyCollection> = Partial<RowOf<C>>

/**
 * One guarded step of a write, as a driver sees it; `insert`, `update`, `take` and `remove` below spell it with types.
 *
 * - insert: adds a row. Fails if its key or one of its unique fields is taken.
 * - update: changes the fields in `set`, never those of the key. Fails if the row is absent, not as guarded, or if a
 *   unique field would collide.
 * - take: removes one row and returns it. Of any concurrent callers exactly one succeeds. Fails if it is absent or not
 *   as guarded.
 * - delete: removes every row that matches. Never fails, not even when nothing matches.
 */
export type Step =
  | { readonly insert: AnyCollection; readonly row: AnyRow }
  | { readonly update: AnyCollection; readonly key: AnyRow; readonly set: AnyRow; readonly when?: AnyRow }
  | { readonly take: AnyCollection; readonly key: AnyRow; readonly when?: AnyRow }
  | { readonly delete: AnyCollection; readonly where: AnyWhere }

/**
 * Which rows, along one declared way to find them.
 *
 * `by` is the key (the default), one of `unique` or one of `indexes`, or a leading part of one. `equals` fixes leading
 * fields of `by`; at most one of `prefix` and `range` narrows the field that follows.
 */
export interface Where<C extends AnyCollection> {
  readonly by?: readonly (keyof RowOf<C> & string)[]
  readonly equals?: Partial<RowOf<C>>
  /** The string field after `equals` starts with this text, taken literally. */
  readonly prefix?: string
  /** The field after `equals` is `>= from` and `< to`. */
  readonly range?: { readonly from?: string | number; readonly to?: string | number }
}
export interface AnyWhere {
  readonly by?: readonly string[]
  readonly equals?: AnyRow
  readonly prefix?: string
  readonly range?: { readonly from?: string | number; readonly to?: string | number }
}

/**
 * A page of rows: those of `where`, ordered by the fields of `by` and then by the key.
 * A row is on exactly one page even if others are written or removed between two pages.
 * Rows in which a field of `by` beyond `equals` is `null` are not found.
 */
export interface Query<C extends AnyCollection> extends Where<C> {
  readonly descending?: boolean
  /** 1 to 1,000 rows. */
  readonly limit: number
  /** The `next` of the page before, from the same query. An unreadable cursor throws `InvalidCursor`. */
  readonly after?: string
}
export interface AnyQuery extends AnyWhere {
  readonly descending?: boolean
  readonly limit: number
  readonly after?: string
}

export interface Page<R = AnyRow> {
  readonly rows: readonly R[]
  /** Present when more rows follow. */
  readonly next?: string
}

/** `taken` has one place for each step: the row that a `take` removed, `undefined` for other steps. */
export type Commit =
  | { readonly ok: true; readonly taken: readonly (AnyRow | undefined)[] }
  /** Index of the first step that could not be applied. Nothing was written. */
  | { readonly ok: false; readonly failed: number }

/** A collection whose rows are bounded counters. Make one with `defineCounter`. */
export interface Increment {
  /** Added to the count; a positive integer. */
  readonly by: number
  /** The count never goes above this; an increment that would is refused and changes nothing. */
  readonly limit: number
  /** Epoch milliseconds. A row whose `expiresAt` is not after `now` counts as absent. */
  readonly now: number
  /** End of life of the row if this increment creates it; an existing row keeps its own. */
  readonly expiresAt: number
}
export interface Counter {
  /** Whether this increment was counted. */
  readonly ok: boolean
  /** The count after this call. */
  readonly count: number
  /** When the counter starts anew, epoch milliseconds. */
  readonly expiresAt: number
}

/** What keeps the records. Three methods to read and write, one to count, one to sweep, one to prepare. */
export interface Storage extends AsyncDisposable {
  /**
   * Makes the engine ready for these collections: missing tables, columns and indexes are added, rows are kept.
   * Safe from many processes at once; run twice it changes nothing. A schema newer than this driver is refused by a
   * `SchemaTooNew` that says so.
   */
  migrate(collections: readonly AnyCollection[]): Promise<void>
  /** The row, or `undefined`. Sees every write that was acknowledged before the call. Expired rows are still rows. */
  get(collection: AnyCollection, key: AnyRow): Promise<AnyRow | undefined>
  find(collection: AnyCollection, query: AnyQuery): Promise<Page>
  /** Applies the steps in order, all or none; a later step sees the earlier ones. Resolves when the outcome is durable. */
  commit(steps: readonly Step[]): Promise<Commit>
  /** Adds to a bounded counter, atomically; creates the row if it is absent or expired. */
  increment(collection: AnyCollection, key: AnyRow, by: Increment): Promise<Counter>
  /** Removes at most `limit` rows whose `expiresAt` is at or before `now`; returns how many. */
  deleteExpired(collection: AnyCollection, now: number, limit: number): Promise<number>
  /** Writes a consistent copy to a new file while reads and writes go on. Absent if the engine has its own way. */
  readonly backup?: (to: string) => Promise<void>
  /** Calls back with the names of collections that another process changed. Absent if the engine cannot tell. */
  readonly watch?: (changed: (collections: readonly string[]) => void) => Promise<AsyncDisposable>
}

/** The cursor was not made by this query. */
export class InvalidCursor extends Error {
  override name = 'InvalidCursor'
}
/** The stored schema was written by a newer release than this one. */
export class SchemaTooNew extends Error {
  override name = 'SchemaTooNew'
}

/** Typed spelling of an `insert` step. */
export function insert<C extends AnyCollection>(collection: C, row: RowOf<C>): Step {
  return { insert: collection, row }
}
/** Typed spelling of an `update` step. */
export function update<C extends AnyCollection>(
  collection: C,
  key: KeyOf<C>,
  change: { set: Partial<RowOf<C>>; when?: Guard<C> },
): Step {
  return { update: collection, key, ...change }
}
/** Typed spelling of a `take` step. */
export function take<C extends AnyCollection>(collection: C, key: KeyOf<C>, when?: Guard<C>): Step {
  return { take: collection, key, ...(when && { when }) }
}
/** Typed spelling of a `delete` step. */
export function remove<C extends AnyCollection>(collection: C, where: Where<C>): Step {
  return { delete: collection, where }
}
