/** Collections as drizzle tables: the one source of the statements and of the generated migrations. */
import { getTableColumns } from 'drizzle-orm'
import {
  bigint,
  boolean,
  customType,
  doublePrecision,
  type IndexBuilder,
  type IndexBuilderOn,
  index,
  type PgColumn,
  type PgTable,
  pgTable,
  primaryKey,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import { type AnyCollection, type FieldShape, type Shape, shapeOf } from '#plugin'

/** Bytes in UTF-8 sort as code points do; a database's own collation does not. */
const text = customType<{ data: string }>({ dataType: () => 'text COLLATE "C"' })

/** Not `jsonb`, in which the driver would store a JSON string that holds the JSON. */
const json = customType<{ data: unknown; driverData: string }>({
  dataType: () => 'text',
  toDriver: (value) => JSON.stringify(value),
  fromDriver: (stored) => JSON.parse(stored),
})

function columnOf({ kind, column }: FieldShape) {
  switch (kind) {
    case 'string':
      return text(column)
    case 'integer':
      return bigint(column, { mode: 'number' })
    case 'number':
      return doublePrecision(column)
    case 'boolean':
      return boolean(column)
    case 'json':
      return json(column)
  }
}

const tables = new WeakMap<Shape, PgTable>()

export function tableOf(shape: Shape): PgTable {
  const table = tables.get(shape) ?? makeTable(shape)
  tables.set(shape, table)
  return table
}

/** The column of a field. */
export function column(shape: Shape, field: FieldShape): PgColumn {
  return named(getTableColumns(tableOf(shape)), field)
}

/** Every collection's table, by name: what migrations are generated from. */
export function tablesOf(collections: readonly AnyCollection[]): Record<string, PgTable> {
  return Object.fromEntries(collections.map((collection) => [collection.name, tableOf(shapeOf(collection))]))
}

function makeTable(shape: Shape): PgTable {
  const columns = shape.fields.map((field) => {
    const made = columnOf(field)
    return [field.name, field.nullable ? made : made.notNull()] as const
  })
  return pgTable(shape.name, Object.fromEntries(columns), (self) => [
    primaryKey({ name: `${shape.name}_pkey`, columns: several(self, shape.key) }),
    ...shape.unique.map((fields) => on(uniqueIndex(indexName(shape, fields)), self, fields)),
    ...shape.indexes.map((fields) => on(index(indexName(shape, fields)), self, fields)),
  ])
}

function on(builder: IndexBuilderOn, self: Record<string, PgColumn>, fields: readonly FieldShape[]): IndexBuilder {
  return builder.on(...several(self, fields))
}

function several(self: Record<string, PgColumn>, fields: readonly FieldShape[]): [PgColumn, ...PgColumn[]] {
  const [first, ...rest] = fields.map((field) => named(self, field))
  if (!first) throw new TypeError('Cannot index no field')
  return [first, ...rest]
}

function named(columns: Record<string, PgColumn>, { name }: FieldShape): PgColumn {
  const found = columns[name]
  if (!found) throw new TypeError(`Cannot find column of field "${name}"`)
  return found
}

/** PostgreSQL cuts names after 63 bytes; a long one ends in a digest so that two never meet. */
function indexName(shape: Shape, fields: readonly FieldShape[]): string {
  const name = `${shape.name}_${fields.map((field) => field.column).join('_')}_idx`
  if (name.length <= 63) return name
  return `${name.slice(0, 50)}_${new Bun.CryptoHasher('sha256').update(name).digest('hex').slice(0, 12)}`
}
