/** What happened, who did it, from where, with which outcome: records in storage and lines in the log. */
import { Type as t } from '@sinclair/typebox'
import { defineCollection, nullable, type Page, type RowOf } from '#plugin'
import type { Caller } from '../world.ts'

export const auditEvents = defineCollection({
  name: 'audit_event',
  fields: t.Object({
    /** Sorts by time. */
    id: t.String({ maxLength: 64 }),
    at: t.Integer(),
    event: t.String({ maxLength: 64 }),
    outcome: t.Union([t.Literal('ok'), t.Literal('refused'), t.Literal('failed')]),
    actor: t.String({ maxLength: 190 }),
    /** What it was done to: `user:alice`, `rule:r_1`, `vhost:prod`. */
    target: t.String({ maxLength: 190 }),
    ip: nullable(t.String()),
    requestId: t.String({ maxLength: 64 }),
    /** The true reason of a refusal and other facts; never a secret. */
    detail: t.Record(t.String(), t.Unknown()),
    expiresAt: t.Integer(),
  }),
  key: ['id'],
  indexes: [['expiresAt'], ['target', 'id'], ['event', 'id']],
  expiresAt: 'expiresAt',
})
export type AuditEvent = RowOf<typeof auditEvents>

export type AuditName =
  | 'login'
  | 'logout'
  | 'token.issued'
  | 'token.refused'
  | `user.${'created' | 'changed' | 'deleted' | 'password'}`
  | `group.${'created' | 'changed' | 'deleted' | 'member-added' | 'member-removed'}`
  | `rule.${'created' | 'changed' | 'deleted'}`
  | `broker.${'created' | 'changed' | 'deleted'}`
  | `key.${'created' | 'activated' | 'retired'}`
  | 'plugin.loaded'
  | 'config.reloaded'
  | 'broker.http-auth'

export interface AuditEntry {
  readonly event: AuditName
  readonly outcome: AuditEvent['outcome']
  readonly target: string
  readonly caller: Caller
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>
}

export interface Audit extends AsyncDisposable {
  /** Never throws and never waits: the record is written behind, many at a time; the log line is written at once. */
  record(entry: AuditEntry): void
  list(query: {
    readonly limit: number
    readonly after?: string
    readonly target?: string
    readonly event?: string
  }): Promise<Page<AuditEvent>>
  /** Writes what is pending. */
  flush(): Promise<void>
}
