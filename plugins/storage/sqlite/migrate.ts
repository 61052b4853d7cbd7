/** Brings a database to the embedded migrations, then to the given declarations (`tables.ts` tells the whole way). */
import type { Database } from 'bun:sqlite'
import { getTableConfig, type SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { type AnyCollection, SchemaTooNew, shapeOf } from '#plugin'
import { migrations } from './migrations/embedded.ts'
import { tableOf } from './tables.ts'

export function migrate(database: Database, collections: readonly AnyCollection[]): void {
  while (newestOf(database) !== migrations.length) immediately(database, () => applyNext(database))
  const missing = () => collections.flatMap((collection) => missingOf(database, collection))
  if (missing().length === 0) return
  immediately(database, () => {
    for (const statement of missing()) database.run(statement)
  })
}

/** Runs the first migration that the ledger lacks. Everything is read again under the lock. */
function applyNext(database: Database): void {
  database.run('CREATE TABLE IF NOT EXISTS "leveret_migration" ("number" integer PRIMARY KEY, "name" text NOT NULL)')
  const done = newestOf(database)
  if (done > migrations.length)
    throw new SchemaTooNew(
      `Cannot use the database: its schema has ${done} migrations, this release knows ${migrations.length}; install the newer release`,
    )
  const next = migrations[done]
  if (!next) return
  for (const statement of next.sql.split('--> statement-breakpoint')) database.run(statement)
  database.run('INSERT INTO "leveret_migration" VALUES (?, ?)', [done + 1, next.name])
}

/** The number of the newest migration in the ledger; 0 without one. */
function newestOf(database: Database): number {
  if (columnsOf(database, 'leveret_migration').size === 0) return 0
  const [[newest] = []] = database.query('SELECT max("number") FROM "leveret_migration"').values()
  return Number(newest ?? 0)
}

function immediately(database: Database, work: () => void): void {
  database.run('BEGIN IMMEDIATE')
  try {
    work()
    database.run('COMMIT')
  } catch (error) {
    if (database.inTransaction) database.run('ROLLBACK')
    throw error
  }
}

/** The statements that are needed before this collection can be used. */
function missingOf(database: Database, collection: AnyCollection): string[] {
  const { name, columns, primaryKeys, indexes } = getTableConfig(tableOf(shapeOf(collection)))
  const there = columnsOf(database, name)
  const indexed = namesOf(database, 'SELECT name FROM pragma_index_list(?)', name)
  const list = (some: readonly { readonly name: string }[]) => some.map((one) => quote(one.name)).join(', ')
  const table = () => {
    const key = `PRIMARY KEY(${list(primaryKeys.flatMap((one) => one.columns))})`
    return [`CREATE TABLE ${quote(name)} (${[...columns.map(definitionOf), key].join(', ')})`]
  }
  const added = columns.filter((column) => !there.has(column.name))
  const fixed = added.find((column) => column.notNull)
  if (there.size > 0 && fixed)
    throw new Error(`Cannot migrate ${name}: column "${fixed.name}" was added to it and is not nullable`)
  return [
    ...(there.size === 0 ? table() : added.map((one) => `ALTER TABLE ${quote(name)} ADD ${definitionOf(one)}`)),
    ...indexes.flatMap(({ config }) =>
      indexed.has(config.name)
        ? []
        : [
            `CREATE ${config.unique ? 'UNIQUE ' : ''}INDEX ${quote(config.name)} ON ${quote(name)} (${list(config.columns as SQLiteColumn[])})`,
          ],
    ),
  ]
}

function definitionOf(column: SQLiteColumn): string {
  return `${quote(column.name)} ${column.getSQLType()}${column.notNull ? ' NOT NULL' : ''}`
}

function columnsOf(database: Database, table: string): Set<string> {
  return namesOf(database, 'SELECT name FROM pragma_table_info(?)', table)
}

function namesOf(database: Database, query: string, table: string): Set<string> {
  return new Set(
    database
      .query(query)
      .values(table)
      .map(([name]) => String(name)),
  )
}

function quote(name: string): string {
  return `"${name}"`
}
