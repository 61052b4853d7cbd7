/** Audit events for administrators (`/audit`), newest first. */
import { Type as t } from '@sinclair/typebox'
import type { AuditEvent } from '../../core/audit/audit.ts'
import type { Core } from '../../core/core.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { instant, list, pageOf, pageQuery, strict } from '../schemas.ts'

const AuditQuery = t.Object(
  {
    ...pageQuery,
    target: t.Optional(t.String({ maxLength: 190, description: 'user:alice, vhost:prod, …' })),
    event: t.Optional(t.String({ maxLength: 64, description: 'login, token.issued, …' })),
  },
  strict,
)

export function auditRoutes({ audit }: Pick<Core, 'audit'>): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/audit',
      access: 'admin',
      summary: 'List audit events, newest first',
      query: AuditQuery,
      async handle({ query: { target, event, ...page } }) {
        const wanted = { ...(target !== undefined && { target }), ...(event !== undefined && { event }) }
        return list(await audit.list({ ...pageOf(page), ...wanted }), wire)
      },
    }),
  ]
}

function wire({ expiresAt: _expiresAt, ...event }: AuditEvent) {
  return { ...event, at: instant(event.at) }
}
