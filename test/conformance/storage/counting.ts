/** `increment` and `deleteExpired`. */
import { type Increment, insert, type Storage, update } from '#plugin'
import type { Case } from './case.ts'
import { equal, throws, times } from '../promise.ts'
import { counters, list, note, notes, words } from './collections.ts'

const NOW = 1_767_225_600_000
const usual: Increment = { by: 1, limit: 10, now: NOW, expiresAt: NOW + 1000 }
const add = (storage: Storage, change: Partial<Increment> = {}, key = 'k') =>
  storage.increment(counters, { key }, { ...usual, ...change })
const counted = (count: number, expiresAt = NOW + 1000) => ({ ok: true, count, expiresAt })
const refused = (count: number, expiresAt = NOW + 1000) => ({ ok: false, count, expiresAt })

export const counting: readonly Case[] = [
  {
    name: 'increment() creates the row if it is absent',
    async run({ storage }) {
      equal(await add(storage, { by: 3 }), counted(3))
      equal(await storage.get(counters, { key: 'k' }), { key: 'k', count: 3, expiresAt: NOW + 1000 })
      equal(await add(storage, {}, 'K'), counted(1), 'another key')
    },
  },
  {
    name: 'increment() adds to the count; a row that did not expire keeps its end',
    async run({ storage }) {
      await add(storage)
      equal(await add(storage, { by: 4, expiresAt: NOW + 9000 }), counted(5))
      equal(await add(storage, { now: NOW + 999, expiresAt: NOW + 9000 }), counted(6))
      equal((await storage.get(counters, { key: 'k' }))?.expiresAt, NOW + 1000)
    },
  },
  {
    name: 'increment() never goes above the limit, and is refused without a change',
    async run({ storage }) {
      await add(storage, { by: 8 })
      equal(await add(storage, { by: 3 }), refused(8))
      equal(await add(storage, { by: 2 }), counted(10))
      equal(await add(storage), refused(10))
      equal(await add(storage, { limit: 5 }), refused(10), 'the answer to a lower limit')
      equal(await add(storage, { limit: 11 }), counted(11), 'the answer to a higher limit')
      equal((await storage.get(counters, { key: 'k' }))?.count, 11)
    },
  },
  {
    name: 'increment() beyond the limit of an absent row is refused and creates none',
    async run({ storage }) {
      equal(await add(storage, { by: 11 }), refused(0))
      equal(await add(storage, { limit: 0 }), refused(0))
      equal(await storage.get(counters, { key: 'k' }), undefined)
    },
  },
  {
    name: 'increment() starts anew when the end is not after now',
    async run({ storage }) {
      await add(storage, { by: 9 })
      equal(await add(storage, { by: 2, now: NOW + 1000, expiresAt: NOW + 5000 }), counted(2, NOW + 5000))
      equal(await add(storage, { now: NOW + 4999, expiresAt: NOW + 8000 }), counted(3, NOW + 5000))
      equal(await add(storage, { by: 1, now: NOW + 9000, expiresAt: NOW + 9001 }), counted(1, NOW + 9001))
    },
  },
  {
    name: 'increment() beyond the limit of an expired row is refused and changes nothing',
    async run({ storage }) {
      await add(storage, { by: 9 })
      equal(await add(storage, { by: 11, now: NOW + 2000, expiresAt: NOW + 3000 }), refused(0, NOW + 3000))
      equal(await storage.get(counters, { key: 'k' }), { key: 'k', count: 9, expiresAt: NOW + 1000 })
    },
  },
  {
    name: 'increment() counts to 53 bits',
    async run({ storage }) {
      const limit = Number.MAX_SAFE_INTEGER
      equal(await add(storage, { by: limit - 1, limit }), counted(limit - 1))
      equal(await add(storage, { by: 2, limit }), refused(limit - 1))
      equal(await add(storage, { by: 1, limit }), counted(limit))
      equal(await add(storage, { by: limit, limit }), refused(limit))
    },
  },
  {
    name: 'increment() and commit() see each other',
    async run({ storage }) {
      await add(storage)
      equal(
        (await storage.commit([update(counters, { key: 'k' }, { set: { count: 7 }, when: { count: 1 } })])).ok,
        true,
      )
      equal(await add(storage), counted(8))
      equal((await storage.commit([{ take: counters, key: { key: 'k' }, when: { count: 8 } }])).ok, true)
      equal(await add(storage), counted(1))
    },
  },
  {
    name: 'increment() refuses what is no counter and what is no increment',
    async run({ storage }) {
      await throws(() => storage.increment(words, { select: 'a' }, usual), 'TypeError')
      await throws(() => storage.increment(notes, { id: 'a' }, usual), 'TypeError')
      await throws(() => storage.increment(counters, {}, usual), 'TypeError')
      for (const change of [
        { by: 0 },
        { by: -1 },
        { by: 0.5 },
        { limit: -1 },
        { limit: Number.NaN },
        { expiresAt: NOW },
        { by: 2 ** 53 },
      ])
        await throws(() => add(storage, change), 'RangeError')
      await throws(() => add(storage, {}, 'a\0'), 'RangeError')
      await throws(() => add(storage, {}, 'a'.repeat(191)), 'RangeError')
    },
  },
  {
    name: 'of fifty increments at once exactly as many count as the limit allows, each to its own count',
    async run({ storage, again }) {
      const other = await again()
      const answers = await times(50, (index) => add(index % 2 ? storage : other))
      const counts = answers.filter((answer) => answer.ok).map((answer) => answer.count)
      equal(
        counts.sort((a, b) => a - b),
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
      )
      equal(answers.filter((answer) => !answer.ok && answer.count === 10).length, 40, 'the number of refusals')
    },
  },
  {
    name: 'of fifty increments of an expired row the first starts it anew, once',
    async run({ storage, again }) {
      const other = await again()
      await add(storage, { by: 10 })
      const answers = await times(50, (index) =>
        add(index % 2 ? storage : other, { now: NOW + 1000, expiresAt: NOW + 2000 + index, limit: 30 }),
      )
      equal(answers.filter((answer) => answer.ok).length, 30, 'the number that counted')
      equal(new Set(answers.map((answer) => answer.expiresAt)).size, 1, 'the number of ends')
    },
  },
  {
    name: 'deleteExpired() removes rows whose end is at or before now, and no other',
    async run({ storage }) {
      for (const [id, endsAt] of Object.entries({ a: 99, b: 100, c: 101, d: null, e: -1 }))
        await storage.commit([insert(notes, note({ id, endsAt }))])
      equal(await storage.deleteExpired(notes, 100, 1000), 3)
      equal(await list(storage, notes, 'id', {}), ['c', 'd'])
      equal(await storage.deleteExpired(notes, 100, 1000), 0)
      equal(await storage.deleteExpired(notes, Number.MAX_SAFE_INTEGER, 1000), 1)
      equal(await list(storage, notes, 'id', {}), ['d'])
    },
  },
  {
    name: 'deleteExpired() removes at most `limit` rows and returns how many',
    async run({ storage }) {
      await storage.commit(
        Array.from({ length: 25 }, (_, index) => insert(notes, note({ id: `n${index}`, endsAt: index }))),
      )
      const removed: number[] = []
      for (let round = 0; round < 4; round++) removed.push(await storage.deleteExpired(notes, 20, 10))
      equal(removed, [10, 10, 1, 0])
      equal((await list(storage, notes, 'id', {})).length, 4)
    },
  },
  {
    name: 'deleteExpired() at once by many returns each removed row to one of them',
    async run({ storage, again }) {
      const other = await again()
      await storage.commit(
        Array.from({ length: 95 }, (_, index) => insert(notes, note({ id: `n${index}`, endsAt: 1 }))),
      )
      const removed = await times(30, (index) => (index % 2 ? storage : other).deleteExpired(notes, 1, 10))
      equal(removed.reduce((sum, count) => sum + count, 0) + (await list(storage, notes, 'id', {})).length, 95)
      equal(
        removed.every((count) => count <= 10),
        true,
        'whether the limit was kept',
      )
    },
  },
  {
    name: 'deleteExpired() sweeps counters, and refuses a collection whose rows never die',
    async run({ storage }) {
      await add(storage)
      await add(storage, { expiresAt: NOW + 5000 }, 'later')
      equal(await storage.deleteExpired(counters, NOW + 1000, 10), 1)
      equal(await list(storage, counters, 'key', {}), ['later'])
      await throws(() => storage.deleteExpired(words, NOW, 10), 'TypeError')
      await throws(() => storage.deleteExpired(counters, NOW, 0), 'RangeError')
    },
  },
]
