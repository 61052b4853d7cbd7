import { Type as t } from '@sinclair/typebox'
import { defineCollection, nullable, type RowOf } from '#plugin'

/** A live identity token (DESIGN.md section 2). Its absence is its revocation. */
export const identityTokens = defineCollection({
  name: 'identity_token',
  fields: t.Object({
    /** The token's `jti`. */
    id: t.String({ maxLength: 64 }),
    userId: t.String({ maxLength: 64 }),
    /** 0 to `maxIdentityTokens` - 1: (`userId`, `slot`) unique is what bounds live tokens under race. */
    slot: t.Integer(),
    vhost: t.String(),
    broker: t.String({ maxLength: 64 }),
    /** The caller's address at login; `null` when not bound. */
    ip: nullable(t.String()),
    algorithm: t.String({ maxLength: 16 }),
    createdAt: t.Integer(),
    validUntil: t.Integer(),
    /** Written behind, at most every half minute. */
    lastUsedAt: t.Integer(),
  }),
  key: ['id'],
  unique: [['userId', 'slot']],
  indexes: [['validUntil']],
  expiresAt: 'validUntil',
})
export type IdentityToken = RowOf<typeof identityTokens>
