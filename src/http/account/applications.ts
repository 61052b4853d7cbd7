/** `/account/applications`: who has access, and taking it back. */
import { Type as t } from '@sinclair/typebox'
import type { BoundTo } from '../../core/browser/applications.ts'
import type { VhostRights } from '../../web/view.ts'
import type { Endpoint } from '../endpoint.ts'
import { clientView } from '../front-channel/views.ts'
import { type AccountParts, accountEndpoints, noticeIn, PATHS } from './visit.ts'

const REVOKE = `${PATHS.applications}/revoke`

export function applicationRoutes(parts: AccountParts): readonly Endpoint[] {
  const { page, action } = accountEndpoints(parts)
  const { applications } = parts.core

  return [
    page(PATHS.applications, 'Page: applications with access', async (visit) => {
      const { nav, user, form } = visit
      const found = (await applications.list(user.id)).map(({ client, scopes, vhosts, grantedAt }) => ({
        client: clientView(client),
        scopes,
        vhosts: vhosts.map(vhostView),
        grantedAt,
        revoke: form(REVOKE, { client_id: client.id }),
      }))
      return visit.show({
        version: 1,
        page: 'account-applications',
        nav,
        applications: found,
        ...noticeIn(visit),
      })
    }),
    action(
      {
        path: REVOKE,
        page: PATHS.applications,
        summary: 'Form: take the access of an application back',
        fields: { client_id: t.String({ maxLength: 190 }) },
      },
      async (visit, { client_id: clientId }) => {
        await applications.revoke(visit.user, clientId, visit.caller)
        return visit.done(PATHS.applications, 'consent_revoked')
      },
    ),
  ]
}

/** The rights are what the rules say when a token is made; here it is only where. */
function vhostView({ vhost, broker }: BoundTo): VhostRights {
  return { vhost, ...(broker !== null && { broker }), configure: [], write: [], read: [], tags: [] }
}
