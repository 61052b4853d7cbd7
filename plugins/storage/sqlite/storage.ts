/** The six methods, the backup and the watch, over one open database. */
import type { Database } from 'bun:sqlite'
import {
  type AnyRow,
  type CheckedStep,
  type Commit,
  type Counter,
  checkExpiry,
  checkIncrement,
  checkKey,
  checkQuery,
  checkStep,
  type Increment,
  SchemaTooNew,
  type Storage,
  shapeOf,
} from '#plugin'
import { beforeServing, copyDatabase, saying } from './database.ts'
import { migrate } from './migrate.ts'
import { patiently, READING } from './patience.ts'
import { createSnapshot } from './snapshot.ts'
import * as form from './statements.ts'
import { decodeRow, encode, encodeRow } from './values.ts'
import { changesOf } from './watch.ts'
import { createWriter } from './writer.ts'

export function sqliteStorage(database: Database, file: string): Storage {
  const statements = form.createStatements(database)
  const snapshot = createSnapshot(database)
  const writer = createWriter(database, () => snapshot.end())
  let names: readonly string[] = []
  const changes = changesOf(database, () => names)
  let closing: Promise<void> | undefined

  /** Whether the step applied; a `take` leaves its row. */
  function apply(step: CheckedStep, at: number, taken: (AnyRow | undefined)[]): boolean {
    const { shape } = step
    if (step.kind === 'insert')
      return form.insert(statements, shape).run(...encodeRow(shape.fields, step.row)).changes === 1
    if (step.kind === 'delete') {
      if (!step.lookup.nothing) form.remove(statements, step.lookup).run(...form.valuesOfLookup(step.lookup))
      return true
    }
    const { target } = step
    if (target.nothing) return false
    if (step.kind === 'update') {
      const set = shape.fields.filter(({ name }) => name in step.set)
      if (set.length === 0) return form.check(statements, shape, target).values(...form.valuesOf(target)).length === 1
      const statement = form.update(statements, shape, target, set)
      return statement.run(...encodeRow(set, step.set), ...form.valuesOf(target)).changes === 1
    }
    const [row] = form.take(statements, shape, target).values(...form.valuesOf(target))
    if (row) taken[at] = decodeRow(shape, row)
    return row !== undefined
  }

  function run(steps: readonly CheckedStep[]): Commit {
    const taken: (AnyRow | undefined)[] = steps.map(() => undefined)
    const failed = steps.findIndex((step, at) => !apply(step, at, taken))
    return failed < 0 ? { ok: true, taken } : { ok: false, failed }
  }

  function count(target: ReturnType<typeof checkIncrement>, { by, limit, now, expiresAt }: Increment): Counter {
    const { shape, end, key } = target
    const keys = key.map(({ field, value }) => encode(field, value))
    const statement = form.count(statements, shape, end)
    const [row] = by > limit ? [] : statement.values(...keys, by, expiresAt, now, limit - by)
    if (row) return { ok: true, count: Number(row[0]), expiresAt: Number(row[1]) }
    const there = readOne(target, shape)
    const ends = Number(there?.[end.name] ?? now)
    return ends > now ? { ok: false, count: Number(there?.count), expiresAt: ends } : { ok: false, count: 0, expiresAt }
  }

  function readOne(target: ReturnType<typeof checkKey>, shape: ReturnType<typeof shapeOf>): AnyRow | undefined {
    if (target.nothing) return undefined
    const [row] = form.select(statements, target, shape).values(...form.valuesOf(target))
    return row && decodeRow(shape, row)
  }

  async function write<T>(runs: () => T, kept: (outcome: T) => boolean, count: number): Promise<T> {
    try {
      return await writer.write({ run: runs, kept, statements: count })
    } catch (error) {
      return saying(`Cannot write to ${file}`, file, () => {
        throw error
      })
    }
  }

  return {
    async migrate(collections) {
      try {
        snapshot.end()
        beforeServing(database, () => migrate(database, collections))
        names = collections.map(({ name }) => name)
      } catch (error) {
        if (error instanceof SchemaTooNew || error instanceof TypeError) throw error
        saying(`Cannot migrate ${file}`, file, () => {
          throw error
        })
      }
    },
    get: (collection, key) =>
      patiently(READING, () => {
        const target = checkKey(collection, key)
        snapshot.begin()
        return readOne(target, shapeOf(collection))
      }),
    find: (collection, query) =>
      patiently(READING, () => {
        const asked = checkQuery(collection, query)
        if (asked.nothing) return { rows: [] }
        snapshot.begin()
        const found = form.find(statements, asked).values(...form.valuesOfFind(asked))
        const rows = found.slice(0, asked.limit).map((values) => decodeRow(asked.shape, values))
        const last = found.length > rows.length ? rows.at(-1) : undefined
        return { rows, ...(last && { next: asked.cursor(last) }) }
      }),
    async commit(steps) {
      const checked = steps.map(checkStep)
      if (checked.length === 0) return { ok: true, taken: [] }
      return write(
        () => run(checked),
        (commit) => commit.ok,
        checked.length,
      )
    },
    async increment(collection, key, increment) {
      const target = checkIncrement(collection, key, increment)
      return write(
        () => count(target, increment),
        () => true,
        1,
      )
    },
    async deleteExpired(collection, now, limit) {
      const { shape, end } = checkExpiry(collection, now, limit)
      return write(
        () => form.expire(statements, shape, end).run(now, limit).changes,
        () => true,
        1,
      )
    },
    backup: (to) => copyDatabase(file, to),
    watch: async (changed) => changes.listen(changed),
    [Symbol.asyncDispose]() {
      closing ??= (async () => {
        await writer[Symbol.asyncDispose]()
        snapshot[Symbol.dispose]()
        changes[Symbol.dispose]()
        statements[Symbol.dispose]()
        database.close()
      })()
      return closing
    },
  }
}
