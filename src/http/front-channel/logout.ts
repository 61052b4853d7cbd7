/** Logging out: by the person, or because a client asks (OpenID Connect RP-Initiated Logout). */
import { Type as t } from '@sinclair/typebox'
import type { Visitor } from '../../core/browser/browser-sessions.ts'
import type { LogoutRequest } from '../../core/logout/logout-requests.ts'
import { Problem } from '../../core/problem.ts'
import { csrfOf, isCsrfOf } from '../cookies.ts'
import { type Endpoint, endpoint, type Input } from '../endpoint.ts'
import { type FrontChannelParts, seeOther } from './front-channel.ts'
import { accountView, clientView } from './views.ts'

export const END_SESSION = '/auth/oauth/end_session'
const LOGOUT = '/auth/logout'
const STAY = '/account'

export function logoutRoutes(parts: FrontChannelParts): readonly Endpoint[] {
  const { core, base, cookie, showPage } = parts
  const { authorizations, browserSessions, logoutRequests, clients } = core
  const ours = (): LogoutRequest => ({ ...NOTHING_ASKED, at: core.world.now() })

  async function clientOf({ clientId }: LogoutRequest) {
    const client = clientId === null ? undefined : await clients.get(clientId)
    return client && { client: clientView(client) }
  }

  /** Where the browser goes when nobody is logged in any more. */
  async function over(asked: LogoutRequest, request: Request): Promise<Response> {
    const { returnUrl, uiLocales } = asked
    const loginUrl = `${base}/auth/login-page`
    const response =
      returnUrl === null
        ? showPage({ version: 1, page: 'logged-out', loginUrl, ...(await clientOf(asked)) }, request, {
            uiLocales: uiLocales ?? undefined,
          })
        : seeOther(returnUrl)
    response.headers.append('set-cookie', cookie.clear)
    return response
  }

  async function end({ user, session }: Visitor, asked: LogoutRequest, { request, caller }: Input): Promise<Response> {
    const upstream = await authorizations.elsewhere.logoutUrl({ user, session }, logoutRequests.seal(asked))
    await browserSessions.end(user, session.sid, { ...caller, actor: `user:${user.username}` })
    if (upstream === undefined) return await over(asked, request)
    const response = seeOther(upstream)
    response.headers.append('set-cookie', cookie.clear)
    return response
  }

  /** Ends the session if the client has shown that it means this one; asks the person otherwise. */
  async function answer(asked: LogoutRequest, input: Input): Promise<Response> {
    const { request } = input
    const secret = cookie.read(request)
    const visitor = await browserSessions.find(secret)
    if (!visitor || secret === undefined) return await over(asked, request)
    if (isMeant(asked, visitor)) return await end(visitor, asked, input)
    const form = {
      action: base + LOGOUT,
      csrf: csrfOf(secret),
      fields: { request: logoutRequests.seal(asked) },
    }
    const view = { version: 1, page: 'logout', form, account: accountView(visitor.user) } as const
    const leadsTo = (await authorizations.elsewhere.logoutUrl(visitor, '')) ?? asked.returnUrl ?? undefined
    const options = { uiLocales: asked.uiLocales ?? undefined }
    return showPage({ ...view, ...(await clientOf(asked)), ...(leadsTo && { leadsTo }) }, request, options)
  }

  async function decided(input: Input, body: { csrf: string; request?: string; action?: string }): Promise<Response> {
    const asked = body.request === undefined ? ours() : logoutRequests.open(body.request)
    if (!asked) throw new Problem('invalid_request', 'This page is too old; log out anew')
    const secret = cookie.read(input.request)
    const visitor = await browserSessions.find(secret)
    if (!visitor || secret === undefined) return await over(asked, input.request)
    if (!isCsrfOf(secret, body.csrf))
      throw new Problem('forbidden', 'The form is not of this session; load the page again')
    return body.action === 'cancel' ? seeOther(base + STAY) : await end(visitor, asked, input)
  }

  const shared = { access: 'public', errors: 'page' } as const
  const initiated = { ...shared, path: END_SESSION, takes: 'parameters', crossSite: true } as const
  return [
    endpoint({
      ...shared,
      method: 'GET',
      path: LOGOUT,
      summary: 'Page: log out',
      async handle(input) {
        const { searchParams } = new URL(input.request.url)
        // An upstream that ended the login there hands it back as the state.
        const sealed = searchParams.get('request') ?? searchParams.get('state')
        return await answer((sealed === null ? undefined : logoutRequests.open(sealed)) ?? ours(), input)
      },
    }),
    endpoint({
      ...shared,
      method: 'POST',
      path: LOGOUT,
      takes: 'form',
      summary: 'Form: log out',
      body: t.Object({
        csrf: t.String({ maxLength: 128 }),
        request: t.Optional(t.String({ maxLength: 16_384 })),
        action: t.Optional(t.String({ maxLength: 16 })),
      }),
      handle: async (input) => await decided(input, input.body),
    }),
    endpoint({
      ...initiated,
      method: 'GET',
      summary: 'End the session of a browser (OpenID Connect RP-Initiated Logout)',
      handle: async (input) => await answer(await logoutRequests.read(input.parameters), input),
    }),
    endpoint({
      ...initiated,
      method: 'POST',
      summary: 'The same with the parameters in a form',
      // A form from another site brings no cookies along: the browser is asked to come again on its own.
      handle: async ({ parameters }) => {
        const request = logoutRequests.seal(await logoutRequests.read(parameters))
        return seeOther(`${base}${LOGOUT}?${new URLSearchParams({ request })}`)
      },
    }),
  ]
}

const NOTHING_ASKED = { clientId: null, sid: null, userId: null, returnUrl: null, uiLocales: null }

/** An ID token of this very session; one of an older session of the same person takes their word. */
function isMeant({ sid, userId }: LogoutRequest, { session, user }: Visitor): boolean {
  return sid !== null && sid === session.sid && userId === user.id
}
