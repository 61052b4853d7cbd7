import { Type as t } from '@sinclair/typebox'
import { defineCollection, nullable, type RowOf } from '#plugin'

/** Somebody logged in with a browser. The cookie is random and only its digest is kept; a new one is made at every login. */
export const browserSessions = defineCollection({
  name: 'browser_session',
  fields: t.Object({
    /** SHA-256 of the cookie, base64url. */
    digest: t.String({ maxLength: 64 }),
    /** What clients hear of it: the `sid` of ID tokens and logout tokens. */
    sid: t.String({ maxLength: 64 }),
    userId: t.String({ maxLength: 64 }),
    /** RFC 8176. */
    amr: t.Array(t.String()),
    acr: t.String({ maxLength: 64 }),
    /** Epoch milliseconds of the last time the person proved who they are. */
    authTime: t.Integer(),
    /** Of the last login, for the person to recognise it. */
    ip: nullable(t.String()),
    userAgent: t.String(),
    /** Of a login at an upstream: what its source needs to end it there too, under the master key. */
    upstream: nullable(t.Object({ source: t.String(), sealed: t.String() })),
    createdAt: t.Integer(),
    /** Written behind, at most every minute. */
    lastSeenAt: t.Integer(),
    /** The absolute end; `expiresAt` moves with use up to here. */
    endsAt: t.Integer(),
    expiresAt: t.Integer(),
  }),
  key: ['digest'],
  unique: [['sid']],
  indexes: [['userId', 'createdAt'], ['expiresAt']],
  expiresAt: 'expiresAt',
})
export type BrowserSession = RowOf<typeof browserSessions>
