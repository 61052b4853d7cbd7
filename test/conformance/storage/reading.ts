/** `get`: the row or nothing, as of the last acknowledged write. */
import { insert, take, update } from '#plugin'
import type { Case } from './case.ts'
import { equal, throws, times } from '../promise.ts'
import { note, notes, parts, words } from './collections.ts'

export const reading: readonly Case[] = [
  {
    name: 'get() returns undefined for a row that is not there',
    async run({ storage }) {
      equal(await storage.get(notes, { id: 'none' }), undefined)
      await storage.commit([insert(notes, note({ id: 'n' }))])
      equal(await storage.get(notes, { id: 'none' }), undefined)
      equal(await storage.get(notes, { id: 'N' }), undefined)
    },
  },
  {
    name: 'get() takes every field of the key into account, in any order',
    async run({ storage }) {
      const rows = ['a', 'b'].flatMap((box) =>
        ['a', 'b'].flatMap((name) => [1, 2].map((size) => ({ box, name, size, open: box < name }))),
      )
      await storage.commit(rows.map((row) => insert(parts, row)))
      for (const row of rows) {
        const { box, name, size } = row
        equal(await storage.get(parts, { box, name, size }), row)
        equal(await storage.get(parts, { size, name, box }), row)
      }
    },
  },
  {
    name: 'get() sees every write that was acknowledged before the call',
    async run({ storage }) {
      await times(50, async (index) => {
        const id = `n${index}`
        await storage.commit([insert(notes, note({ id }))])
        equal((await storage.get(notes, { id }))?.text, '', 'the row after its insert')
        await storage.commit([update(notes, { id }, { set: { text: id } })])
        equal((await storage.get(notes, { id }))?.text, id, 'the row after its update')
        await storage.commit([take(notes, { id })])
        equal(await storage.get(notes, { id }), undefined, 'the row after its removal')
      })
    },
  },
  {
    name: 'get() and find() of another opening see acknowledged writes',
    async run({ storage, again }) {
      const other = await again()
      for (let rank = 0; rank < 20; rank++) {
        await storage.commit([insert(notes, note({ id: `n${rank}`, rank, mail: `m${rank}` }))])
        equal((await other.get(notes, { id: `n${rank}` }))?.rank, rank, 'the row from get')
        equal(
          (await other.find(notes, { by: ['mail'], equals: { mail: `m${rank}` }, limit: 1 })).rows.length,
          1,
          'rows from find',
        )
      }
    },
  },
  {
    name: 'get() and find() return expired rows',
    async run({ storage }) {
      const row = note({ id: 'n', endsAt: 1 })
      await storage.commit([insert(notes, row)])
      equal(await storage.get(notes, { id: 'n' }), row)
      equal((await storage.find(notes, { limit: 1 })).rows, [row])
    },
  },
  {
    name: 'get() of a key that is not the declared one throws',
    async run({ storage }) {
      await throws(() => storage.get(notes, {}), 'TypeError')
      await throws(() => storage.get(notes, { text: 'n' }), 'TypeError')
      await throws(() => storage.get(notes, { id: 'n', rank: 0 }), 'TypeError')
      await throws(() => storage.get(notes, { id: 1 }), 'TypeError')
      await throws(() => storage.get(notes, { id: undefined }), 'TypeError')
      await throws(() => storage.get(parts, { box: 'b', name: 'n' }), 'TypeError')
    },
  },
  {
    name: 'a string that can never be stored is found nowhere',
    async run({ storage }) {
      await storage.commit([
        insert(words, { select: '\ufffd', group: 'a' }),
        insert(words, { select: 'a', group: '\ufffd' }),
      ])
      for (const text of ['\ud800', 'a\0', '\0', 'a'.repeat(191)]) {
        equal(await storage.get(words, { select: text }), undefined, 'the row')
        equal((await storage.find(words, { prefix: text, limit: 9 })).rows, [], 'rows by prefix')
        equal(
          (await storage.find(words, { by: ['group'], equals: { group: text }, limit: 9 })).rows,
          [],
          'rows by index',
        )
        equal(await storage.commit([take(words, { select: text })]), { ok: false, failed: 0 }, 'the take')
        equal(
          await storage.commit([take(words, { select: 'a' }, { group: text })]),
          { ok: false, failed: 0 },
          'the guarded take',
        )
        equal(
          await storage.commit([update(words, { select: text }, { set: {} })]),
          { ok: false, failed: 0 },
          'the update',
        )
        equal((await storage.commit([{ delete: words, where: { prefix: text } }])).ok, true, 'the delete')
      }
      equal((await storage.find(words, { limit: 9 })).rows.length, 2, 'the number of rows')
    },
  },
]
