import { Type as t } from '@sinclair/typebox'
import { defineCollection, nullable, type RowOf } from '#plugin'

/** A person or technical user. Stable identity is (`source`, `externalId`); `username` may change. */
export const users = defineCollection({
  name: 'user',
  fields: t.Object({
    id: t.String({ maxLength: 64 }),
    username: t.String({ maxLength: 190 }),
    /** NFKC, lower case: what compares. */
    usernameKey: t.String({ maxLength: 190 }),
    email: nullable(t.String({ maxLength: 190 })),
    emailKey: nullable(t.String({ maxLength: 190 })),
    displayName: nullable(t.String()),
    /** False until the first password was set or the mail was confirmed; cannot log in before. */
    activated: t.Boolean(),
    disabled: t.Boolean(),
    /** Disabled because the source knows or admits the user no more; ends when it does, or by an administrator's word. */
    disabledBySource: t.Boolean(),
    /** A service rather than a person. */
    technicalUser: t.Boolean(),
    /** Id of the login source that alone may authenticate this user. */
    source: t.String({ maxLength: 64 }),
    externalId: t.String({ maxLength: 190 }),
    roles: t.Array(t.String()),
    /** OpenID Connect standard claims set here or mapped from the source. */
    claims: t.Record(t.String(), t.Unknown()),
    createdAt: t.Integer(),
    /** Grows with every change but that of `lastLoginAt`: two changes never leave the same value. */
    updatedAt: t.Integer(),
    passwordChangedAt: nullable(t.Integer()),
    /** Whether there may be second factors or a demand for one; never false again once it was true. */
    factorsOnRecord: t.Boolean(),
    lastLoginAt: nullable(t.Integer()),
  }),
  key: ['id'],
  unique: [['usernameKey'], ['emailKey'], ['source', 'externalId']],
})
export type User = RowOf<typeof users>

export const groups = defineCollection({
  name: 'group',
  fields: t.Object({
    name: t.String({ maxLength: 190 }),
    description: t.String(),
    /** Role names that every member holds. */
    roles: t.Array(t.String()),
    createdAt: t.Integer(),
    updatedAt: t.Integer(),
  }),
  key: ['name'],
})
export type Group = RowOf<typeof groups>

/** The `source` of memberships granted by administrators. No login source can have this id. */
export const GRANTED = '#granted'

/** Who is in which group, and who said so: `GRANTED` for administrators, else the login source that owns the membership. */
export const memberships = defineCollection({
  name: 'membership',
  fields: t.Object({
    groupName: t.String({ maxLength: 190 }),
    userId: t.String({ maxLength: 64 }),
    source: t.String({ maxLength: 64 }),
    createdAt: t.Integer(),
  }),
  key: ['groupName', 'userId', 'source'],
  indexes: [['userId', 'source']],
})
export type Membership = RowOf<typeof memberships>

/** Rows lent to login sources: `Credentials` of the plugin contract. */
export const credentials = defineCollection({
  name: 'credential',
  fields: t.Object({
    source: t.String({ maxLength: 64 }),
    name: t.String({ maxLength: 190 }),
    value: t.String(),
  }),
  key: ['source', 'name'],
})
