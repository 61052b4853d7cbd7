/** Pages while others write: a row that was there all the time is on exactly one page. */
import { insert, take, update } from '#plugin'
import type { Case } from './case.ts'
import { equal } from '../promise.ts'
import { list, note, notes, words } from './collections.ts'

const name = (index: number) => `w${String(index).padStart(3, '0')}`

export const cursors: readonly Case[] = [
  {
    name: 'find() gives each row once while rows are inserted between pages',
    async run({ storage }) {
      for (let index = 0; index < 20; index += 2)
        await storage.commit([insert(words, { select: name(index), group: 'g' })])
      for (const by of [['select'], ['group']])
        for (const descending of [false, true]) {
          const seen: unknown[] = []
          let after: string | undefined
          let fresh = 1
          do {
            const page = await storage.find(words, { by, descending, limit: 3, ...(after !== undefined && { after }) })
            seen.push(...page.rows.map((row) => row.select))
            after = page.next
            await storage.commit([
              { delete: words, where: { equals: { select: name(fresh) } } },
              insert(words, { select: name(fresh), group: 'g' }),
            ])
            fresh += 2
          } while (after !== undefined)
          equal(new Set(seen).size, seen.length, 'the number of different rows')
          for (let index = 0; index < 20; index += 2)
            equal(seen.includes(name(index)), true, `whether ${name(index)} was found`)
        }
    },
  },
  {
    name: 'find() skips no row when the rows of the page before are removed',
    async run({ storage }) {
      for (let index = 0; index < 12; index++)
        await storage.commit([insert(words, { select: name(index), group: null })])
      const seen: unknown[] = []
      let after: string | undefined
      do {
        const page = await storage.find(words, { limit: 5, ...(after !== undefined && { after }) })
        seen.push(...page.rows.map((row) => row.select))
        for (const row of page.rows) await storage.commit([take(words, { select: String(row.select) })])
        after = page.next
      } while (after !== undefined)
      equal(
        seen,
        Array.from({ length: 12 }, (_, index) => name(index)),
      )
    },
  },
  {
    name: 'find() pages through rows that are equal in the fields of `by`',
    async run({ storage }) {
      const ids = Array.from({ length: 11 }, (_, index) => name(index))
      for (const [rank, id] of ids.entries())
        await storage.commit([insert(notes, note({ id, owner: 'o', rank, dueAt: 5, weight: 0.1 }))])
      for (const by of [['dueAt'], ['weight'], ['owner'], ['owner', 'dueAt']])
        for (const limit of [1, 2, 5, 11]) {
          equal(await list(storage, notes, 'id', { by, limit }), ids)
          equal(await list(storage, notes, 'id', { by, limit, descending: true }), ids.toReversed())
        }
    },
  },
  {
    name: 'find() keeps its place when the row it stopped at moves or goes',
    async run({ storage }) {
      for (let rank = 0; rank < 6; rank++)
        await storage.commit([insert(notes, note({ id: name(rank), owner: 'o', rank }))])
      const query = { by: ['owner', 'rank'], equals: { owner: 'o' } }
      const { next: after = '' } = await storage.find(notes, { ...query, limit: 3 })
      await storage.commit([update(notes, { id: name(2) }, { set: { owner: 'p' } })])
      equal(
        (await storage.find(notes, { ...query, limit: 9, after })).rows.map((row) => row.rank),
        [3, 4, 5],
      )
      await storage.commit([take(notes, { id: name(2) })])
      equal(
        (await storage.find(notes, { ...query, limit: 1, after })).rows.map((row) => row.rank),
        [3],
      )
    },
  },
  {
    name: 'find() reads a cursor that another opening gave, with another limit',
    async run({ storage, again }) {
      for (const text of ['a', 'ü', '中', '🐇']) await storage.commit([insert(words, { select: text, group: text })])
      const { next: after = '' } = await storage.find(words, { by: ['group'], limit: 2 })
      const other = await again()
      equal(
        (await other.find(words, { by: ['group'], limit: 5, after })).rows.map((row) => row.group),
        ['中', '🐇'],
      )
    },
  },
]
