import { Type as t } from '@sinclair/typebox'
import { defineCollection, type RowOf } from '#plugin'

/** A client that has not been told yet that a session has ended (OpenID Connect Back-Channel Logout). */
export const logoutNotices = defineCollection({
  name: 'logout_notice',
  fields: t.Object({
    /** `jti` of its logout tokens: the same however often it is sent. */
    id: t.String({ maxLength: 64 }),
    clientId: t.String({ maxLength: 190 }),
    userId: t.String({ maxLength: 64 }),
    sid: t.String({ maxLength: 64 }),
    attempts: t.Integer(),
    nextAt: t.Integer(),
    createdAt: t.Integer(),
    expiresAt: t.Integer(),
  }),
  key: ['id'],
  indexes: [['nextAt'], ['expiresAt']],
  expiresAt: 'expiresAt',
})
export type LogoutNotice = RowOf<typeof logoutNotices>

/** Users whose logins were ended all at once: clients that had them have still to be found. */
export const endedLogins = defineCollection({
  name: 'ended_login',
  fields: t.Object({ userId: t.String({ maxLength: 64 }) }),
  key: ['userId'],
})
