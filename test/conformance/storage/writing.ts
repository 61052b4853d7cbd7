/** `commit`: guarded steps, in order, all or none. */
import { type AnyRow, insert, remove, type Step, type Storage, take, update } from '#plugin'
import { type Case, equal, throws } from './case.ts'
import { list, type Note, note, notes, parts, words } from './collections.ts'

const A = note({ id: 'a', owner: 'ann', rank: 1, mail: 'a@x', text: 'first' })
const B = note({ id: 'b', owner: 'bob', rank: 2, mail: 'b@x', dueAt: 7 })

const fails = (failed: number) => ({ ok: false, failed })
const rows = async (storage: Storage): Promise<readonly AnyRow[]> => (await storage.find(notes, { limit: 1000 })).rows

/** A commit on a store that holds A and B: what it answers and what is there afterwards. */
function commits(name: string, steps: readonly Step[], answer: unknown, after: readonly Note[]): Case {
  return {
    name: `commit() ${name}`,
    async run({ storage }) {
      equal(
        await storage.commit([insert(notes, A), insert(notes, B)]),
        { ok: true, taken: [undefined, undefined] },
        'the first commit',
      )
      equal(await storage.commit(steps), answer, 'the answer')
      equal(await rows(storage), after, 'the rows')
    },
  }
}

const done = (...taken: (AnyRow | undefined)[]) => ({ ok: true, taken })
const C = note({ id: 'c', owner: 'ann', rank: 2 })

export const writing: readonly Case[] = [
  commits('without steps is ok', [], done(), [A, B]),
  commits('insert adds a row', [insert(notes, C)], done(undefined), [A, B, C]),
  commits('insert fails if the key is taken', [insert(notes, { ...C, id: 'a' })], fails(0), [A, B]),
  commits('insert fails if a unique field is taken', [insert(notes, { ...C, mail: 'b@x' })], fails(0), [A, B]),
  commits('insert fails if a unique of several fields is taken', [insert(notes, { ...C, rank: 1 })], fails(0), [A, B]),
  commits('insert fails on a row equal to the stored one', [insert(notes, A)], fails(0), [A, B]),
  {
    name: 'commit() insert fails if the key or a unique field is taken by an expired row',
    async run({ storage }) {
      const dead = note({ id: 'a', mail: 'm', endsAt: 1 })
      await storage.commit([insert(notes, dead)])
      equal(await storage.commit([insert(notes, note({ id: 'a', owner: 'other' }))]), fails(0), 'by key')
      equal(await storage.commit([insert(notes, note({ id: 'b', mail: 'm' }))]), fails(0), 'by unique')
      equal(await rows(storage), [dead])
    },
  },
  {
    name: 'commit() insert: a row in which a field of a unique is null collides with nothing',
    async run({ storage }) {
      for (const id of ['a', 'b', 'c']) equal((await storage.commit([insert(notes, note({ id }))])).ok, true)
      equal((await rows(storage)).length, 3)
      const set = (id: string, mail: string | null) => storage.commit([update(notes, { id }, { set: { mail } })])
      equal(
        [(await set('a', 'm')).ok, (await set('b', 'm')).ok, (await set('a', null)).ok, (await set('b', 'm')).ok],
        [true, false, true, true],
      )
    },
  },
  commits(
    'update changes the fields in `set` and leaves the others',
    [update(notes, { id: 'a' }, { set: { text: 'new', tags: ['t'] } })],
    done(undefined),
    [{ ...A, text: 'new', tags: ['t'] }, B],
  ),
  commits(
    'update sets and clears a nullable field',
    [update(notes, { id: 'a' }, { set: { dueAt: 1 } }), update(notes, { id: 'b' }, { set: { dueAt: null } })],
    done(undefined, undefined),
    [
      { ...A, dueAt: 1 },
      { ...B, dueAt: null },
    ],
  ),
  commits('update fails if the row is absent', [update(notes, { id: 'x' }, { set: { text: 'new' } })], fails(0), [
    A,
    B,
  ]),
  commits(
    'update applies if the row is as guarded',
    [
      update(
        notes,
        { id: 'a' },
        { set: { text: 'new' }, when: { text: 'first', rank: 1, done: false, dueAt: null, weight: 0, state: 'open' } },
      ),
    ],
    done(undefined),
    [{ ...A, text: 'new' }, B],
  ),
  commits(
    'update may guard the field it sets',
    [update(notes, { id: 'b' }, { set: { dueAt: 8 }, when: { dueAt: 7 } })],
    done(undefined),
    [A, { ...B, dueAt: 8 }],
  ),
  ...(
    [
      ['text', { text: 'First' }],
      ['integer', { rank: 2 }],
      ['boolean', { done: true }],
      ['number', { weight: 0.5 }],
      ['null on a value', { mail: null }],
      ['a value on null', { dueAt: 0 }],
      ['one of two', { rank: 1, text: '' }],
    ] as [string, Partial<Note>][]
  ).flatMap(([what, when]) => [
    commits(
      `update fails if the row is not as guarded: ${what}`,
      [update(notes, { id: 'a' }, { set: { text: 'new' }, when })],
      fails(0),
      [A, B],
    ),
    commits(
      `take fails if the row is not as guarded, and leaves it: ${what}`,
      [take(notes, { id: 'a' }, when)],
      fails(0),
      [A, B],
    ),
  ]),
  commits(
    'update fails if a unique field would collide',
    [update(notes, { id: 'a' }, { set: { mail: 'b@x' } })],
    fails(0),
    [A, B],
  ),
  commits(
    'update fails if a unique of several fields would collide',
    [update(notes, { id: 'a' }, { set: { owner: 'bob', rank: 2 } })],
    fails(0),
    [A, B],
  ),
  commits(
    'update to the values it has does not collide with itself',
    [update(notes, { id: 'a' }, { set: { mail: 'a@x', rank: 1 } })],
    done(undefined),
    [A, B],
  ),
  commits(
    'update with an empty `set` only checks',
    [update(notes, { id: 'a' }, { set: {}, when: { rank: 1 } })],
    done(undefined),
    [A, B],
  ),
  commits(
    'update with an empty `set` fails if the row is not as guarded',
    [update(notes, { id: 'a' }, { set: {}, when: { rank: 2 } })],
    fails(0),
    [A, B],
  ),
  commits(
    'update with an empty `set` fails if the row is absent',
    [update(notes, { id: 'x' }, { set: {} })],
    fails(0),
    [A, B],
  ),
  commits('take removes one row and returns it as it was', [take(notes, { id: 'a' })], done(A), [B]),
  commits('take removes the row if it is as guarded', [take(notes, { id: 'b' }, { dueAt: 7, owner: 'bob' })], done(B), [
    A,
  ]),
  commits('take fails if the row is absent', [take(notes, { id: 'x' })], fails(0), [A, B]),
  commits(
    'delete removes every row that matches',
    [remove(notes, { by: ['owner'], equals: { owner: 'ann' } })],
    done(undefined),
    [B],
  ),
  commits('delete without a condition removes every row', [remove(notes, {})], done(undefined), []),
  commits(
    'delete never fails, not even when nothing matches',
    [remove(notes, { equals: { id: 'x' } })],
    done(undefined),
    [A, B],
  ),
  commits(
    'delete finds by range as find() does',
    [remove(notes, { by: ['dueAt'], range: { to: 8 } })],
    done(undefined),
    [A],
  ),
  commits('delete leaves rows in which a field of `by` is null', [remove(notes, { by: ['dueAt'] })], done(undefined), [
    A,
  ]),
  commits(
    'delete finds rows without a value',
    [remove(notes, { by: ['dueAt'], equals: { dueAt: null } })],
    done(undefined),
    [B],
  ),
  {
    name: 'commit() delete takes a prefix literally',
    async run({ storage }) {
      for (const select of ['a%', 'a%b', 'ab', 'A%']) await storage.commit([insert(words, { select, group: null })])
      await storage.commit([remove(words, { prefix: 'a%' })])
      equal(await list(storage, words, 'select', {}), ['A%', 'ab'])
    },
  },
  commits(
    'a later step sees the earlier ones',
    [
      insert(notes, C),
      update(notes, { id: 'c' }, { set: { text: 'seen' }, when: { owner: 'ann' } }),
      update(notes, { id: 'c' }, { set: { done: true }, when: { text: 'seen' } }),
      take(notes, { id: 'c' }, { done: true }),
      insert(notes, { ...C, text: 'again' }),
      remove(notes, { equals: { id: 'c' } }),
      insert(notes, C),
    ],
    done(undefined, undefined, undefined, { ...C, text: 'seen', done: true }, undefined, undefined, undefined),
    [A, B, C],
  ),
  commits(
    'a row that a step removed makes room for the next',
    [take(notes, { id: 'a' }), insert(notes, { ...C, mail: 'a@x', rank: 1 })],
    done(A, undefined),
    [B, { ...C, mail: 'a@x', rank: 1 }],
  ),
  commits('two takes of one row fail at the second', [take(notes, { id: 'a' }), take(notes, { id: 'a' })], fails(1), [
    A,
    B,
  ]),
  commits('two inserts of one key fail at the second', [insert(notes, C), insert(notes, { ...C, rank: 9 })], fails(1), [
    A,
    B,
  ]),
  commits(
    '`failed` is the first step that could not be applied, and nothing was written',
    [
      insert(notes, C),
      update(notes, { id: 'b' }, { set: { text: 'new' } }),
      remove(notes, { equals: { id: 'b' } }),
      take(notes, { id: 'b' }),
      insert(notes, A),
    ],
    fails(3),
    [A, B],
  ),
  commits(
    'nothing is written when the last step fails',
    [remove(notes, {}), insert(notes, A), update(notes, { id: 'a' }, { set: { rank: 5 } }), take(notes, { id: 'b' })],
    fails(3),
    [A, B],
  ),
  commits(
    'nothing is removed when a step after a take fails',
    [take(notes, { id: 'a' }), update(notes, { id: 'b' }, { set: {}, when: { done: true } })],
    fails(1),
    [A, B],
  ),
  {
    name: 'commit() writes to several collections, all or none',
    async run({ storage }) {
      const part = { box: 'x', name: 'y', size: 1, open: true }
      const word = { select: 'w', group: null }
      equal(await storage.commit([insert(parts, part), insert(words, word), take(notes, { id: 'none' })]), fails(2))
      equal(
        [await storage.get(parts, { box: 'x', name: 'y', size: 1 }), await storage.get(words, { select: 'w' })],
        [undefined, undefined],
      )
      equal(
        await storage.commit([insert(parts, part), insert(words, word), insert(notes, A)]),
        done(undefined, undefined, undefined),
      )
      equal(
        [await storage.get(parts, { box: 'x', name: 'y', size: 1 }), await storage.get(words, { select: 'w' })],
        [part, word],
      )
    },
  },
  {
    name: 'commit() applies nothing when a step is ruled out, wherever it stands',
    async run({ storage }) {
      await storage.commit([insert(notes, A)])
      const wrong: Step[] = [
        { update: notes, key: { id: 'a' }, set: { text: 'x' }, when: { owner: undefined } },
        { update: notes, key: { id: 'a' }, set: { text: 'x' }, when: { nope: 1 } },
        { update: notes, key: { id: 'a' }, set: { text: 'x' }, when: { tags: [] } },
        { update: notes, key: { id: 'a' }, set: { text: 'x' }, when: { rank: '1' } },
        { update: notes, key: { owner: 'ann' }, set: { text: 'x' } },
        { take: notes, key: {} },
        { take: notes, key: { id: 'a' }, when: { done: undefined } },
        { delete: notes, where: { by: ['text'] } },
        { delete: notes, where: { equals: { id: undefined } } },
        { delete: notes, where: { equals: { owner: 'ann' } } },
      ]
      for (const step of wrong) {
        await throws(() => storage.commit([insert(notes, B), step]), 'TypeError')
        await throws(() => storage.commit([step, insert(notes, B)]), 'TypeError')
      }
      equal(await rows(storage), [A], 'the rows')
    },
  },
  {
    name: 'commit() takes a thousand steps',
    async run({ storage }) {
      const many = Array.from({ length: 1000 }, (_, index) => insert(words, { select: `w${index}`, group: 'g' }))
      equal((await storage.commit(many)).ok, true)
      equal((await list(storage, words, 'select', { limit: 300 })).length, 1000)
      equal(
        await storage.commit([remove(words, {}), ...many, insert(words, { select: 'w7', group: null })]),
        fails(1001),
      )
      equal((await list(storage, words, 'select', {})).length, 1000)
    },
  },
]
