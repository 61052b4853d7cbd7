/**
 * The storage contract. Reads are plain; a write is a list of guarded steps that are applied all or none.
 * There are no interactive transactions: what cannot be said as steps is said again after reading anew.
 *
 * Expected outcomes are values. A storage throws only when it failed itself (engine down, disk full) or when it was
 * asked for something that the declarations rule out (`TypeError`, `RangeError`: an unknown or missing field, a value of
 * another kind, `undefined` anywhere, a way to find that is not declared), and then nothing of the call was applied.
 * Reading by a string that can never be stored is no such case: it finds nothing.
 *
 * `query.ts` and `shape.ts` do these checks for a driver.
 */
import type { AnyCollection, KeyOf, RowOf } from './collection.ts'

/** Any row, its types forgotten. */
export type AnyRow = Readonly<Record<string, unknown>>

/** Field values that must hold, all of them, for a step to apply; `null` means "has no value". Scalars only, of any field. */
export type Guard<C extends AnyCollection> = Partial<RowOf<C>>

/**
 * One guarded step of a write, as a driver sees it; `insert`, `update`, `take` and `remove` below spell it with types.
 *
 * - insert: adds a row. Fails if its key or one of its unique fields is taken, also by an expired row.
 * - update: changes the fields in `set`, never those of the key, and leaves the others. Fails if the row is absent, not
 *   as guarded, or if a unique field would collide. An empty `set` only checks.
 * - take: removes one row and returns it as it was. Of any concurrent callers exactly one succeeds. Fails if it is absent
 *   or not as guarded; a row that is not as guarded stays.
 * - delete: removes every row that matches, as `find` would find them. Never fails, not even when nothing matches.
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
 * fields of `by`, where `null` finds the rows without a value; at most one of `prefix` and `range` narrows the field that
 * follows. With none of them every row matches.
 */
export interface Where<C extends AnyCollection> {
  readonly by?: readonly (keyof RowOf<C> & string)[]
  readonly equals?: Partial<RowOf<C>>
  /** The string field after `equals` starts with this text, taken literally: `%`, `_`, `*` and case mean themselves. */
  readonly prefix?: string
  /** The field after `equals` is `>= from` and `< to`; either may be left out. No boolean field. */
  readonly range?: { readonly from?: string | number; readonly to?: string | number }
}
export interface AnyWhere {
  readonly by?: readonly string[]
  readonly equals?: AnyRow
  readonly prefix?: string
  readonly range?: { readonly from?: string | number; readonly to?: string | number }
}

/**
 * A page of rows: those of `where`, ordered by the fields of `by` beyond `equals` and then by the key.
 * A row is on exactly one page even if others are written or removed between two pages.
 * Rows in which a field of `by` beyond `equals` is `null` are not found. Expired rows are.
 */
export interface Query<C extends AnyCollection> extends Where<C> {
  /** Turns the whole order round. */
  readonly descending?: boolean
  /** 1 to 1,000 rows; may change from page to page. */
  readonly limit: number
  /** The `next` of the page before, from the same query. Any other text throws `InvalidCursor`. */
  readonly after?: string
}
export interface AnyQuery extends AnyWhere {
  readonly descending?: boolean
  readonly limit: number
  readonly after?: string
}

export interface Page<R = AnyRow> {
  readonly rows: readonly R[]
  /** Present exactly when more rows follow. */
  readonly next?: string
}

/** `taken` has one place for each step: the row that a `take` removed, `undefined` for other steps. No steps are `ok`. */
export type Commit =
  | { readonly ok: true; readonly taken: readonly (AnyRow | undefined)[] }
  /** Index of the first step that could not be applied. Nothing was written. */
  | { readonly ok: false; readonly failed: number }

/** A collection whose rows are bounded counters. Make one with `defineCounter`. */
export interface Increment {
  /** Added to the count; a positive integer. */
  readonly by: number
  /** The count never goes above this; an increment that would is refused and changes nothing. Not negative. */
  readonly limit: number
  /** Epoch milliseconds. A row whose `expiresAt` is not after `now` counts as absent. */
  readonly now: number
  /** End of life of the row if this increment creates it, after `now`; a row that did not expire keeps its own. */
  readonly expiresAt: number
}
export interface Counter {
  /** Whether this increment was counted. */
  readonly ok: boolean
  /** The count after this call; 0 if there is no row that did not expire. */
  readonly count: number
  /** When the counter starts anew, epoch milliseconds; the given `expiresAt` if there is no such row. */
  readonly expiresAt: number
}

/**
 * What keeps the records. Three methods to read and write, one to count, one to sweep, one to prepare. Disposing waits for
 * what was asked for before; doing it twice is no error.
 */
export interface Storage extends AsyncDisposable {
  /**
   * Makes the engine ready for these collections: missing tables, nullable columns, uniques and indexes are added, rows
   * are kept. Collections that are not named stay as they are. Safe from many processes at once; run twice it changes
   * nothing. A schema newer than this driver is refused by a `SchemaTooNew` that says so. Called before anything else.
   */
  migrate(collections: readonly AnyCollection[]): Promise<void>
  /** The row, or `undefined`. Sees every write that was acknowledged before the call. Expired rows are still rows. */
  get(collection: AnyCollection, key: AnyRow): Promise<AnyRow | undefined>
  find(collection: AnyCollection, query: AnyQuery): Promise<Page>
  /**
   * Applies the steps in order, all or none; a later step sees the earlier ones. Nobody ever sees a part of a commit.
   * Resolves when the outcome is durable.
   */
  commit(steps: readonly Step[]): Promise<Commit>
  /** Adds to a bounded counter, atomically; creates the row if it is absent or expired. */
  increment(collection: AnyCollection, key: AnyRow, by: Increment): Promise<Counter>
  /** Removes at most `limit` rows whose `expiresAt` is at or before `now`; returns how many this call removed. */
  deleteExpired(collection: AnyCollection, now: number, limit: number): Promise<number>
  /**
   * Writes a consistent copy, every acknowledged write in it, to a new file while reads and writes go on; throws if the
   * file exists and leaves it alone. Opening a storage on the copy works. Absent if the engine has its own way.
   */
  readonly backup?: (to: string) => Promise<void>
  /**
   * Calls back, at least once for each change and until disposed of, with the names of collections that somebody else who
   * opened the same store changed. Absent if the engine cannot tell.
   */
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
