/** `/account/brokers`: management UIs of RabbitMQ, opened with a token of whoever is there. */
import { Type as t } from '@sinclair/typebox'
import type { Endpoint } from '../endpoint.ts'
import { type AccountParts, accountEndpoints, noticeIn, PATHS } from './visit.ts'

const OPEN = `${PATHS.brokers}/open`

export function brokerPageRoutes(parts: AccountParts): readonly Endpoint[] {
  const { page, action } = accountEndpoints(parts)
  const { managementLogins } = parts.core

  return [
    page(PATHS.brokers, 'Page: management UIs to open', async (visit) => {
      const { nav, user, form } = visit
      const places = (await managementLogins.list(user)).map(({ broker: { name }, vhost, tags }) => ({
        broker: name,
        vhost,
        tags,
        open: form(OPEN, { broker: name, vhost }),
      }))
      return visit.show({ version: 1, page: 'account-brokers', nav, places, ...noticeIn(visit) })
    }),
    action(
      {
        path: OPEN,
        page: PATHS.brokers,
        summary: 'Form: a token for a management UI, in a form that posts it there',
        fields: { broker: t.String({ maxLength: 64 }), vhost: t.String({ maxLength: 255 }) },
      },
      async (visit, { broker, vhost }) => {
        const asked = { user: visit.user, broker, vhost, session: visit.session.sid }
        const { url, fields } = await managementLogins.open(asked, visit.caller)
        return visit.show({ version: 1, page: 'management-login', broker, vhost, action: url, fields })
      },
    ),
  ]
}
