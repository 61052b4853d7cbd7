import { describe, expect, test } from 'bun:test'
import { Type as t } from '@sinclair/typebox'
import { type AnyCollection, checkQuery, checkRow, checkWhere, InvalidCursor, nullable, shapeOf } from '#plugin'
import { collections } from '../../src/core/collections.ts'

const id = t.String({ maxLength: 64 })
const declared = (change: Partial<AnyCollection>): AnyCollection => ({
  name: 'thing',
  fields: t.Object({ id, rank: t.Integer(), note: t.String(), tags: t.Array(t.String()), end: nullable(t.Integer()) }),
  key: ['id'],
  ...change,
})

describe('a declaration', () => {
  test.each(collections.map((collection) => [collection.name, collection] as const))(
    '%s can be stored',
    (_, collection) => {
      expect(shapeOf(collection).key.length).toBeGreaterThan(0)
    },
  )
  test.each([
    ['a name that is no snake_case', { name: 'Thing' }, 'snake_case'],
    ['a reserved name', { name: 'pg_thing' }, 'reserved'],
    ['an optional field', { fields: t.Object({ id, a: t.Optional(t.String()) }) }, 'make it nullable'],
    ['no key', { key: [] }, 'empty'],
    ['a key that is no field', { key: ['nope'] }, 'no field'],
    ['a nullable key', { key: ['end'] }, 'nullable'],
    ['an index without maxLength', { indexes: [['note']] }, 'maxLength'],
    ['an index on JSON', { indexes: [['tags']] }, 'no scalar'],
    ['a text as the end of life', { expiresAt: 'note' }, 'no integer'],
    ['two fields in one column', { fields: t.Object({ id, aB: t.String(), a_b: t.String() }) }, 'camelCase'],
  ])('with %s is refused', (_, change, sentence) => {
    expect(() => shapeOf(declared(change))).toThrow(sentence)
  })
  test('gives each field its kind', () => {
    const fields = t.Object({
      id,
      literal: t.Union([t.Literal('a'), t.Literal('bcd'), t.Null()]),
      mixed: t.Union([t.String(), t.Integer()]),
      real: t.Number(),
      anything: t.Unknown(),
    })
    const kinds = shapeOf(declared({ fields })).fields.map(({ kind, nullable: n, maxLength }) => [kind, n, maxLength])
    expect(kinds).toEqual([
      ['string', false, 64],
      ['string', true, 3],
      ['json', false, undefined],
      ['number', false, undefined],
      ['json', true, undefined],
    ])
  })
})

describe('a row', () => {
  const shape = shapeOf(declared({}))
  const row = { id: 'a', rank: 1, note: '', tags: [], end: null }
  test.each([
    ['a missing field', { rank: undefined }, TypeError],
    ['a field too many', { more: 1 }, TypeError],
    ['another kind', { rank: '1' }, TypeError],
    ['null where a value must be', { note: null }, TypeError],
    ['what JSON cannot say', { tags: [Number.NaN] }, TypeError],
    ['a date', { tags: new Date(0) }, TypeError],
    ['a fraction', { rank: 0.5 }, RangeError],
    ['54 bits', { rank: 2 ** 53 }, RangeError],
    ['U+0000', { note: 'a\0' }, RangeError],
    ['half a surrogate pair', { note: '\ud800' }, RangeError],
    ['too many characters', { id: 'x'.repeat(65) }, RangeError],
  ])('with %s is refused', (_, change, error) => {
    expect(() => checkRow(shape, { ...row, ...change })).toThrow(error)
  })
  test('is taken as it is', () => {
    expect(checkRow(shape, row)).toEqual(row)
  })
})

describe('a query', () => {
  const things = declared({ indexes: [['rank', 'end']] })
  test('orders by what is not fixed, then by the key', () => {
    const lookup = checkWhere(things, { by: ['rank', 'end'], equals: { rank: 1 } })
    expect(lookup.order.map((field) => field.name)).toEqual(['end', 'id'])
    expect(lookup.present.map((field) => field.name)).toEqual(['end'])
  })
  test.each([
    ['plain', 'ab', 'ac'],
    ['at the end of a plane', '\ud7ff', '\ue000'],
    ['with the last code point', 'a\u{10ffff}', 'b'],
    ['of last code points only', '\u{10ffff}', undefined],
    ['empty', '', undefined],
  ])('ends a prefix that is %s', (_, prefix, to) => {
    expect(checkWhere(things, { prefix }).bounds?.to).toBe(to)
  })
  test('knows its own cursors', () => {
    const find = checkQuery(things, { by: ['rank'], limit: 1 })
    const after = find.cursor({ rank: 7, id: 'ü\u{1f600}' })
    expect(checkQuery(things, { by: ['rank'], limit: 9, after }).after).toEqual([7, 'ü\u{1f600}'])
    for (const other of [{}, { by: ['rank'], descending: true }, { by: ['rank'], equals: { rank: 7 } }])
      expect(() => checkQuery(things, { ...other, limit: 1, after })).toThrow(InvalidCursor)
  })
})
