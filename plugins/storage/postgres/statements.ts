/** Checked steps and lookups as statements. Values are always parameters. */
import { and, asc, desc, eq, gte, isNotNull, isNull, lt, lte, type SQL, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/bun-sql'
import type { AnyRow, CheckedStep, Target, Condition, FieldShape, Find, Increment, Lookup, Shape } from '#plugin'
import type { Result, Statement } from './pool.ts'
import { column, tableOf } from './tables.ts'

/** Only writes statements; the connections are the pool's. */
const builder = drizzle.mock()

/** Counts no row. */
const NOTHING: Statement = { sql: 'SELECT 1 WHERE false', params: [] }

/** A step. It counts the rows it changed: none means that it could not be applied, unless it is a `delete`. */
export function stepStatement(step: CheckedStep): Statement {
  const { shape } = step
  const table = tableOf(shape)
  switch (step.kind) {
    case 'insert':
      return builder.insert(table).values(step.row).onConflictDoNothing().toSQL()
    case 'update': {
      if (step.target.nothing) return NOTHING
      const unchanged = Object.fromEntries(step.target.key.map(({ field, value }) => [field.name, value]))
      const set = Object.keys(step.set).length > 0 ? step.set : unchanged
      return builder.update(table).set(set).where(targeted(shape, step.target)).toSQL()
    }
    case 'take':
      return step.target.nothing
        ? NOTHING
        : builder.delete(table).where(targeted(shape, step.target)).returning().toSQL()
    case 'delete':
      return step.lookup.nothing ? NOTHING : builder.delete(table).where(matching(step.lookup)).toSQL()
  }
}

/** The row of a key as guarded. `lock` keeps it as it is until the transaction ends. */
export function getStatement(shape: Shape, target: Target, lock?: 'lock'): Statement {
  if (target.nothing) return NOTHING
  const found = builder.select().from(tableOf(shape)).where(targeted(shape, target))
  return (lock ? found.for('update') : found).toSQL()
}

/** One row more than asked for, to know whether there is a next page. */
export function findStatement(find: Find): Statement {
  const { shape, order, after, descending, limit, nothing } = find
  if (nothing) return NOTHING
  const columns = order.map((field) => column(shape, field))
  return builder
    .select()
    .from(tableOf(shape))
    .where(and(matching(find), after && beyond(shape, order, { after, descending })))
    .orderBy(...columns.map((one) => (descending ? desc(one) : asc(one))))
    .limit(limit + 1)
    .toSQL()
}

function beyond(
  shape: Shape,
  order: readonly FieldShape[],
  { after, descending }: { after: readonly unknown[]; descending: boolean },
): SQL {
  const place = sql.join(
    order.map((field) => sql`${column(shape, field)}`),
    sql`, `,
  )
  const mark = sql.join(
    order.map((field, at) => sql`${sql.param(after[at], column(shape, field))}`),
    sql`, `,
  )
  return descending ? sql`(${place}) < (${mark})` : sql`(${place}) > (${mark})`
}

function targeted(shape: Shape, { key, when }: Target): SQL | undefined {
  return and(...[...key, ...when].map((condition) => holds(shape, condition)))
}

function holds(shape: Shape, { field, value }: Condition): SQL {
  return value === null ? isNull(column(shape, field)) : eq(column(shape, field), value)
}

function matching({ shape, equals, bounds, present }: Lookup): SQL | undefined {
  const bounded = bounds && column(shape, bounds.field)
  return and(
    ...equals.map((condition) => holds(shape, condition)),
    ...present.map((field) => isNotNull(column(shape, field))),
    bounded && bounds.from !== undefined ? gte(bounded, bounds.from) : undefined,
    bounded && bounds.to !== undefined ? lt(bounded, bounds.to) : undefined,
  )
}

export interface Count {
  readonly shape: Shape
  readonly end: FieldShape
  readonly key: readonly Condition[]
}

/** Counts in one statement: it waits for a concurrent one and then sees its count. No row comes back if refused. */
export function countStatement({ shape, end, key }: Count, { by, limit, now, expiresAt }: Increment): Statement {
  const table = tableOf(shape)
  const count = column(shape, countOf(shape))
  const ends = column(shape, end)
  const over = lte(ends, now)
  return builder
    .insert(table)
    .values({
      ...Object.fromEntries(key.map(({ field, value }) => [field.name, value])),
      count: by,
      [end.name]: expiresAt,
    })
    .onConflictDoUpdate({
      target: key.map(({ field }) => column(shape, field)),
      set: {
        count: sql`CASE WHEN ${over} THEN ${sql.param(by, count)} ELSE ${count} + ${sql.param(by, count)} END`,
        [end.name]: sql`CASE WHEN ${over} THEN ${sql.param(expiresAt, ends)} ELSE ${ends} END`,
      },
      setWhere: sql`${over} OR ${lte(count, limit - by)}`,
    })
    .returning({ count, ends })
    .toSQL()
}

export function countOf(shape: Shape): FieldShape {
  const field = shape.field.get('count')
  if (!field) throw new TypeError(`Cannot count in ${shape.name}: it is no counter`)
  return field
}

/** Rows that somebody else holds are left to the next round, so that sweepers never wait for writers or each other. */
export function sweepStatement(
  shape: Shape,
  end: FieldShape,
  { now, limit }: { now: number; limit: number },
): Statement {
  const table = tableOf(shape)
  const dead = builder
    .select({ place: sql`ctid` })
    .from(table)
    .where(lte(column(shape, end), Math.floor(now)))
    .limit(limit)
    .for('update', { skipLocked: true })
  return builder.delete(table).where(sql`ctid = ANY(ARRAY(${dead}))`).toSQL()
}

/** Values in the order of the declaration, as `select` and `returning` of a whole table give them. */
export function rowOf(shape: Shape, values: readonly unknown[]): AnyRow {
  return Object.fromEntries(
    shape.fields.map((field, at) => {
      const value = values[at]
      return [field.name, value === null ? null : column(shape, field).mapFromDriverValue(value)]
    }),
  )
}

export function rowsOf(shape: Shape, result: Result): AnyRow[] {
  return result.map((values) => rowOf(shape, values))
}
