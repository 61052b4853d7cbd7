/** `commit` of several steps: in order, all or none. */
import { insert, remove, type Step, take, update } from '#plugin'
import type { Case } from './case.ts'
import { equal, throws } from '../promise.ts'
import { list, notes, parts, words } from './collections.ts'
import { A, B, C, commits, done, fails, rows } from './writing.ts'

export const several: readonly Case[] = [
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
