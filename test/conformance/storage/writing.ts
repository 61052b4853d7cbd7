/** `commit` of one guarded step. */
import { type AnyRow, insert, remove, type Step, type Storage, take, update } from '#plugin'
import type { Case } from './case.ts'
import { equal } from '../promise.ts'
import { list, type Note, note, notes, words } from './collections.ts'

export const A = note({ id: 'a', owner: 'ann', rank: 1, mail: 'a@x', text: 'first' })
export const B = note({ id: 'b', owner: 'bob', rank: 2, mail: 'b@x', dueAt: 7 })

export const fails = (failed: number) => ({ ok: false, failed })
export const rows = async (storage: Storage): Promise<readonly AnyRow[]> =>
  (await storage.find(notes, { limit: 1000 })).rows

/** A commit on a store that holds A and B: what it answers and what is there afterwards. */
export function commits(name: string, steps: readonly Step[], answer: unknown, after: readonly Note[]): Case {
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

export const done = (...taken: (AnyRow | undefined)[]) => ({ ok: true, taken })
export const C = note({ id: 'c', owner: 'ann', rank: 2 })

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
  {
    name: 'commit() delete removes every row that matches',
    async run({ storage }) {
      await storage.commit([insert(notes, A), insert(notes, B), insert(notes, C)])
      const step = remove(notes, { by: ['owner'], equals: { owner: 'ann' } })
      equal(await storage.commit([step]), done(undefined), 'the answer')
      equal(await rows(storage), [B], 'the rows')
    },
  },
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
]
