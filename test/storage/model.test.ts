/** Whatever is asked of SQLite, in whatever order, it answers as the plain model does and holds the same rows. */
import { afterAll, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { AnyQuery, Increment, Step } from '#plugin'
import { all, counters, type Note, note, notes, parts } from '../conformance/storage/collections.ts'
import { createModel } from '../harness/storage-model.ts'
import { temporaryStorage } from '../harness/storage-sqlite.ts'

const storage = await temporaryStorage([notes, parts, counters])
afterAll(() => storage[Symbol.asyncDispose]())

/** Few values, so that rows meet and collide. */
const id = fc.constantFrom('a', 'b', 'c', 'B')
const owner = fc.constantFrom('', 'o', 'ö', 'o%', '🐇', '\uffff')
const rank = fc.constantFrom(-1, 0, 1, 2 ** 40)
const mail = fc.constantFrom(null, '', 'm', 'M', '_')
const dueAt = fc.constantFrom(null, -5, 0, 7)
const weight = fc.constantFrom(0, -0.5, 2)

const some = fc.record(
  { owner, rank, mail, dueAt, weight, done: fc.boolean(), text: fc.string({ unit: 'grapheme', maxLength: 5 }) },
  { requiredKeys: [] },
)
const facts = fc.dictionary(fc.string({ maxLength: 3 }), fc.jsonValue({ maxDepth: 2, noUnicodeString: false }))
const row = fc
  .record({ id, some, facts })
  .map(({ id, some, facts }) => note({ id, ...some, facts: JSON.parse(JSON.stringify(facts)) as Note['facts'] }))

const where = fc.oneof(
  fc.constantFrom(
    {},
    { prefix: 'a' },
    { by: ['mail'] },
    { by: ['owner', 'dueAt'] },
    { by: ['weight'] },
    { by: ['done', 'owner'] },
  ),
  fc.record({ equals: fc.record({ id }) }),
  fc.record({
    by: fc.constant(['owner', 'rank']),
    equals: fc.record({ owner }),
    range: fc.record({ from: rank, to: rank }, { requiredKeys: [] }),
  }),
  fc.record({ by: fc.constant(['owner', 'dueAt']), equals: fc.record({ owner, dueAt }) }),
  fc.record({ by: fc.constant(['dueAt']), equals: fc.record({ dueAt }) }),
  fc.record({ by: fc.constant(['mail']), prefix: fc.constantFrom('', 'm', '_') }),
  fc.record({ by: fc.constant(['owner']), range: fc.record({ from: owner, to: owner }, { requiredKeys: [] }) }),
  fc.record({ by: fc.constant(['weight']), range: fc.record({ from: weight, to: weight }, { requiredKeys: [] }) }),
)

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: row.map((row) => ({ insert: notes, row })) },
  {
    weight: 3,
    arbitrary: fc
      .record({ id, set: some, when: some })
      .map(({ id, set, when }) => ({ update: notes, key: { id }, set, when: few(when) })),
  },
  {
    weight: 2,
    arbitrary: fc.record({ id, when: some }).map(({ id, when }) => ({ take: notes, key: { id }, when: few(when) })),
  },
  { weight: 1, arbitrary: where.map((where) => ({ delete: notes, where })) },
  {
    weight: 1,
    arbitrary: fc
      .record({ box: owner, name: owner, size: rank, open: fc.boolean() })
      .map((row) => ({ insert: parts, row })),
  },
)
const increment: fc.Arbitrary<Increment> = fc
  .record({
    by: fc.integer({ min: 1, max: 4 }),
    limit: fc.integer({ min: 0, max: 9 }),
    now: fc.integer({ min: 0, max: 30 }),
    lasts: fc.integer({ min: 1, max: 10 }),
  })
  .map(({ lasts, ...rest }) => ({ ...rest, expiresAt: rest.now + lasts }))

/** A guard of one field holds often enough to be worth a step. */
function few(guard: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(guard).slice(0, 1))
}

async function empty() {
  await storage.commit([notes, parts, counters].map((collection) => ({ delete: collection, where: {} })))
}

test('commits answer as the model does and leave the same rows', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 5 }), { maxLength: 8 }), async (commits) => {
      await empty()
      const model = createModel()
      for (const steps of commits) expect(await storage.commit(steps)).toEqual(model.commit(steps))
      for (const collection of [notes, parts])
        expect(await all(storage, collection, {})).toEqual(model.find(collection, {}))
    }),
    { numRuns: 300 },
  )
})

test('commits of one moment answer as if they came one after the other', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 12 }),
      async (commits) => {
        await empty()
        const model = createModel()
        const answers = await Promise.all(commits.map((steps) => storage.commit(steps)))
        expect(answers).toEqual(commits.map((steps) => model.commit(steps)))
        expect(await all(storage, notes, {})).toEqual(model.find(notes, {}))
      },
    ),
    { numRuns: 200 },
  )
})

test('queries find what the model finds, on pages of any size', async () => {
  const asked = fc.record({ where, descending: fc.boolean(), limit: fc.integer({ min: 1, max: 4 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 12 }), fc.array(asked, { maxLength: 6 }), async (rows, queries) => {
      await empty()
      const model = createModel()
      for (const [at, row] of rows.entries()) {
        const step = { insert: notes, row: { ...row, id: `${row.id}${at}` } }
        expect(await storage.commit([step])).toEqual(model.commit([step]))
      }
      for (const { where, descending, limit } of queries) {
        const query: AnyQuery = { ...where, descending, limit }
        expect(await all(storage, notes, query)).toEqual(model.find(notes, query))
      }
    }),
    { numRuns: 200 },
  )
})

test('counters count as the model does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(id, increment), { maxLength: 20 }), async (increments) => {
      await empty()
      const model = createModel()
      for (const [key, by] of increments)
        expect(await storage.increment(counters, { key }, by)).toEqual(model.increment(counters, { key }, by))
      expect(await all(storage, counters, {})).toEqual(model.find(counters, {}))
    }),
    { numRuns: 300 },
  )
})
