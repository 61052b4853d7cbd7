/** Broken counters, sweeps, migrations, backups, watchers and endings. */
import type { AnyCollection, AnyRow, Counter, Increment, Storage } from '#plugin'
import type { Mutant } from './mutants.ts'

function changing(name: string, fails: string | readonly string[], over: (right: Storage) => Partial<Storage>): Mutant {
  return { name, fails: [fails].flat(), over: (right) => ({ ...right, ...over(right) }) }
}
function counting(
  name: string,
  fails: string | readonly string[],
  increment: (right: Storage, collection: AnyCollection, key: AnyRow, by: Increment) => Promise<Counter>,
): Mutant {
  return changing(name, fails, (right) => ({ increment: (...asked) => increment(right, ...asked) }))
}
const ATONCE = 'of fifty increments at once exactly as many count as the limit allows, each to its own count'

export const brokenRest: readonly Mutant[] = [
  counting(
    'increment knows no limit',
    ['increment() never goes above the limit, and is refused without a change', ATONCE],
    (right, collection, key, by) => right.increment(collection, key, { ...by, limit: Number.MAX_SAFE_INTEGER }),
  ),
  counting(
    'increment stops one below the limit',
    'increment() never goes above the limit, and is refused without a change',
    (right, collection, key, by) => right.increment(collection, key, { ...by, limit: Math.max(by.limit - 1, 0) }),
  ),
  counting('increment reads, adds and writes', ATONCE, async (right, collection, key, by) => {
    const row = await right.get(collection, key)
    const count = Number(row?.count ?? 0) + by.by
    if (count > by.limit) return { ok: false, count: count - by.by, expiresAt: Number(row?.expiresAt ?? by.expiresAt) }
    await new Promise((resolve) => setImmediate(resolve))
    await right.commit([
      { delete: collection, where: { equals: key } },
      { insert: collection, row: { ...key, count, expiresAt: by.expiresAt } },
    ])
    return { ok: true, count, expiresAt: by.expiresAt }
  }),
  counting(
    'increment moves the end',
    'increment() adds to the count; a row that did not expire keeps its end',
    async (right, collection, key, by) => {
      const counted = await right.increment(collection, key, by)
      await right.commit([{ update: collection, key, set: { expiresAt: by.expiresAt } }])
      return { ...counted, expiresAt: by.expiresAt }
    },
  ),
  counting(
    'increment never starts anew',
    [
      'increment() starts anew when the end is not after now',
      'of fifty increments of an expired row the first starts it anew, once',
    ],
    (right, collection, key, by) => right.increment(collection, key, { ...by, now: 0 }),
  ),
  counting(
    'increment starts anew a moment late',
    'increment() starts anew when the end is not after now',
    (right, collection, key, by) => right.increment(collection, key, { ...by, now: by.now - 1 }),
  ),
  counting(
    'a refused increment fills the counter',
    'increment() never goes above the limit, and is refused without a change',
    async (right, collection, key, by) => {
      const counted = await right.increment(collection, key, by)
      if (!counted.ok) await right.commit([{ update: collection, key, set: { count: by.limit } }])
      return counted
    },
  ),
  counting(
    'a refused increment creates the row',
    'increment() beyond the limit of an absent row is refused and creates none',
    async (right, collection, key, by) => {
      const counted = await right.increment(collection, key, by)
      if (!counted.ok) await right.commit([{ insert: collection, row: { ...key, count: 0, expiresAt: by.expiresAt } }])
      return counted
    },
  ),
  counting(
    'a refused increment ends an expired row',
    'increment() beyond the limit of an expired row is refused and changes nothing',
    async (right, collection, key, by) => {
      const counted = await right.increment(collection, key, by)
      if (!counted.ok) await right.deleteExpired(collection, by.now, 1)
      return counted
    },
  ),
  counting('all keys share one counter', 'increment() creates the row if it is absent', (right, collection, _, by) =>
    right.increment(collection, { key: 'k' }, by),
  ),
  counting(
    'anything can be added',
    'increment() refuses what is no counter and what is no increment',
    (right, collection, key, by) => right.increment(collection, key, { ...by, by: Math.max(1, Math.round(by.by)) }),
  ),
  changing('counters are kept in memory', 'increment() and commit() see each other', (right) => {
    const counts = new Map<unknown, number>()
    return {
      async increment(_, key, { by, limit, expiresAt }) {
        const count = (counts.get(key.key) ?? 0) + by
        if (count <= limit) counts.set(key.key, count)
        await right.get(_, key)
        return { ok: count <= limit, count: Math.min(count, limit), expiresAt }
      },
    }
  }),

  changing(
    'deleteExpired keeps rows that end now',
    'deleteExpired() removes rows whose end is at or before now, and no other',
    (right) => ({
      deleteExpired: (collection, now, limit) => right.deleteExpired(collection, now - 1, limit),
    }),
  ),
  changing(
    'deleteExpired removes rows that never die',
    'deleteExpired() removes rows whose end is at or before now, and no other',
    (right) => ({
      async deleteExpired(collection, now, limit) {
        const removed = await right.deleteExpired(collection, now, limit)
        if (collection.expiresAt === 'endsAt')
          await right.commit([{ delete: collection, where: { equals: { id: 'd' } } }])
        return removed
      },
    }),
  ),
  changing(
    'deleteExpired knows no limit',
    ['deleteExpired() removes at most `limit` rows and returns how many'],
    (right) => ({
      deleteExpired: (collection, now) => right.deleteExpired(collection, now, 1_000_000),
    }),
  ),
  changing(
    'deleteExpired returns its limit',
    'deleteExpired() removes at most `limit` rows and returns how many',
    (right) => ({
      deleteExpired: async (collection, now, limit) =>
        Math.max(limit, await right.deleteExpired(collection, now, limit)),
    }),
  ),
  changing(
    'deleteExpired counts before it removes',
    'deleteExpired() at once by many returns each removed row to one of them',
    (right) => ({
      async deleteExpired(collection, now, limit) {
        const { rows } = await right.find(collection, { limit })
        const dead = rows.filter((row) => typeof row.endsAt === 'number' && row.endsAt <= now)
        await right.commit(dead.map((row) => ({ delete: collection, where: { equals: { id: row.id } } })))
        return dead.length
      },
    }),
  ),
  changing(
    'deleteExpired sweeps what never dies',
    'deleteExpired() sweeps counters, and refuses a collection whose rows never die',
    (right) => ({
      deleteExpired: async (...asked) => (asked[0].expiresAt === undefined ? 0 : right.deleteExpired(...asked)),
    }),
  ),

  changing(
    'migrate empties what it knows',
    ['migrate() run twice changes nothing', 'rows are still there when the store is closed and opened again'],
    (right) => ({
      async migrate(collections) {
        await right.migrate(collections)
        await right.commit(collections.map((collection) => ({ delete: collection, where: {} })))
      },
    }),
  ),
  changing(
    'migrate works once',
    ['migrate() run twice changes nothing', 'migrate() adds a collection and leaves those that are not named'],
    (right) => {
      let migrated = false
      return {
        async migrate(collections) {
          if (migrated) throw new Error('table already exists')
          migrated = true
          await right.migrate(collections)
        },
      }
    },
  ),
  changing(
    'migrate adds no field',
    'migrate() keeps rows, and gives them null in the fields that it adds',
    (right) => ({
      migrate: (collections) =>
        right.migrate(collections.filter(({ unique }) => JSON.stringify(unique) !== '[["nick"]]')),
    }),
  ),
  changing(
    'migrate adds no unique',
    'migrate() adds indexes, uniques and an end of life to rows that are there',
    (right) => ({
      migrate: (collections) =>
        right.migrate(
          collections.map(({ unique, ...rest }) =>
            rest.name === 'kit_grown' ? rest : { ...rest, ...(unique && { unique }) },
          ),
        ),
    }),
  ),
  changing(
    'migrate takes any schema',
    'migrate() refuses a schema that a newer release wrote, and changes nothing',
    (right) => ({
      migrate: (collections) => right.migrate(collections).catch(() => undefined),
    }),
  ),
  changing(
    'closing forgets what was asked for',
    'closing waits for the commits that were asked for before',
    (right) => {
      let closed = false
      return {
        async commit(steps) {
          await new Promise((resolve) => setImmediate(resolve))
          return closed ? { ok: false, failed: 0 } : right.commit(steps)
        },
        async [Symbol.asyncDispose]() {
          closed = true
          await right[Symbol.asyncDispose]()
        },
      }
    },
  ),
  changing('backup replaces a file', 'backup() throws if the file exists and leaves it alone', (right) => ({
    async backup(to) {
      await Bun.file(to).delete()
      await right.backup?.(to)
    },
  })),
  changing(
    'backup copies nothing',
    'backup() writes every acknowledged write to a new file that opens as a storage, while writes go on',
    () => ({
      backup: async (to) => void (await Bun.write(to, '')),
    }),
  ),
]
