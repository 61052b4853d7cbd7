/** What an operator meets: the file, its mode, and one sentence for each thing that can be wrong with it. */
import { Database } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import { insert, take } from '#plugin'
import { openDatabase } from '../../plugins/storage/sqlite/database.ts'
import sqlite from '../../plugins/storage/sqlite/index.ts'
import { sqliteStorage } from '../../plugins/storage/sqlite/storage.ts'
import { kit, note, notes, words } from '../conformance/storage/collections.ts'
import { openSqlite, temporaryFolder } from '../harness/storage-sqlite.ts'

const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8)
const word = (select: string) => insert(words, { select, group: null })

describe('the SQLite file', () => {
  test('is leveret.db in the data folder by default, and durable', () => {
    expect(Value.Parse(sqlite.config, {})).toEqual({ path: 'leveret.db', durability: 'full' })
    expect(Value.Check(sqlite.config, { path: 'a', durability: 'full', more: 1 })).toBe(false)
  })
  test('is where the configuration says, also outside the data folder', async () => {
    using folder = temporaryFolder()
    using elsewhere = temporaryFolder()
    await using _near = await openSqlite(folder.path, { path: 'near.db' })
    await using _far = await openSqlite(folder.path, { path: join(elsewhere.path, 'far.db') })
    expect([readdirSync(folder.path).includes('near.db'), readdirSync(elsewhere.path).includes('far.db')]).toEqual([
      true,
      true,
    ])
  })
  test('is for its owner only, with everything beside it, and becomes so', async () => {
    using folder = temporaryFolder()
    writeFileSync(join(folder.path, 'leveret.db'), '', { mode: 0o644 })
    await using storage = await openSqlite(folder.path)
    await storage.migrate(kit)
    await storage.backup?.(join(folder.path, 'copy.db'))
    const files = readdirSync(folder.path).sort()
    expect(files).toEqual(['copy.db', 'leveret.db', 'leveret.db-shm', 'leveret.db-wal'])
    for (const file of files) expect([file, modeOf(join(folder.path, file))]).toEqual([file, '600'])
  })
  test('is alone again after closing', async () => {
    using folder = temporaryFolder()
    const storage = await openSqlite(folder.path)
    await storage.migrate(kit)
    await storage.commit([word('w')])
    await storage.get(words, { select: 'w' })
    await storage[Symbol.asyncDispose]()
    expect(readdirSync(folder.path)).toEqual(['leveret.db'])
  })
  test('keeps columns that an operator can query', async () => {
    using folder = temporaryFolder()
    await using storage = await openSqlite(folder.path)
    await storage.migrate(kit)
    await storage.commit([insert(notes, note({ id: 'n', done: true, weight: 2, dueAt: 7, tags: ['a'] }))])
    using database = new Database(join(folder.path, 'leveret.db'), { readonly: true })
    const row = database
      .query(
        "SELECT done, weight, due_at, ends_at, tags->>0 AS tag, typeof(weight) AS type FROM kit_note WHERE id = 'n'",
      )
      .get()
    expect(row).toEqual({ done: 1, weight: 2, due_at: 7, ends_at: null, tag: 'a', type: 'real' })
  })
})

describe('the SQLite driver says in one sentence', () => {
  test.each([
    [
      'that the file is no database',
      (file: string) => writeFileSync(file, 'a text of some length, and no database at all'.repeat(30)),
      'not a SQLite database',
    ],
    ['that the file is a folder', (file: string) => mkdirSync(file), 'it is not a file'],
    ['that the file is damaged', damage, 'damaged'],
  ])('%s', async (_, prepare, sentence) => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'leveret.db')
    await Promise.resolve(prepare(file))
    const said = await refusal(openSqlite(folder.path))
    expect(said).toStartWith(`Cannot open ${file}: `)
    expect(said).toContain(sentence)
  })
  test('that a large file is damaged, when it was not closed; one that was is not read through at the start', async () => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'leveret.db')
    await damage(file, 40_000_000)
    await (await openSqlite(folder.path))[Symbol.asyncDispose]()
    writeFileSync(`${file}-wal`, 'what a process that was killed leaves behind')
    expect(await refusal(openSqlite(folder.path))).toContain('damaged')
  })
  test('that the folder does not exist', async () => {
    using folder = temporaryFolder()
    const missing = join(folder.path, 'none')
    expect(await refusal(openSqlite(missing))).toContain(`the folder ${missing} does not exist`)
  })
  test.skipIf(process.getuid?.() === 0)('that the folder cannot be written', async () => {
    using folder = temporaryFolder()
    chmodSync(folder.path, 0o500)
    expect(await refusal(openSqlite(folder.path))).toContain('permission denied')
    chmodSync(folder.path, 0o700)
  })
  test('that the disk is full, and works on when it is not', async () => {
    using folder = temporaryFolder()
    const file = join(folder.path, 'leveret.db')
    const database = openDatabase(file, 'full')
    await using storage = sqliteStorage(database, file)
    await storage.migrate(kit)
    await storage.commit([word('before')])
    const big = insert(notes, note({ id: 'big', text: 'x'.repeat(3_000_000) }))
    // A limit on pages is the disk that is full without filling one.
    database.run('PRAGMA max_page_count = 200')
    const outcomes = await Promise.allSettled([
      storage.commit([word('a')]),
      storage.commit([word('c'), big]),
      storage.commit([word('b')]),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(String((outcomes[1] as PromiseRejectedResult).reason)).toContain('the disk is full')
    const { rows } = await storage.find(words, { limit: 9 })
    expect(rows.map((row) => row.select)).toEqual(['a', 'b', 'before'])
  })
  test('that a backup has no folder, and leaves nothing behind', async () => {
    using folder = temporaryFolder()
    await using storage = await openSqlite(folder.path)
    await storage.migrate(kit)
    const to = join(folder.path, 'none', 'copy.db')
    expect(await refusal(storage.backup?.(to))).toContain(`Cannot write a backup to ${to}: the folder`)
  })
})

test('a write waits while another process holds the database, and is done afterwards', async () => {
  using folder = temporaryFolder()
  await using storage = await openSqlite(folder.path)
  await storage.migrate(kit)
  using other = new Database(join(folder.path, 'leveret.db'))
  other.run('BEGIN IMMEDIATE')
  const writing = storage.commit([word('w')])
  const reading = await storage.find(words, { limit: 1 })
  await new Promise((resolve) => setImmediate(resolve))
  other.run('COMMIT')
  expect([reading.rows, (await writing).ok]).toEqual([[], true])
})

test('one commit that the engine refuses harms no other of its group', async () => {
  using folder = temporaryFolder()
  await using storage = await openSqlite(folder.path)
  await storage.migrate(kit)
  using database = new Database(join(folder.path, 'leveret.db'))
  database.run(`CREATE TRIGGER poison BEFORE INSERT ON kit_note BEGIN SELECT RAISE(ROLLBACK, 'poisoned'); END`)
  const outcomes = await Promise.allSettled([
    storage.commit([word('a'), word('b')]),
    storage.commit([word('c'), insert(notes, note({ id: 'n' }))]),
    storage.commit([take(words, { select: 'a' })]),
    storage.commit([word('d')]),
  ])
  expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.ok : 'rejected'))).toEqual([
    true,
    'rejected',
    true,
    true,
  ])
  expect((await storage.find(words, { limit: 9 })).rows.map((row) => row.select)).toEqual(['b', 'd'])
})

test('one commit that is refused undoes itself and no other of its group', async () => {
  using folder = temporaryFolder()
  await using storage = await openSqlite(folder.path)
  await storage.migrate(kit)
  const commits = await Promise.all([
    storage.commit([word('a'), word('b')]),
    storage.commit([word('c'), take(words, { select: 'nobody' })]),
    storage.commit([take(words, { select: 'a' }), word('d')]),
    storage.commit([word('e'), word('b')]),
  ])
  expect(commits.map(({ ok }) => ok)).toEqual([true, false, true, false])
  expect((await storage.find(words, { limit: 9 })).rows.map((row) => row.select)).toEqual(['b', 'd'])
})

/** What it says when it cannot. */
async function refusal(work: Promise<unknown> | undefined): Promise<string> {
  const [outcome] = await Promise.allSettled([work])
  return outcome.status === 'rejected' && outcome.reason instanceof Error ? outcome.reason.message : 'nothing'
}

/** A database with a page of noise where an index was. */
async function damage(file: string, padding = 0) {
  using database = new Database(file)
  database.run('CREATE TABLE t (a TEXT PRIMARY KEY)')
  database.run('BEGIN')
  for (let row = 0; row < 500; row++) database.run('INSERT INTO t VALUES (?)', [`row ${row} ${'x'.repeat(100)}`])
  database.run('COMMIT')
  database.run('CREATE TABLE padding AS SELECT zeroblob(?) AS filler', [padding])
  database.close()
  const bytes = await Bun.file(file).bytes()
  bytes.fill(0x5a, 4096 * 2, 4096 * 6)
  await Bun.write(file, bytes)
}
