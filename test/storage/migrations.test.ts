/** The checked-in migrations say what the declarations say, and so do the tables that a driver makes by itself. */
import { Database } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { collections } from '../../src/core/collections.ts'
import { openSqlite, temporaryFolder } from '../harness/storage-sqlite.ts'
import { DIALECTS, driftOf, folderOf, hasDriver } from '../migrations/generate.ts'

describe.each(DIALECTS.filter(hasDriver).map((dialect) => [dialect.name, dialect] as const))(
  'migrations of %s',
  (_, dialect) => {
    test('lead to the declarations; otherwise run `bun test/migrations/generate.ts`', async () => {
      expect((await driftOf(dialect)).statements).toEqual([])
    })
    test('are all embedded, in order', async () => {
      const folder = join(folderOf(dialect), 'migrations')
      const files = readdirSync(folder).filter((file) => file.endsWith('.sql'))
      const { migrations } = (await import(join(folder, 'embedded.ts'))) as {
        migrations: { name: string; sql: string }[]
      }
      expect(migrations.map(({ name }) => `${name}.sql`)).toEqual(files.sort())
      for (const { name, sql } of migrations) expect(await Bun.file(join(folder, `${name}.sql`)).text()).toBe(sql)
    })
  },
)

test('SQLite tables are the same from a migration and from a declaration', async () => {
  using folder = temporaryFolder()
  const renamed = collections.map((collection) => ({ ...collection, name: `own_${collection.name}` }))
  await using storage = await openSqlite(folder.path)
  await storage.migrate(renamed)
  using database = new Database(join(folder.path, 'leveret.db'), { readonly: true })
  for (const { name } of collections) expect(tableIn(database, `own_${name}`)).toEqual(tableIn(database, name))
})

test('SQLite is left alone by a migration that has nothing to do', async () => {
  using folder = temporaryFolder()
  await using storage = await openSqlite(folder.path)
  await storage.migrate(collections)
  using database = new Database(join(folder.path, 'leveret.db'), { readonly: true })
  const changes = () => database.query('PRAGMA data_version').values()
  const before = changes()
  await storage.migrate(collections)
  await (await openSqlite(folder.path)).migrate(collections)
  expect(changes()).toEqual(before)
})

/** Columns and indexes of a table, without the name of the table. */
function tableIn(database: Database, table: string) {
  const ask = (query: string, name: string) => database.query(query).values(name)
  const indexes = ask('SELECT name, "unique", origin FROM pragma_index_list(?) ORDER BY origin, name', table).map(
    ([name, ...rest]) => [
      ...(String(name).startsWith('sqlite_') ? [] : [String(name).replace(/^own_/, '')]),
      ...rest,
      ask('SELECT name FROM pragma_index_info(?) ORDER BY seqno', String(name)),
    ],
  )
  return {
    columns: ask('SELECT name, upper(type), "notnull", dflt_value, pk FROM pragma_table_info(?) ORDER BY cid', table),
    indexes,
  }
}
