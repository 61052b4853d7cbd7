/**
 * Declarations of stored records. A collection says what a row holds, how it is found and when it dies;
 * core declares its own next to the module that owns them, storage plugins turn them into tables.
 */
import type { Static, TObject } from '@sinclair/typebox'

/** Name of a field of a collection. */
export type Field<F extends TObject> = keyof Static<F> & string

/**
 * What is stored, how it is found, when it dies.
 *
 * Scalars (string, integer, number, boolean, each possibly nullable) become typed columns that an operator can query;
 * arrays and objects are kept as JSON text and come back as JSON carries them. Strings that take part in a key, a unique
 * or an index declare `maxLength` (at most 190, so that every engine can index them); a longer string than declared is
 * never stored. Strings compare and sort by code point: case matters, nothing is trimmed or normalised. They hold any
 * Unicode text but U+0000 and half surrogate pairs. Integers have 53 bits. No field is optional: say `nullable`.
 *
 * Drivers keep to kinds and `maxLength` only; patterns, formats and literals are checked by who writes.
 */
export interface Collection<F extends TObject = TObject, K extends Field<F> = Field<F>> {
  /** snake_case, at most 40 characters: `refresh_token`. */
  readonly name: string
  readonly fields: F
  /** Never nullable; together they name one row. */
  readonly key: readonly K[]
  /** Alternative keys. A row in which one of the fields is `null` collides with nothing. */
  readonly unique?: readonly (readonly Field<F>[])[]
  readonly indexes?: readonly (readonly Field<F>[])[]
  /** The field that holds the end of life in epoch milliseconds; a row whose field is `null` never dies. */
  readonly expiresAt?: Field<F>
}

/** Any collection, its types forgotten: what a driver handles. */
export interface AnyCollection {
  readonly name: string
  readonly fields: TObject
  readonly key: readonly string[]
  readonly unique?: readonly (readonly string[])[]
  readonly indexes?: readonly (readonly string[])[]
  readonly expiresAt?: string
}

/**
 * A stored record: `type User = RowOf<typeof users>`. Every declared field is present and no other; "no value" is `null`
 * in a nullable field. What a read returns is a copy: changing it changes nothing in the store.
 */
export type RowOf<C extends AnyCollection> = Readonly<Static<C['fields']>>

/** The value of a collection's key: its key fields, nothing else. */
export type KeyOf<C extends AnyCollection> = Pick<RowOf<C>, C['key'][number] & keyof RowOf<C>>

/** Declare a collection with its exact types. */
export function defineCollection<F extends TObject, const K extends Field<F>>(
  declared: Collection<F, K>,
): Collection<F, K> {
  return declared
}
