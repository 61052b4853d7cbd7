/** Makes the database ready: embedded migrations in order, then whatever the declarations still lack. One process at a time. */
import type { PgTable } from 'drizzle-orm/pg-core'
import { type AnyCollection, SchemaTooNew } from '#plugin'
import { additions, PRESENT } from './ddl.ts'
import { PostgresFailure } from './failure.ts'
import { migrations } from './migrations/embedded.ts'
import type { Connection, Pool } from './pool.ts'
import { tablesOf } from './tables.ts'

/** How long other processes may take over their migrations before this one gives up waiting for its turn. */
const TURN = '2min'
const LIMIT = 30 * 60_000

export async function migrate(
  pool: Pool,
  schema: string | undefined,
  collections: readonly AnyCollection[],
): Promise<void> {
  const tables = Object.values(tablesOf(collections))
  const newer = await pool.run('migrate', (connection) => oneAtATime(connection, schema, tables), LIMIT)
  if (newer !== undefined)
    throw new SchemaTooNew(`Cannot migrate: the database was written by a newer release, which made "${newer}"`)
}

async function oneAtATime(connection: Connection, schema: string | undefined, tables: readonly PgTable[]) {
  await run(connection, `SET lock_timeout = '${TURN}'`)
  await run(connection, 'SET statement_timeout = 0')
  await run(connection, 'SELECT pg_advisory_lock(hashtextextended($1, 0))', [`leveret migrations ${schema ?? ''}`])
  try {
    const [[encoding] = []] = await run(connection, 'SHOW server_encoding')
    if (encoding !== 'UTF8')
      throw new PostgresFailure('migrate', `the encoding of the database is ${String(encoding)}, not UTF8`)
    if (schema !== undefined) await run(connection, `CREATE SCHEMA IF NOT EXISTS "${schema}"`)
    const newer = await applyMigrations(connection)
    if (newer === undefined) await addMissing(connection, tables)
    return newer
  } finally {
    await run(connection, 'SELECT pg_advisory_unlock_all()')
    await run(connection, 'RESET lock_timeout')
    await run(connection, 'RESET statement_timeout')
  }
}

function run(connection: Connection, sql: string, params: readonly unknown[] = []) {
  return connection.send({ sql, params })
}

/** In one transaction: PostgreSQL undoes changes of tables like any other. */
async function atOnce(connection: Connection, statements: readonly string[]): Promise<void> {
  await run(connection, 'BEGIN')
  try {
    for (const statement of statements) await run(connection, statement)
    await run(connection, 'COMMIT')
  } catch (error) {
    await run(connection, 'ROLLBACK')
    throw error
  }
}

/** Returns the name of a migration that this release does not know, having applied none. */
async function applyMigrations(connection: Connection): Promise<string | undefined> {
  await run(
    connection,
    'CREATE TABLE IF NOT EXISTS leveret_migration (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())',
  )
  const applied = new Set((await run(connection, 'SELECT name FROM leveret_migration')).map(([name]) => String(name)))
  const known = new Set(migrations.map((migration) => migration.name))
  const newer = [...applied].find((name) => !known.has(name))
  if (newer !== undefined) return newer
  for (const { name, sql } of migrations) {
    if (applied.has(name)) continue
    const statements = sql.split('--> statement-breakpoint')
    await atOnce(connection, [...statements, `INSERT INTO leveret_migration (name) VALUES ('${name}')`])
  }
  return undefined
}

async function addMissing(connection: Connection, tables: readonly PgTable[]): Promise<void> {
  const columns = new Map<string, Set<string>>()
  for (const [table, column] of await run(connection, PRESENT.columns)) {
    columns.set(String(table), (columns.get(String(table)) ?? new Set()).add(String(column)))
  }
  const indexes = new Set((await run(connection, PRESENT.indexes)).map(([name]) => String(name)))
  const missing = tables.flatMap((table) => additions(table, { columns, indexes }))
  if (missing.length > 0) await atOnce(connection, missing)
}
