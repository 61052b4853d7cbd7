/** `migrate`, and what a driver may offer beyond the six methods: `backup`, `watch`. */
import { Type as t } from '@sinclair/typebox'
import { type AnyCollection, defineCollection, insert, nullable, type Storage, update } from '#plugin'
import type { Case } from './case.ts'
import { equal, throws, times } from '../promise.ts'
import { counters, kit, list, note, notes, parts, words } from './collections.ts'

const id = t.String({ maxLength: 64 })
const before = defineCollection({
  name: 'kit_grown',
  fields: t.Object({ id, owner: t.String({ maxLength: 64 }) }),
  key: ['id'],
})
const after: AnyCollection = {
  name: 'kit_grown',
  fields: t.Object({
    id,
    owner: t.String({ maxLength: 64 }),
    nick: nullable(t.String({ maxLength: 64 })),
    size: nullable(t.Integer()),
    share: nullable(t.Number()),
    open: nullable(t.Boolean()),
    tags: nullable(t.Array(t.String())),
    endsAt: nullable(t.Integer()),
  }),
  key: ['id'],
  unique: [['nick']],
  indexes: [['owner'], ['endsAt'], ['owner', 'size']],
  expiresAt: 'endsAt',
}
const added = { nick: null, size: null, share: null, open: null, tags: null, endsAt: null }

async function grow(storage: Storage) {
  await storage.migrate([before])
  for (const name of ['b', 'a', 'c'])
    await storage.commit([insert(before, { id: name, owner: name === 'c' ? 'y' : 'x' })])
  await storage.migrate([after])
}

export const migrating: readonly Case[] = [
  {
    name: 'migrate() run twice changes nothing',
    async run({ storage }) {
      const row = note({ id: 'n' })
      await storage.commit([insert(notes, row)])
      await storage.migrate(kit)
      await storage.migrate(kit.toReversed())
      equal(await storage.get(notes, { id: 'n' }), row)
      equal(await storage.commit([insert(notes, row)]), { ok: false, failed: 0 })
    },
  },
  {
    name: 'migrate() adds a collection and leaves those that are not named',
    unprepared: true,
    async run({ storage }) {
      await storage.migrate([notes])
      await storage.commit([insert(notes, note({ id: 'n' }))])
      await storage.migrate([words, counters])
      await storage.commit([insert(words, { select: 'w', group: null })])
      equal(await list(storage, notes, 'id', {}), ['n'])
      equal(await list(storage, words, 'select', {}), ['w'])
      equal(await storage.find(counters, { limit: 1 }), { rows: [] })
    },
  },
  {
    name: 'migrate() keeps rows, and gives them null in the fields that it adds',
    unprepared: true,
    async run({ storage }) {
      await grow(storage)
      equal((await storage.find(after, { limit: 9 })).rows, [
        { id: 'a', owner: 'x', ...added },
        { id: 'b', owner: 'x', ...added },
        { id: 'c', owner: 'y', ...added },
      ])
      const full = { nick: 'n', size: 1, share: 0.5, open: true, tags: ['t'], endsAt: 9 }
      equal((await storage.commit([{ update: after, key: { id: 'a' }, set: full }])).ok, true)
      equal(await storage.get(after, { id: 'a' }), { id: 'a', owner: 'x', ...full })
    },
  },
  {
    name: 'migrate() adds indexes, uniques and an end of life to rows that are there',
    unprepared: true,
    async run({ storage }) {
      await grow(storage)
      equal(await list(storage, after, 'id', { by: ['owner'], equals: { owner: 'x' }, limit: 1 }), ['a', 'b'])
      const nick = (key: string) =>
        storage.commit([{ update: after, key: { id: key }, set: { nick: 'same', endsAt: 5 } }])
      equal([(await nick('a')).ok, (await nick('b')).ok], [true, false], 'whether the unique holds')
      equal(await storage.deleteExpired(after, 5, 10), 1)
    },
  },
  {
    name: 'migrate() is safe from many at once',
    unprepared: true,
    async run({ storage, store }) {
      await using others = new AsyncDisposableStack()
      const openings = [storage, ...(await times(3, async () => others.use(await store.open())))]
      await times(12, (index) => openings[index % 4]?.migrate(kit) ?? Promise.resolve())
      for (const [index, opening] of openings.entries())
        await opening.commit([insert(words, { select: `w${index}`, group: null })])
      equal(await list(storage, words, 'select', {}), ['w0', 'w1', 'w2', 'w3'])
    },
  },
  {
    name: 'migrate() refuses a schema that a newer release wrote, and changes nothing',
    needs: 'newer',
    async run({ storage, store }) {
      await storage.commit([insert(words, { select: 'w', group: null })])
      await store.becomeNewer?.()
      await using older = await store.open()
      await throws(() => older.migrate([...kit, before]), 'SchemaTooNew')
      equal(await list(storage, words, 'select', {}), ['w'])
    },
  },
  {
    name: 'rows are still there when the store is closed and opened again',
    async run({ storage, store, again }) {
      const part = { box: 'b', name: 'n', size: 1, open: true }
      await storage.commit([insert(notes, note({ id: 'n' })), insert(parts, part)])
      await storage[Symbol.asyncDispose]()
      await (await store.open())[Symbol.asyncDispose]()
      const opened = await again()
      equal(await opened.get(notes, { id: 'n' }), note({ id: 'n' }))
      equal((await opened.find(parts, { limit: 2 })).rows, [part])
    },
  },
  {
    name: 'closing waits for the commits that were asked for before',
    async run({ storage, again }) {
      const asked = times(20, (index) => storage.commit([insert(words, { select: `w${index}`, group: null })]))
      await storage[Symbol.asyncDispose]()
      equal((await asked).filter((commit) => commit.ok).length, 20, 'the number of commits that succeeded')
      equal((await list(await again(), words, 'select', {})).length, 20, 'the number of rows')
    },
  },
  {
    name: 'backup() writes every acknowledged write to a new file that opens as a storage, while writes go on',
    needs: 'backup',
    async run({ storage, store }) {
      const write = (index: number) =>
        storage.commit(['a', 'b'].map((half) => insert(words, { select: `${half}${index}`, group: 'g' })))
      for (let index = 0; index < 20; index++) await write(index)
      await Promise.all([storage.backup?.(store.copy?.to ?? ''), times(20, (index) => write(20 + index))])
      await using copy = await (store.copy ?? store).open()
      await copy.migrate(kit)
      const [a, b] = [
        await list(copy, words, 'select', { prefix: 'a' }),
        await list(copy, words, 'select', { prefix: 'b' }),
      ]
      equal(
        a.map((text) => String(text).slice(1)),
        b.map((text) => String(text).slice(1)),
        'the halves of each commit',
      )
      for (let index = 0; index < 20; index++)
        equal(a.includes(`a${index}`), true, `whether write ${index} is in the copy`)
      await copy.commit([insert(words, { select: 'only here', group: null })])
      equal(await storage.get(words, { select: 'only here' }), undefined, 'the original after a write to the copy')
    },
  },
  {
    name: 'backup() throws if the file exists and leaves it alone',
    needs: 'backup',
    async run({ storage, store }) {
      const to = store.copy?.to ?? ''
      await Bun.write(to, 'precious')
      await throws(async () => storage.backup?.(to), 'Error')
      equal(await Bun.file(to).text(), 'precious')
    },
  },
  {
    name: 'watch() calls back with the names of collections that another opening changed, until disposed of',
    needs: 'watch',
    async run({ storage, again }) {
      const other = await again()
      const heard: string[] = []
      let wake = () => {}
      const watching = await storage.watch?.((names) => {
        heard.push(...names)
        wake()
      })
      const hears = async (name: string) => {
        while (!heard.includes(name)) await new Promise<void>((resolve) => (wake = resolve))
        heard.length = 0
      }
      await other.commit([insert(notes, note({ id: 'n' }))])
      await hears('kit_note')
      await other.commit([
        insert(words, { select: 'w', group: null }),
        update(notes, { id: 'n' }, { set: { rank: 1 } }),
      ])
      await hears('order')
      await other.increment(counters, { key: 'k' }, { by: 1, limit: 1, now: 0, expiresAt: 1 })
      await hears('kit_counter')
      await watching?.[Symbol.asyncDispose]()
      const until = Promise.withResolvers<void>()
      await using marker = await storage.watch?.((names) => names.includes('kit_part') && until.resolve())
      heard.length = 0
      await other.commit([insert(parts, { box: 'b', name: 'n', size: 1, open: true })])
      await until.promise
      equal([heard, marker !== undefined], [[], true], 'what the disposed watcher heard')
    },
  },
]
