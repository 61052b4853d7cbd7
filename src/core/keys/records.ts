import { Type as t } from '@sinclair/typebox'
import { defineCollection, nullable, type RowOf } from '#plugin'

/** A signing key and, once retired, its tombstone: rows are never removed, so that neither a `kid` nor a generation comes back. */
export const signingKeys = defineCollection({
  name: 'signing_key',
  fields: t.Object({
    /** `k` and 128 random bits in base64url: what begins with `-` would be an option of `leveret key retire`. */
    kid: t.String({ maxLength: 64 }),
    algorithm: t.Union([t.Literal('ES256'), t.Literal('RS256'), t.Literal('EdDSA')], { maxLength: 16 }),
    /** Counts up per algorithm; its uniqueness is what lets processes that rotate at once make one key. */
    generation: t.Integer(),
    /** The private JWK, sealed under the master key; wiped when the key no longer signs. */
    sealedPrivate: nullable(t.String()),
    publicJwk: t.Record(t.String(), t.String()),
    createdAt: t.Integer(),
    activeAt: t.Integer(),
    /** Set when a newer key took over. */
    retiresAt: nullable(t.Integer()),
    retiredAt: nullable(t.Integer()),
  }),
  key: ['kid'],
  unique: [['algorithm', 'generation']],
})
export type SigningKey = RowOf<typeof signingKeys>
