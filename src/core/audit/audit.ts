/** What happened, who did it, from where, with which outcome: records in storage and lines in the log. */
import { Type as t } from '@sinclair/typebox'
import { defineCollection, nullable, type Page, type RowOf, type Storage } from '#plugin'
import { type Schedule, timers } from '../schedule.ts'
import type { Settings } from '../settings.ts'
import { repository } from '../storage/repository.ts'
import type { Caller, World } from '../world.ts'
import { writeBehind } from './write-behind.ts'

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
  | 'token.revoked'
  | `user.${'created' | 'changed' | 'deleted' | 'password'}`
  | `group.${'created' | 'changed' | 'deleted' | 'member-added' | 'member-removed'}`
  | `rule.${'created' | 'changed' | 'deleted'}`
  | `broker.${'created' | 'changed' | 'deleted'}`
  | `client.${'created' | 'changed' | 'deleted' | 'refused'}`
  | `key.${'created' | 'activated' | 'retired'}`
  | `factor.${'added' | 'removed' | 'reset' | 'challenged' | 'verified' | 'demand'}`
  | `consent.${'granted' | 'refused' | 'revoked'}`
  | `registration-token.${'created' | 'deleted'}`
  | 'plugin.loaded'
  | 'config.reloaded'
  | 'broker.http-auth'

export interface AuditEntry {
  readonly event: AuditName
  readonly outcome: AuditEvent['outcome']
  readonly target: string
  readonly caller: Caller
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>
  /** A log line and no record: for what happens as often as a service likes. */
  readonly logOnly?: boolean
}

export interface Audit extends AsyncDisposable {
  /** Never throws and never waits: the record is written behind, many at a time; the log line is written at once. */
  record(entry: AuditEntry): void
  /** Newest first, of one target or of one kind of event or of all; of a target and an event, a page may be short. */
  list(query: {
    readonly limit: number
    readonly after?: string
    readonly target?: string
    readonly event?: string
  }): Promise<Page<AuditEvent>>
  /** Writes what is pending. */
  flush(): Promise<void>
}

export function createAudit(deps: {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly schedule?: Schedule
}): Audit {
  const { storage, world, settings, schedule = timers } = deps
  const events = repository(storage, auditEvents)
  const behind = writeBehind(auditEvents, { storage, log: world.log, schedule })
  const own = Buffer.from(world.random(8)).toString('hex')
  let last = 0
  let serial = 0

  /** Time, then a serial number within it, then what keeps several processes apart. */
  function nextId(now: number): string {
    serial = now > last ? 0 : serial + 1
    last = Math.max(last, now)
    return `${last.toString(36).padStart(9, '0')}-${serial.toString(36).padStart(5, '0')}-${own}`
  }

  return {
    record({ event, outcome, target, caller, detail = {}, logOnly = false }) {
      const actor = storable(caller.actor, 190)
      const about = storable(target, 190)
      const ip = caller.ip === undefined ? null : storable(caller.ip, 64)
      const requestId = storable(caller.requestId, 64)
      const facts: Record<string, string | number | boolean | null> = {}
      for (const name in detail) facts[name] = storableValue(detail[name] ?? null)
      world.log.info('audit', { ...facts, event, outcome, actor, target: about, ip, request_id: requestId })
      const kept = settings().audit
      if (logOnly || (event === 'token.issued' && kept.tokens === 'log')) return
      const at = world.now()
      const row = { at, event, outcome, actor, target: about, ip, requestId, detail: facts }
      behind.add({ id: nextId(at), ...row, expiresAt: at + kept.keepFor })
    },
    async list({ limit, after, target, event }) {
      await behind.flush()
      const page = { limit, descending: true, ...(after !== undefined && { after }) }
      if (target === undefined) {
        const where = event === undefined ? {} : { by: ['event', 'id'] as const, equals: { event } }
        return events.find({ ...page, ...where })
      }
      const found = await events.find({ ...page, by: ['target', 'id'], equals: { target } })
      return event === undefined ? found : { ...found, rows: found.rows.filter((row) => row.event === event) }
    },
    flush: () => behind.flush(),
    [Symbol.asyncDispose]: () => behind.close(),
  }
}

/** Text that every engine keeps: short enough, no NUL, no half of a surrogate pair. */
function storable(text: string, length: number): string {
  return text.slice(0, length).toWellFormed().replaceAll('\0', '\uFFFD')
}

function storableValue<V>(value: V): V | string {
  return typeof value === 'string' ? storable(value, 1_000) : value
}
