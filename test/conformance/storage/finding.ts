/** `find`: equality, prefix, range, order and cursors along declared ways. */
import { type AnyQuery, insert, type Storage } from '#plugin'
import type { Case } from './case.ts'
import { equal, throws } from '../promise.ts'
import { all, list, type Note, note, notes, parts, words } from './collections.ts'

type Ask = Omit<AnyQuery, 'limit'> & { limit?: number }

function finds(name: string, rows: readonly Note[], asked: readonly (readonly [Ask, readonly string[]])[]): Case {
  return {
    name: `find() ${name}`,
    async run({ storage }) {
      for (const row of rows) await storage.commit([insert(notes, row)])
      for (const [query, ids] of asked) {
        equal(await list(storage, notes, 'id', query), ids, `what ${Bun.inspect(query)} finds`)
        equal(
          await list(storage, notes, 'id', { ...query, limit: 1 }),
          ids,
          `what ${Bun.inspect(query)} finds one by one`,
        )
        const descending = !query.descending
        equal(
          await list(storage, notes, 'id', { ...query, descending, limit: 2 }),
          ids.toReversed(),
          'the same turned round',
        )
      }
    },
  }
}

const owned = (id: string, owner: string, rank: number, dueAt: number | null = null) =>
  note({
    id,
    owner,
    rank,
    dueAt,
    weight: rank / 2,
    done: rank % 2 === 1,
    mail: dueAt === null ? null : `${id}@${dueAt}`,
  })
const OWNED = [
  owned('g', 'bob', 1, 30),
  owned('f', 'bob', 2, 10),
  owned('e', 'bob', 3),
  owned('d', 'ann', 3, 20),
  owned('c', 'ann', 2, 20),
  owned('b', 'ann', 1),
  owned('a', 'bo', 1, -5),
]

const LITERAL = ['%', '%a', '_', '_a', '\\', '\\%', '*', '**', 'a%b', 'aXb', 'a_b', 'A_b', '[a]', 'a']

async function writeWords(storage: Storage, texts: readonly string[]) {
  for (const select of texts) await storage.commit([insert(words, { select, group: select })])
}

export const finding: readonly Case[] = [
  finds('finds all rows in the order of the key by default', OWNED, [[{}, ['a', 'b', 'c', 'd', 'e', 'f', 'g']]]),
  finds('finds by equality, ordered by what is not fixed and then by the key', OWNED, [
    [{ equals: { id: 'c' } }, ['c']],
    [{ equals: { id: 'x' } }, []],
    [{ by: ['owner'], equals: { owner: 'bob' } }, ['e', 'f', 'g']],
    [{ by: ['owner', 'rank'], equals: { owner: 'bob' } }, ['g', 'f', 'e']],
    [{ by: ['owner', 'rank'], equals: { rank: 2, owner: 'ann' } }, ['c']],
    [{ by: ['owner', 'rank'] }, ['b', 'c', 'd', 'a', 'g', 'f', 'e']],
    [{ by: ['done', 'owner'], equals: { done: false } }, ['c', 'f']],
    [{ by: ['done'], equals: { done: true } }, ['a', 'b', 'd', 'e', 'g']],
    [{ by: ['done'] }, ['c', 'f', 'a', 'b', 'd', 'e', 'g']],
    [{ by: ['weight'], equals: { weight: 0.5 } }, ['a', 'b', 'g']],
  ]),
  finds('orders rows that are equal in the fields of `by` by their key', OWNED, [
    [{ by: ['owner'] }, ['b', 'c', 'd', 'a', 'e', 'f', 'g']],
    [{ by: ['weight'] }, ['a', 'b', 'g', 'c', 'f', 'd', 'e']],
  ]),
  finds('does not find rows in which a field of `by` beyond `equals` is null', OWNED, [
    [{ by: ['dueAt'] }, ['a', 'f', 'c', 'd', 'g']],
    [{ by: ['owner', 'dueAt'] }, ['c', 'd', 'a', 'f', 'g']],
    [{ by: ['owner', 'dueAt'], equals: { owner: 'bob' } }, ['f', 'g']],
    [{ by: ['mail'] }, ['a', 'c', 'd', 'f', 'g']],
  ]),
  finds('finds rows without a value by `null` in `equals`', OWNED, [
    [{ by: ['dueAt'], equals: { dueAt: null } }, ['b', 'e']],
    [{ by: ['owner', 'dueAt'], equals: { owner: 'ann', dueAt: null } }, ['b']],
    [{ by: ['mail'], equals: { mail: null } }, ['b', 'e']],
  ]),
  finds('narrows by range: from is in it, to is not, either may be left out', OWNED, [
    [{ by: ['dueAt'], range: { from: 10, to: 20 } }, ['f']],
    [{ by: ['dueAt'], range: { from: 10, to: 21 } }, ['f', 'c', 'd']],
    [{ by: ['dueAt'], range: { from: 11 } }, ['c', 'd', 'g']],
    [{ by: ['dueAt'], range: { to: 10 } }, ['a']],
    [{ by: ['dueAt'], range: {} }, ['a', 'f', 'c', 'd', 'g']],
    [{ by: ['dueAt'], range: { from: 20, to: 20 } }, []],
    [{ by: ['owner', 'rank'], equals: { owner: 'bob' }, range: { from: 2 } }, ['f', 'e']],
    [{ by: ['owner', 'dueAt'], range: { from: 'ann', to: 'bob' } }, ['c', 'd', 'a']],
    [{ by: ['weight'], range: { from: 0.75, to: 1.5 } }, ['c', 'f']],
    [{ range: { from: 'b', to: 'd' } }, ['b', 'c']],
  ]),
  finds('narrows by prefix', OWNED, [
    [{ by: ['owner'], prefix: 'bo' }, ['a', 'e', 'f', 'g']],
    [{ by: ['owner'], prefix: 'bob' }, ['e', 'f', 'g']],
    [{ by: ['owner'], prefix: 'Bo' }, []],
    [{ by: ['owner', 'rank'], prefix: 'bo' }, ['a', 'g', 'f', 'e']],
    [{ by: ['mail'], prefix: '' }, ['a', 'c', 'd', 'f', 'g']],
    [{ by: ['done', 'owner'], equals: { done: true }, prefix: 'a' }, ['b', 'd']],
  ]),
  {
    name: 'find() takes a prefix literally',
    async run({ storage }) {
      await writeWords(storage, LITERAL)
      for (const prefix of ['%', '_', '\\', '*', 'a', 'a%', 'a_', '[', 'A'])
        for (const by of [['select'], ['group']])
          equal(
            await list(storage, words, 'select', { by, prefix }),
            LITERAL.filter((text) => text.startsWith(prefix)).sort(byCodePoint),
            `what starts with ${prefix}`,
          )
    },
  },
  {
    name: 'find() takes a prefix by code point to the last one',
    async run({ storage }) {
      const texts = [
        'a',
        'a\ud7ff',
        'a\ud7ff!',
        'a\ue000',
        'a\u{10ffff}',
        'a\u{10ffff}\u{10ffff}',
        'b',
        '\u{10ffff}',
        '🐇',
        '🐇🐇',
      ]
      await writeWords(storage, texts)
      for (const prefix of ['a', 'a\ud7ff', 'a\u{10ffff}', '\u{10ffff}', '🐇'])
        equal(
          await list(storage, words, 'select', { prefix }),
          texts.filter((text) => text.startsWith(prefix)).sort(byCodePoint),
        )
    },
  },
  {
    name: 'find() narrows and orders along a key of several fields',
    async run({ storage }) {
      const rows = [
        { box: 'a', name: 'x', size: 10, open: true },
        { box: 'a', name: 'x', size: 9, open: false },
        { box: 'a', name: 'xy', size: 1, open: true },
        { box: 'b', name: 'x', size: 1, open: true },
      ]
      await storage.commit(rows.toReversed().map((row) => insert(parts, row)))
      const found = (query: Ask) => all(storage, parts, { limit: 1, ...query })
      equal(await found({}), [rows[1], rows[0], rows[2], rows[3]], 'all')
      equal(await found({ equals: { box: 'a' }, prefix: 'x' }), [rows[1], rows[0], rows[2]], 'by prefix')
      equal(await found({ equals: { box: 'a', name: 'x' }, range: { from: 10 } }), [rows[0]], 'by range')
      equal(await found({ by: ['size'] }), [rows[2], rows[3], rows[1], rows[0]], 'by size')
      equal(await found({ by: ['size', 'name'], equals: { size: 1 } }), [rows[3], rows[2]], 'by size and name')
    },
  },
  {
    name: 'find() returns at most `limit` rows, and `next` exactly when more follow',
    async run({ storage }) {
      equal(await storage.find(words, { limit: 1000 }), { rows: [] }, 'an empty page')
      await writeWords(storage, ['a', 'b', 'c', 'd'])
      for (const limit of [1, 2, 3, 4, 5, 1000]) {
        const page = await storage.find(words, { limit })
        equal(
          [page.rows.length, page.next === undefined],
          [Math.min(limit, 4), limit >= 4],
          `rows and end at limit ${limit}`,
        )
      }
      const { next = '' } = await storage.find(words, { limit: 2 })
      equal(await storage.find(words, { limit: 2, after: next }).then(({ rows, next }) => [rows.length, next]), [
        2,
        undefined,
      ])
    },
  },
  {
    name: 'find() refuses a query that the declaration rules out',
    async run({ storage }) {
      const refused: [AnyQuery, string][] = [
        [{ limit: 0 }, 'RangeError'],
        [{ limit: 1001 }, 'RangeError'],
        [{ limit: 1.5 }, 'RangeError'],
        [{ limit: 1, by: ['text'] }, 'TypeError'],
        [{ limit: 1, by: ['rank'] }, 'TypeError'],
        [{ limit: 1, by: [] }, 'TypeError'],
        [{ limit: 1, by: ['nope'] }, 'TypeError'],
        [{ limit: 1, equals: { owner: 'a' } }, 'TypeError'],
        [{ limit: 1, by: ['owner', 'rank'], equals: { rank: 1 } }, 'TypeError'],
        [{ limit: 1, by: ['mail'], equals: { mail: undefined } }, 'TypeError'],
        [{ limit: 1, by: ['mail'], equals: { mail: 1 } }, 'TypeError'],
        [{ limit: 1, equals: { id: 'a' }, prefix: 'a' }, 'TypeError'],
        [{ limit: 1, by: ['dueAt'], prefix: '1' }, 'TypeError'],
        [{ limit: 1, by: ['dueAt'], range: { from: 'a' } }, 'TypeError'],
        [{ limit: 1, by: ['done'], range: { from: 0 } }, 'TypeError'],
        [{ limit: 1, prefix: 'a', range: { from: 'a' } }, 'TypeError'],
      ]
      for (const [query, error] of refused) await throws(() => storage.find(notes, query), error)
    },
  },
  {
    name: 'find() refuses a cursor that another query or nobody made',
    async run({ storage }) {
      for (const row of OWNED) await storage.commit([insert(notes, row)])
      const { next: after = '' } = await storage.find(notes, { by: ['owner'], equals: { owner: 'bob' }, limit: 1 })
      const others: Ask[] = [
        {},
        { by: ['owner'] },
        { by: ['owner'], equals: { owner: 'ann' } },
        { by: ['owner'], equals: { owner: 'bob' }, descending: true },
        { by: ['owner', 'rank'], equals: { owner: 'bob' } },
      ]
      for (const query of others)
        await throws(() => storage.find(notes, { ...query, limit: 1, after }), 'InvalidCursor')
      for (const forged of ['', 'x', 'null', 'W10', after.slice(1), `${after}AAAA`, '🐇', "' OR 1=1 --"])
        await throws(
          () => storage.find(notes, { by: ['owner'], equals: { owner: 'bob' }, limit: 1, after: forged }),
          'InvalidCursor',
        )
    },
  },
]

function byCodePoint(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
