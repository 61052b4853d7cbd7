/** The collections of the kit: between them they have every kind of field, key, unique and index. */
import { Type as t } from '@sinclair/typebox'
import {
  type AnyCollection,
  type AnyQuery,
  defineCollection,
  defineCounter,
  nullable,
  type RowOf,
  type Storage,
} from '#plugin'

const id = t.String({ maxLength: 64 })

export const notes = defineCollection({
  name: 'kit_note',
  fields: t.Object({
    id,
    owner: t.String({ maxLength: 190 }),
    rank: t.Integer(),
    text: t.String(),
    mail: nullable(t.String({ maxLength: 190 })),
    weight: t.Number(),
    done: t.Boolean(),
    state: t.Union([t.Literal('open'), t.Literal('shut')]),
    tags: t.Array(t.String()),
    facts: t.Record(t.String(), t.Unknown()),
    more: nullable(t.Object({ deep: t.Array(t.Integer()) })),
    dueAt: nullable(t.Integer()),
    endsAt: nullable(t.Integer()),
  }),
  key: ['id'],
  unique: [['mail'], ['owner', 'rank']],
  indexes: [['dueAt'], ['owner', 'dueAt'], ['weight'], ['done', 'owner']],
  expiresAt: 'endsAt',
})
export type Note = RowOf<typeof notes>

/** A key of several fields, declared in another order than the fields. */
export const parts = defineCollection({
  name: 'kit_part',
  fields: t.Object({
    size: t.Integer(),
    name: t.String({ maxLength: 100 }),
    box: t.String({ maxLength: 40 }),
    open: t.Boolean(),
  }),
  key: ['box', 'name', 'size'],
  indexes: [['size', 'name']],
})
export type Part = RowOf<typeof parts>

/** A name that SQL keeps for itself, and one text to find. */
export const words = defineCollection({
  name: 'order',
  fields: t.Object({ select: t.String({ maxLength: 190 }), group: nullable(t.String({ maxLength: 190 })) }),
  key: ['select'],
  indexes: [['group']],
})

export const counters = defineCounter('kit_counter')

export const kit: readonly AnyCollection[] = [notes, parts, words, counters]

export function note(change: Partial<Note> & { id: string }): Note {
  return {
    owner: `owner of ${change.id}`,
    rank: 0,
    text: '',
    mail: null,
    weight: 0,
    done: false,
    state: 'open',
    tags: [],
    facts: {},
    more: null,
    dueAt: null,
    endsAt: null,
    ...change,
  }
}

/** Every row that a query finds, page by page. */
export async function all(
  storage: Storage,
  collection: AnyCollection,
  query: Omit<AnyQuery, 'limit'> & { limit?: number },
) {
  const rows = []
  let page = await storage.find(collection, { limit: 1000, ...query })
  for (;;) {
    rows.push(...page.rows)
    if (page.next === undefined) return rows
    page = await storage.find(collection, { limit: 1000, ...query, after: page.next })
  }
}

/** One field of every row that a query finds, in order. */
export async function list(
  storage: Storage,
  collection: AnyCollection,
  field: string,
  query: Omit<AnyQuery, 'limit'> & { limit?: number },
) {
  return (await all(storage, collection, query)).map((row) => row[field])
}
