/** What a client asks for, shown to the person who decides. */
import { Type as t } from '@sinclair/typebox'
import { Problem } from '../../core/problem.ts'
import type { Endpoint } from '../endpoint.ts'
import { createFrontChannel, type FrontChannelParts, PATHS } from './front-channel.ts'
import { accountView, askedView, clientView } from './views.ts'

export function consentRoutes(parts: FrontChannelParts): readonly Endpoint[] {
  const { authorizations } = parts.core
  const { page, form } = createFrontChannel(parts)
  return [
    page('consent', 'Page: what a client asks for', (step) => {
      const { client, visitor, started, rights } = step.seen
      const { request } = started.interaction
      if (!client || !visitor || !request) throw new Problem('invalid_request', 'Nothing is asked for')
      return step.show({
        version: 1,
        page: 'consent',
        form: step.form(PATHS.consent),
        client: clientView(client),
        account: accountView(visitor.user),
        ...askedView(request.scopes, rights),
        otherAccountUrl: step.url(PATHS.login, { switch: '1' }),
        leadsTo: request.redirectUri,
      })
    }),
    form(
      { name: 'consent', summary: 'Form: allow it or not', fields: { decision: t.String({ maxLength: 16 }) } },
      async ({ seen, browser, finish }, { decision }) =>
        finish(
          decision === 'allow' ? await authorizations.allow(seen, browser) : await authorizations.deny(seen, browser),
        ),
    ),
  ]
}
