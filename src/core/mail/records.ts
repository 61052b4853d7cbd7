import { Type as t } from '@sinclair/typebox'
import { defineCollection, type RowOf } from '#plugin'

/** A mail that waits for the mail server. */
export const outgoingMails = defineCollection({
  name: 'outgoing_mail',
  fields: t.Object({
    id: t.String({ maxLength: 64 }),
    /** Address, subject and text under the master key: there are codes in it. */
    sealed: t.String(),
    attempts: t.Integer(),
    /** No further attempt before this; whoever moves it on makes the attempt. */
    nextAt: t.Integer(),
    createdAt: t.Integer(),
    expiresAt: t.Integer(),
  }),
  key: ['id'],
  indexes: [['nextAt'], ['expiresAt']],
  expiresAt: 'expiresAt',
})
export type OutgoingMail = RowOf<typeof outgoingMails>
