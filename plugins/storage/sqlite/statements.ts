/**
 * Lookups and checked steps as SQL. Each distinct form of a call is written once by drizzle, with numbered places where
 * the values go, and prepared once; what a call costs after that is binding and stepping.
 */
import type { Database, Statement } from 'bun:sqlite'
import { and, asc, desc, gt, gte, isNotNull, isNull, lt, Placeholder, type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/bun-sqlite'
import type { Condition, FieldShape, Find, Lookup, Shape, Target } from '#plugin'
import { columnFor, type Table, tableOf } from './tables.ts'
import { encodeConditions, encodeScalar, type Stored } from './values.ts'

/** Writes SQL only; it has no connection. */
const writer = drizzle.mock()

export interface Statements extends Disposable {
  /** The statement of this form, prepared at its first use. */
  prepare(form: string, shape: Shape, write: Write): Statement
}
/** Writes a statement over a table; `place` stands for the next value to bind. */
type Write = (table: Table, place: () => Placeholder) => { toSQL(): { sql: string; params: unknown[] } }

export function createStatements(database: Database): Statements {
  const tables = new Map<Shape, { readonly table: Table; readonly prepared: Map<string, Statement> }>()
  return {
    prepare(form, shape, write) {
      let known = tables.get(shape)
      if (!known) {
        known = { table: tableOf(shape), prepared: new Map() }
        tables.set(shape, known)
      }
      let statement = known.prepared.get(form)
      if (!statement) {
        statement = database.prepare(written(write, known.table))
        known.prepared.set(form, statement)
      }
      return statement
    },
    [Symbol.dispose]() {
      for (const { prepared } of tables.values()) for (const statement of prepared.values()) statement.finalize()
      tables.clear()
    },
  }
}

/** The text, each value's place numbered as SQLite numbers them: the values are bound in the order they were asked for. */
function written(write: Write, table: Table): string {
  let asked = 0
  const { sql: text, params } = write(table, () => new Placeholder(String(++asked))).toSQL()
  let at = 0
  return text.replaceAll('?', () => `?${placeOf(params[at++])}`)
}

function placeOf(param: unknown): string {
  const value = param instanceof Placeholder ? param : (param as { value: unknown }).value
  if (value instanceof Placeholder) return String(value.name)
  throw new TypeError('A value was written into a statement')
}

export function select(statements: Statements, { key }: Target, shape: Shape): Statement {
  return statements.prepare('get', shape, (table, place) =>
    writer
      .select()
      .from(table)
      .where(meets(table, key, place)),
  )
}

export function insert(statements: Statements, shape: Shape): Statement {
  return statements.prepare('insert', shape, (table, place) =>
    writer
      .insert(table)
      .values(Object.fromEntries(shape.fields.map(({ name }) => [name, place()])))
      .onConflictDoNothing(),
  )
}

/** Finds the row if it is as guarded, and leaves its page as it is. */
export function check(statements: Statements, shape: Shape, target: Target): Statement {
  return statements.prepare(`check ${formOf(target.when)}`, shape, (table, place) =>
    writer
      .select({ there: sql`1` })
      .from(table)
      .where(meets(table, [...target.key, ...target.when], place)),
  )
}

/** Binds the values of `set`, then those of the target. A collision with a unique leaves the row alone. */
export function update(statements: Statements, shape: Shape, target: Target, set: readonly FieldShape[]): Statement {
  const form = `update ${set.map(({ name }) => name).join()} ${formOf(target.when)}`
  return statements.prepare(form, shape, (table, place) => {
    const values = set.map((field) => [field.name, place()])
    const conditions = meets(table, [...target.key, ...target.when], place)
    return orIgnore(writer.update(table).set(Object.fromEntries(values)).where(conditions))
  })
}

function orIgnore(query: { toSQL(): { sql: string; params: unknown[] } }) {
  return {
    toSQL() {
      const { sql: text, params } = query.toSQL()
      return { sql: text.replace(/^update /, 'update or ignore '), params }
    },
  }
}

export function take(statements: Statements, shape: Shape, target: Target): Statement {
  return statements.prepare(`take ${formOf(target.when)}`, shape, (table, place) =>
    writer
      .delete(table)
      .where(meets(table, [...target.key, ...target.when], place))
      .returning(),
  )
}

export function valuesOf({ key, when }: Target): Stored[] {
  return [...encodeConditions(key), ...encodeConditions(when)]
}

/** Removes what a lookup finds. */
export function remove(statements: Statements, lookup: Lookup): Statement {
  return statements.prepare(`delete ${formOfLookup(lookup)}`, lookup.shape, (table, place) =>
    writer.delete(table).where(matches(table, lookup, place)),
  )
}

/** A page, with one row more than asked for to know whether more follow. */
export function find(statements: Statements, asked: Find): Statement {
  const { order, descending, after, shape } = asked
  const direction = descending ? desc : asc
  const form = `find ${formOfLookup(asked)} ${order.map(({ name }) => name).join()} ${descending} ${after !== undefined}`
  return statements.prepare(form, shape, (table, place) => {
    const columns = order.map((field) => columnFor(table, field))
    const condition = matches(table, asked, place)
    const beyond = after && columns.length > 0 ? follows(columns, descending, place) : undefined
    const page = writer
      .select()
      .from(table)
      .where(and(condition, beyond))
      .orderBy(...columns.map((column) => direction(column)))
    return limited(page, place())
  })
}

/** `+ 0` for the reason that `same` has. */
function limited(query: { toSQL(): { sql: string; params: unknown[] } }, place: Placeholder) {
  return {
    toSQL() {
      const { sql: text, params } = query.toSQL()
      return { sql: `${text} limit ? + 0`, params: [...params, place] }
    },
  }
}

export function valuesOfFind(asked: Find): Stored[] {
  return [...valuesOfLookup(asked), ...(asked.after ?? []).map(encodeScalar), asked.limit + 1]
}

export function valuesOfLookup({ equals, bounds }: Lookup): Stored[] {
  const ends = [bounds?.from, bounds?.to].flatMap((end) => (end === undefined ? [] : [encodeScalar(end)]))
  return [...encodeConditions(equals), ...ends]
}

/** Adds to a counter; a row comes back if it was counted. Binds the key, by, expiresAt, now and the room below the limit. */
export function count(statements: Statements, shape: Shape, end: FieldShape): Statement {
  return statements.prepare('count', shape, (table, place) => {
    const counted = columnFor(table, { name: 'count' })
    const ending = columnFor(table, end)
    const key = shape.key.map((field) => [field.name, place()])
    const [by, expiresAt, now, room] = [place(), place(), place(), place()]
    return writer
      .insert(table)
      .values({ ...Object.fromEntries(key), count: by, [end.name]: expiresAt })
      .onConflictDoUpdate({
        target: shape.key.map((field) => columnFor(table, field)),
        set: {
          count: sql`case when ${ending} <= ${now} then ${by} else ${counted} + ${by} end`,
          [end.name]: sql`case when ${ending} <= ${now} then ${expiresAt} else ${ending} end`,
        },
        setWhere: sql`${ending} <= ${now} or ${counted} <= ${room}`,
      })
      .returning({ count: sql`${counted}`, end: sql`${ending}` })
  })
}

/** Removes the rows whose end is at or before a time. Binds the time and how many at most. */
export function expire(statements: Statements, shape: Shape, end: FieldShape): Statement {
  return statements.prepare('expire', shape, (table, place) => {
    const column = columnFor(table, end)
    return writer
      .delete(table)
      .where(
        sql`rowid in (select rowid from ${table} where ${column} <= ${place()} order by ${column} limit ${place()} + 0)`,
      )
  })
}

function meets(table: Table, conditions: readonly Condition[], place: () => Placeholder): SQL | undefined {
  return and(
    ...conditions.map(({ field, value }) => {
      const column = columnFor(table, field)
      return value === null ? isNull(column) : same(column, place())
    }),
  )
}

/**
 * `+`, because SQLite plans by the value itself where a place stands alone beside an order or as a limit, and then writes
 * the whole statement anew each time that it is bound: five times what the lookup costs.
 */
function same(column: Table[string], place: Placeholder): SQL {
  return sql`${column} = +${place}`
}

function matches(table: Table, { equals, bounds, present }: Lookup, place: () => Placeholder): SQL | undefined {
  const fixed = meets(table, equals, place)
  const from = bounds?.from === undefined ? undefined : gte(columnFor(table, bounds.field), place())
  const to = bounds?.to === undefined ? undefined : lt(columnFor(table, bounds.field), place())
  return and(fixed, from, to, ...present.map((field) => isNotNull(columnFor(table, field))))
}

function follows(columns: readonly Table[string][], descending: boolean, place: () => Placeholder): SQL {
  const [only] = columns
  const compare = descending ? lt : gt
  if (columns.length === 1 && only) return compare(only, place())
  const list = (parts: readonly unknown[]) =>
    sql.join(
      parts.map((part) => sql`${part}`),
      sql`, `,
    )
  return sql`(${list(columns)}) ${sql.raw(descending ? '<' : '>')} (${list(columns.map(place))})`
}

function formOf(conditions: readonly Condition[]): string {
  return conditions.map(({ field, value }) => (value === null ? `${field.name} null` : field.name)).join()
}

function formOfLookup({ equals, bounds, present }: Lookup): string {
  const ends = bounds && `${bounds.field.name} ${bounds.from !== undefined} ${bounds.to !== undefined}`
  return `${formOf(equals)} ${ends ?? ''} ${present.map(({ name }) => name).join()}`
}
