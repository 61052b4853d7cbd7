/** The contract on a pool of connections. */
import {
  type AnyCollection,
  checkExpiry,
  checkKey,
  checkQuery,
  type PluginContext,
  type Step,
  type Storage,
  shapeOf,
} from '#plugin'
import { commit } from './commit.ts'
import { type Config, clientOf, milliseconds } from './config.ts'
import { increment } from './counter.ts'
import { migrate } from './migrate.ts'
import { poolOf } from './pool.ts'
import { findStatement, getStatement, rowOf, rowsOf, sweepStatement } from './statements.ts'
import { changesOf } from './watch.ts'

export async function openPostgres(section: Config, { log, dataDir }: PluginContext): Promise<Storage> {
  const client = clientOf(section, dataDir)
  const limit = milliseconds(section.statementTimeout)
  const pool = poolOf(client, {
    poolSize: section.poolSize,
    acquire: milliseconds(section.acquireTimeout),
    work: 2 * limit,
  })
  const known = new Set<string>()
  const changes = changesOf({
    client,
    pool,
    channel: `leveret ${section.schema ?? ''}`,
    all: () => [...known],
    failed: (error) => log.warn('other nodes were not told of changes', { error: String(error) }),
  })
  await using opening = new AsyncDisposableStack()
  opening.defer(() => client.close({ timeout: 0 }))
  opening.use(changes)
  const calls = new Set<Promise<unknown>>()
  opening.defer(async () => void (await Promise.allSettled(calls)))
  await pool.run('connect', (connection) => connection.send({ sql: 'SELECT 1', params: [] }))
  const closing = opening.move()

  /** Closing waits for the writes that were asked for before. */
  function write<T>(work: () => Promise<T>): Promise<T> {
    const call = work().finally(() => calls.delete(call))
    calls.add(call)
    return call
  }

  return {
    async migrate(collections) {
      await migrate(pool, section.schema, collections)
      for (const { name } of collections) known.add(name)
    },
    async get(collection, key) {
      const shape = shapeOf(collection)
      const statement = getStatement(shape, checkKey(collection, key))
      const [values] = await pool.run(`read "${shape.name}"`, (connection) => connection.send(statement))
      return values && rowOf(shape, values)
    },
    async find(collection, query) {
      const find = checkQuery(collection, query)
      const result = await pool.run(`read "${find.shape.name}"`, (connection) => connection.send(findStatement(find)))
      const rows = rowsOf(find.shape, result)
      const last = rows[find.limit - 1]
      return rows.length > find.limit && last ? { rows: rows.slice(0, -1), next: find.cursor(last) } : { rows }
    },
    commit: (steps) =>
      write(async () => {
        const outcome = await commit(pool, steps)
        if (outcome.ok) for (const step of steps) changes.wrote(collectionOf(step).name)
        return outcome
      }),
    increment: (collection, key, by) =>
      write(async () => {
        const counter = await increment(pool, collection, { key, by })
        if (counter.ok) changes.wrote(collection.name)
        return counter
      }),
    deleteExpired: (collection, now, limit) =>
      write(async () => {
        const { shape, end } = checkExpiry(collection, now, limit)
        const statement = sweepStatement(shape, end, { now, limit })
        const { count } = await pool.run(`sweep "${shape.name}"`, (connection) => connection.send(statement))
        if (count > 0) changes.wrote(collection.name)
        return count
      }),
    watch: (changed) => changes.listen(changed),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

function collectionOf(step: Step): AnyCollection {
  if ('insert' in step) return step.insert
  if ('update' in step) return step.update
  return 'take' in step ? step.take : step.delete
}
