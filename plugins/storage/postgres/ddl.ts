/** Tables, columns and indexes that a declaration asks for and the database lacks. Nothing is ever dropped or changed. */
import type { Index, PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { getTableConfig } from 'drizzle-orm/pg-core'

/** What the schema holds: columns by table, and names of indexes. */
export interface Present {
  readonly columns: ReadonlyMap<string, ReadonlySet<string>>
  readonly indexes: ReadonlySet<string>
}

export const PRESENT = {
  columns:
    'SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = current_schema()',
  indexes: 'SELECT indexname::text FROM pg_catalog.pg_indexes WHERE schemaname = current_schema()',
}

export function additions(table: PgTable, present: Present): string[] {
  const { name, columns, primaryKeys, indexes } = getTableConfig(table)
  const there = present.columns.get(name)
  const [key] = primaryKeys
  const made = key ? [`CONSTRAINT ${quoted(key.getName())} PRIMARY KEY (${list(key.columns)})`] : []
  const missing = columns.filter((column) => there && !there.has(column.name))
  return [
    ...(there ? [] : [`CREATE TABLE ${quoted(name)} (${[...columns.map(defined), ...made].join(', ')})`]),
    ...missing.map((column) => `ALTER TABLE ${quoted(name)} ADD COLUMN ${defined(column)}`),
    ...indexes.filter((index) => !present.indexes.has(index.config.name ?? '')).map((index) => indexed(name, index)),
  ]
}

function defined(column: PgColumn): string {
  return `${quoted(column.name)} ${column.getSQLType()}${column.notNull ? ' NOT NULL' : ''}`
}

function indexed(table: string, { config }: Index): string {
  const columns = config.columns as readonly { readonly name: string }[]
  return `CREATE ${config.unique ? 'UNIQUE ' : ''}INDEX ${quoted(config.name ?? '')} ON ${quoted(table)} (${list(columns)})`
}

function list(columns: readonly { readonly name: string }[]): string {
  return columns.map((column) => quoted(column.name)).join(', ')
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}
