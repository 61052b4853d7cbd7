import { Type as t } from '@sinclair/typebox'
import { defineCollection, nullable, type RowOf } from '#plugin'

/** A RabbitMQ cluster that takes our tokens: one resource server. */
export const brokers = defineCollection({
  name: 'broker',
  fields: t.Object({
    name: t.String({ maxLength: 64 }),
    resourceServerId: t.String({ maxLength: 64 }),
    /** `3.10` to `4.3`, as the operator says. */
    version: t.String({ maxLength: 16 }),
    /** Life of access tokens for it, milliseconds. */
    tokenTtl: t.Integer(),
    description: t.String(),
    /** Where people open its management UI, without a slash at the end. */
    managementUrl: nullable(t.String()),
    createdAt: t.Integer(),
    updatedAt: t.Integer(),
  }),
  key: ['name'],
  unique: [['resourceServerId']],
})
export type Broker = RowOf<typeof brokers>

/** Who may do what in which vhosts. */
export const rules = defineCollection({
  name: 'rule',
  fields: t.Object({
    id: t.String({ maxLength: 64 }),
    /** `user` (by user name), `group`, `role` or `client`. */
    subjectKind: t.Union([t.Literal('user'), t.Literal('group'), t.Literal('role'), t.Literal('client')]),
    subject: t.String({ maxLength: 190 }),
    /** A vhost name or a pattern with `*`. */
    vhost: t.String(),
    /** Broker name; `null` for every broker. */
    broker: nullable(t.String({ maxLength: 64 })),
    /** Patterns as in RabbitMQ scopes: `*` is the only wildcard. `name` or `name/routing-key`. */
    configure: t.Array(t.String()),
    write: t.Array(t.String()),
    read: t.Array(t.String()),
    /** Management tags. `administrator` and `monitoring` only in a rule that has no patterns. */
    tags: t.Array(t.String()),
    preset: nullable(t.String()),
    note: t.String(),
    createdAt: t.Integer(),
    updatedAt: t.Integer(),
  }),
  key: ['id'],
  indexes: [['subjectKind', 'subject']],
})
export type Rule = RowOf<typeof rules>
export type SubjectKind = Rule['subjectKind']
