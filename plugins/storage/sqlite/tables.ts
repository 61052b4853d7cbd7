/**
 * Declarations become drizzle tables here, and only here: the driver's statements, the migrations that development
 * generates (`test/migrations/generate.ts`) and the tables that `migrate.ts` makes for collections no migration knows all
 * come from `tablesOf`. Every dialect has a module of this name and function, so one generator serves them all.
 *
 * How migrations work, in each dialect:
 * 1. `bun test/migrations/generate.ts` compares `tablesOf(collections of core)` with `migrations/snapshot.json`, writes the
 *    difference as `migrations/NNNN_name.sql`, the new snapshot, and `migrations/embedded.ts`, which imports each as text.
 * 2. A test fails when the declarations and the snapshot differ, and when migrated and declared tables do.
 * 3. `migrate()` runs what the ledger (table `leveret_migration`) lacks, one transaction each, under a lock of the engine;
 *    a ledger that is ahead of the embedded list is a `SchemaTooNew`.
 * 4. Then it compares each given collection with the tables that are there and adds what is missing from the declaration:
 *    that is how collections of plugins and of the conformance kit come to be.
 *
 * Rules: columns are snake_case; an index carries the rest of the key behind its fields, so that pages need no sorting;
 * a unique is a unique index. A nullable field of any kind is a nullable column.
 */
import {
  type SQLiteTable,
  index,
  integer,
  primaryKey,
  real,
  sqliteTable,
  text,
  uniqueIndex,
} from 'drizzle-orm/sqlite-core'
import { type AnyCollection, type FieldShape, type Shape, shapeOf } from '#plugin'

/** The tables of collections by name, as drizzle and drizzle-kit want them. */
export function tablesOf(collections: readonly AnyCollection[]): Record<string, SQLiteTable> {
  return Object.fromEntries(collections.map((collection) => [collection.name, tableOf(shapeOf(collection))]))
}

export type Table = ReturnType<typeof tableOf>

/** A table whose columns are found under the names of the fields. Its indexes are named by their columns. */
export function tableOf(shape: Shape) {
  return sqliteTable(
    shape.name,
    Object.fromEntries(shape.fields.map((field) => [field.name, columnOf(field)])),
    (table) => {
      const columns = (fields: readonly FieldShape[]) =>
        fields.map((field) => columnFor(table, field)) as [never, ...never[]]
      const named = (fields: readonly FieldShape[], ending: string) =>
        [shape.name, ...fields.map((field) => field.column), ending].join('_')
      return [
        primaryKey({ columns: columns(shape.key) }),
        ...shape.unique.map((fields) => uniqueIndex(named(fields, 'unique')).on(...columns(fields))),
        ...shape.indexes.map((fields) => {
          const rest = shape.key.filter((field) => !fields.includes(field))
          return index(named(fields, 'index')).on(...columns([...fields, ...rest]))
        }),
      ]
    },
  )
}

/** The column of a field; it is there because the table was made from the same shape. */
export function columnFor<C>(table: Readonly<Record<string, C>>, { name }: Pick<FieldShape, 'name'>): C {
  const column = table[name]
  if (column === undefined) throw new TypeError(`The table has no column for field "${name}"`)
  return column
}

function columnOf({ column, kind, nullable }: FieldShape) {
  const made =
    kind === 'number' ? real(column) : kind === 'integer' || kind === 'boolean' ? integer(column) : text(column)
  return nullable ? made : made.notNull()
}
