/** The authorization endpoint (RFC 6749 section 3.1) and the one where requests are pushed ahead (RFC 9126). */
import { Type as t } from '@sinclair/typebox'
import { presentedIn } from '../../core/token/endpoint.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { credentials, proofIn } from '../routes/token.ts'
import { createFrontChannel, type FrontChannelParts } from './front-channel.ts'

export const AUTHORIZE = '/auth/oauth/authorize'
export const PAR = '/auth/oauth/par'

export function authorizeRoutes(parts: FrontChannelParts): readonly Endpoint[] {
  const { authorizations, clientAuthentication } = parts.core
  const { guestOf, respond } = createFrontChannel(parts)
  const shared = {
    path: AUTHORIZE,
    access: 'public',
    errors: 'page',
    takes: 'parameters',
    toleratesRepeats: true,
    crossSite: true,
  } as const

  return [
    endpoint({
      ...shared,
      method: 'GET',
      summary: 'Authorization endpoint: begins a login for a client (RFC 6749, OpenID Connect)',
      async handle({ parameters, request, caller }) {
        const { browser, finish } = guestOf(request, caller)
        return finish(await authorizations.request(parameters, browser))
      },
    }),
    endpoint({
      ...shared,
      method: 'POST',
      summary: 'The same with the parameters in a form',
      // A form from another site brings no cookies along: the browser is asked to come again on its own.
      handle: async ({ parameters, request, caller }) =>
        respond(await authorizations.hold(parameters, caller), request, []),
    }),
    endpoint({
      method: 'POST',
      path: PAR,
      access: 'public',
      errors: 'oauth',
      takes: 'parameters',
      crossSite: true,
      summary: 'Push an authorization request ahead (RFC 9126)',
      status: 201,
      answer: t.Object({ request_uri: t.String(), expires_in: t.Integer() }),
      async handle({ parameters, request, caller }) {
        const presented = presentedIn(credentials(parameters, request))
        const { client } = await clientAuthentication.authenticate(presented, caller)
        const { requestUri, expiresIn } = await authorizations.push(
          { parameters, dpop: proofIn(request, PAR) },
          client,
          caller,
        )
        return { request_uri: requestUri, expires_in: expiresIn }
      },
    }),
  ]
}
