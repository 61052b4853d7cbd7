/** What goes in comes out, and nothing else goes in. */
import { insert, type Storage, take, update } from '#plugin'
import type { Case } from './case.ts'
import { equal, throws } from '../promise.ts'
import { list, type Note, note, notes, parts, words } from './collections.ts'

const TEXTS = [
  '',
  ' ',
  ' a ',
  'null',
  "Robert'); DROP TABLE kit_note;--",
  '\\ " \' ` % _ * ?',
  'tab\tline\r\n',
  '\u0001\u001f\u007f\ufeff',
  'é',
  'e\u0301',
  'straße STRASSE',
  '日本語',
  '👩‍👩‍👧 \u{10ffff}',
  '\ufffd\uffff',
]

async function roundTrip(storage: Storage, change: Partial<Note>) {
  const row = note({ id: 'n', ...change })
  await storage.commit([{ delete: notes, where: {} }, insert(notes, row)])
  equal(await storage.get(notes, { id: 'n' }), row, 'the row from get')
  equal((await storage.find(notes, { limit: 1 })).rows, [row], 'the row from find')
  equal(await storage.commit([take(notes, { id: 'n' })]), { ok: true, taken: [row] }, 'the row from take')
}

function keeps(name: string, field: keyof Note, values: readonly unknown[]): Case {
  return {
    name: `a row comes back as it was written: ${name}`,
    async run({ storage }) {
      for (const value of values) await roundTrip(storage, { [field]: value })
    },
  }
}

function refuses(name: string, change: Readonly<Record<string, unknown>>, error: string): Case {
  return {
    name: `a write that the declaration rules out throws and applies nothing: ${name}`,
    async run({ storage }) {
      const kept = note({ id: 'kept' })
      await storage.commit([insert(notes, kept)])
      const other = insert(notes, note({ id: 'other' }))
      await throws(() => storage.commit([other, { insert: notes, row: { ...note({ id: 'new' }), ...change } }]), error)
      if (!('id' in change))
        await throws(() => storage.commit([other, { update: notes, key: { id: 'kept' }, set: change }]), error)
      equal((await storage.find(notes, { limit: 9 })).rows, [kept], 'the rows')
    },
  }
}

export const values: readonly Case[] = [
  keeps('any Unicode text but U+0000', 'text', TEXTS),
  keeps('long text', 'text', ['x'.repeat(200_000), '🐇'.repeat(20_000)]),
  keeps('strings of the declared length', 'owner', ['é'.repeat(190), '🐇'.repeat(95)]),
  keeps('no value and empty text are two things', 'mail', [null, '']),
  keeps('integers of 53 bits', 'rank', [0, 1, -1, 2 ** 31, -(2 ** 31) - 1, 2 ** 53 - 1, -(2 ** 53) + 1]),
  keeps('nullable integers', 'dueAt', [null, 0, 1_767_225_600_123]),
  keeps('numbers', 'weight', [0, 3, 0.1, -1.5, 1e-300, 1.7976931348623157e308, 2 ** 53 - 1, 1 / 3]),
  keeps('booleans', 'done', [true, false]),
  keeps('one of some literals', 'state', ['open', 'shut']),
  keeps('arrays', 'tags', [[], [''], TEXTS, ['b', 'a', 'b']]),
  keeps('any JSON, also what looks like SQL, and U+0000', 'facts', [
    {},
    { a: null, b: [1, 'x', false, { c: {} }], '': '', ключ: 0.5, '$.a': '\0', quote: `"'` },
    { ['__proto__x']: 1, constructor: 'c' },
  ]),
  keeps('nullable JSON', 'more', [null, { deep: [] }, { deep: [1, 2 ** 53 - 1] }]),
  {
    name: 'JSON leaves out members that are undefined, and -0 is 0',
    async run({ storage }) {
      await storage.commit([insert(notes, note({ id: 'n', facts: { a: undefined, b: 1 }, weight: -0, rank: -0 }))])
      equal(await storage.get(notes, { id: 'n' }), note({ id: 'n', facts: { b: 1 }, weight: 0, rank: 0 }))
    },
  },
  {
    name: 'strings of a key differ by case, by space and by composition',
    async run({ storage }) {
      const keys = ['a', 'A', 'a ', ' a', 'á', 'a\u0301', 'ß', 'ss', 'ı', 'i', 'İ', '']
      for (const select of keys)
        equal(
          (await storage.commit([insert(words, { select, group: null })])).ok,
          true,
          `inserting ${Bun.inspect(select)}`,
        )
      for (const select of keys) equal(await storage.get(words, { select }), { select, group: null })
      equal(await storage.get(words, { select: 'SS' }), undefined, 'another spelling')
    },
  },
  {
    name: 'strings of a unique differ by case',
    async run({ storage }) {
      const write = (id: string, mail: string) => storage.commit([insert(notes, note({ id, mail }))])
      equal((await write('1', 'a@example.com')).ok, true)
      equal((await write('2', 'A@example.com')).ok, true)
      equal(await write('3', 'a@example.com'), { ok: false, failed: 0 })
    },
  },
  {
    name: 'strings sort by code point',
    async run({ storage }) {
      const sorted = [
        '',
        ' ',
        'A',
        'B',
        'Z',
        '_',
        'a',
        'a ',
        'aa',
        'b',
        'z',
        'É',
        'é',
        'ÿ',
        '中',
        '\uffff',
        '\u{10000}',
        '🐇',
      ]
      for (const select of sorted.toReversed()) await storage.commit([insert(words, { select, group: select })])
      equal(await list(storage, words, 'select', {}), sorted, 'the order of the key')
      equal(await list(storage, words, 'select', { by: ['group'] }), sorted, 'the order of an index')
      equal(
        await list(storage, words, 'select', { descending: true, limit: 5 }),
        sorted.toReversed(),
        'the order turned round',
      )
    },
  },
  {
    name: 'what a read returns is a copy',
    async run({ storage }) {
      const row = note({ id: 'n', tags: ['a'] })
      await storage.commit([insert(notes, row)])
      const read = await storage.get(notes, { id: 'n' })
      Object.assign(read ?? {}, { text: 'changed' })
      if (Array.isArray(read?.tags)) read.tags.push('b')
      equal(await storage.get(notes, { id: 'n' }), row)
    },
  },
  {
    name: 'a row has every declared field and no other',
    async run({ storage }) {
      await storage.commit([insert(parts, { size: 1, name: 'n', box: 'b', open: true })])
      const row = await storage.get(parts, { box: 'b', name: 'n', size: 1 })
      equal(Object.keys(row ?? {}).sort(), ['box', 'name', 'open', 'size'])
    },
  },
  refuses('an unknown field', { nope: 1 }, 'TypeError'),
  refuses('undefined', { text: undefined }, 'TypeError'),
  refuses('a number for a string', { text: 1 }, 'TypeError'),
  refuses('a string for an integer', { rank: '1' }, 'TypeError'),
  refuses('null where a value must be', { done: null }, 'TypeError'),
  refuses('null for JSON that must be', { tags: null }, 'TypeError'),
  refuses('what JSON cannot say', { facts: { a: Number.POSITIVE_INFINITY } }, 'TypeError'),
  refuses('a fraction for an integer', { rank: 1.5 }, 'RangeError'),
  refuses('an integer of 54 bits', { rank: 2 ** 53 }, 'RangeError'),
  refuses('no number', { weight: Number.NaN }, 'RangeError'),
  refuses('U+0000', { text: 'a\0b' }, 'RangeError'),
  refuses('half a surrogate pair', { text: 'a\udc00' }, 'RangeError'),
  refuses('a string longer than declared', { owner: 'x'.repeat(191) }, 'RangeError'),
  {
    name: 'a missing field throws',
    async run({ storage }) {
      const { text: _, ...rest } = note({ id: 'n' })
      await throws(() => storage.commit([{ insert: notes, row: rest }]), 'TypeError')
    },
  },
  {
    name: 'an update of the key throws, also if it changes nothing',
    async run({ storage }) {
      await storage.commit([insert(notes, note({ id: 'n' }))])
      await throws(() => storage.commit([update(notes, { id: 'n' }, { set: { id: 'n' } })]), 'TypeError')
    },
  },
]
