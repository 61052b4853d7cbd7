/** The device grant (RFC 8628): where devices ask, and the pages on which people allow them. */
import { Type as t } from '@sinclair/typebox'
import type { Visitor } from '../../core/browser/browser-sessions.ts'
import type { DeviceCode } from '../../core/device/records.ts'
import { presentedIn } from '../../core/token/endpoint.ts'
import { Problem } from '../../core/problem.ts'
import type { Notice } from '../../web/view.ts'
import { csrfOf, isCsrfOf } from '../cookies.ts'
import { type Endpoint, endpoint, type Input } from '../endpoint.ts'
import { credentials } from '../routes/token.ts'
import { createFrontChannel, type FrontChannelParts } from './front-channel.ts'
import { failureOf } from './trouble.ts'
import { accountView, askedView, clientView } from './views.ts'

export const DEVICE_AUTHORIZATION = '/auth/oauth/device_authorization'
const DEVICE = '/auth/device'
const DECISION = '/auth/device/decision'

export function deviceRoutes(parts: FrontChannelParts): readonly Endpoint[] {
  const { clientAuthentication, devices, settings } = parts.core
  const pages = devicePages(parts)
  const Code = t.String({ maxLength: 64 })
  const form = { csrf: t.String({ maxLength: 128 }), user_code: Code }
  const shared = { access: 'public', errors: 'page' } as const

  return [
    endpoint({
      method: 'POST',
      path: DEVICE_AUTHORIZATION,
      access: 'public',
      errors: 'oauth',
      takes: 'parameters',
      crossSite: true,
      summary: 'Begin the login of a device without a browser (RFC 8628)',
      answer: t.Object({ device_code: t.String(), user_code: t.String(), verification_uri: t.String() }),
      async handle({ parameters, request, caller }) {
        const presented = presentedIn(credentials(parameters, request))
        const { client } = await clientAuthentication.authenticate(presented, caller)
        const { deviceCode, userCode, expiresIn, interval } = await devices.begin(parameters, client, caller)
        const page = settings().issuer + DEVICE
        return {
          device_code: deviceCode,
          user_code: userCode,
          verification_uri: page,
          verification_uri_complete: `${page}?user_code=${userCode}`,
          expires_in: expiresIn,
          interval,
        }
      },
    }),
    endpoint({
      ...shared,
      method: 'GET',
      path: DEVICE,
      summary: 'Page: the code of a device',
      async handle(input) {
        const userCode = new URL(input.request.url).searchParams.get('user_code')?.slice(0, 20) ?? ''
        return await pages.ask(input, userCode)
      },
    }),
    endpoint({
      ...shared,
      method: 'POST',
      path: DEVICE,
      takes: 'form',
      summary: 'Form: the code of a device',
      body: t.Object(form),
      handle: async (input) => await pages.entered(input, input.body),
    }),
    endpoint({
      ...shared,
      method: 'POST',
      path: DECISION,
      takes: 'form',
      summary: 'Form: allow a device or not',
      body: t.Object({ ...form, decision: t.String({ maxLength: 16 }) }),
      handle: async (input) => await pages.decided(input, input.body),
    }),
  ]
}

interface Entered {
  readonly csrf: string
  readonly user_code: string
}

function devicePages(parts: FrontChannelParts) {
  const { core, base, cookie, showPage } = parts
  const { authorizations, browserSessions, devices, clients, rights, world } = core
  const { guestOf } = createFrontChannel(parts)

  function pathOf(userCode: string): string {
    return userCode === '' ? DEVICE : `${DEVICE}?${new URLSearchParams({ user_code: userCode })}`
  }

  /** Who is there, with all that `forClient` demands; or the way to get there. */
  async function visitorOf({ request, caller }: Input, userCode: string, forClient?: string) {
    const { browser, finish } = guestOf(request, caller)
    const login = { next: pathOf(userCode), ...(forClient !== undefined && { forClient }) }
    const outcome = await authorizations.local(login, browser)
    const visitor = outcome.kind === 'local' ? await browserSessions.find(browser.session) : undefined
    return visitor ? { visitor } : { visitor: undefined, elsewhere: finish(outcome) }
  }

  function formFor(request: Request, action: string, fields: Readonly<Record<string, string>> = {}) {
    return { action: base + action, csrf: csrfOf(cookie.read(request) ?? ''), fields }
  }

  function show({ request }: Input, userCode: string, notice?: Notice, status = 200): Response {
    const view = { version: 1, page: 'device', form: formFor(request, DEVICE), userCode } as const
    const completeUri = userCode === '' || notice ? {} : { completeUri: core.settings().issuer + pathOf(userCode) }
    return showPage({ ...view, ...completeUri, ...(notice && { notice }) }, request, { status })
  }

  async function confirmation(input: Input, userCode: string, device: DeviceCode, visitor: Visitor): Promise<Response> {
    const { request } = input
    const { clientId, authorization, ip, createdAt } = device
    const client = await clients.get(clientId)
    if (!client || client.disabled) return show(input, userCode, { kind: 'error', code: 'invalid_user_code' }, 400)
    const given = await rights.of(visitor.user, authorization)
    if (authorization.broker !== null && !given)
      throw new Problem('no_rule', 'You have no rights in this vhost: ask an administrator for a rule')
    return showPage(
      {
        version: 1,
        page: 'device-confirm',
        form: formFor(request, DECISION, { user_code: userCode }),
        userCode,
        client: clientView(client),
        account: accountView(visitor.user),
        ...askedView(authorization.scopes, given),
        requestedAt: createdAt,
        now: world.now(),
        ...(ip !== null && { requestedFrom: ip }),
      },
      request,
    )
  }

  /** The device that waits for this code, and who is there to allow it; or the page that says why not. */
  async function found(input: Input, { csrf, user_code: userCode }: Entered) {
    const { request, caller } = input
    const first = await visitorOf(input, userCode)
    if (!first.visitor) return { page: first.elsewhere }
    if (!isCsrfOf(cookie.read(request) ?? '', csrf))
      throw new Problem('forbidden', 'The form is not of this session; load the page again')
    try {
      const device = await devices.find(userCode, first.visitor, caller)
      if (!device) return { page: show(input, userCode, { kind: 'error', code: 'invalid_user_code' }, 400) }
      const { visitor, elsewhere } = await visitorOf(input, userCode, device.clientId)
      return visitor ? { device, visitor } : { page: elsewhere }
    } catch (error) {
      const { notice, status } = failureOf(error, 'invalid_user_code')
      return { page: show(input, userCode, notice, status) }
    }
  }

  return {
    async ask(input: Input, userCode: string): Promise<Response> {
      const { visitor, elsewhere } = await visitorOf(input, userCode)
      return visitor ? show(input, userCode) : elsewhere
    },
    async entered(input: Input, body: Entered): Promise<Response> {
      const { device, visitor, page } = await found(input, body)
      return device ? await confirmation(input, body.user_code, device, visitor) : page
    },
    async decided(input: Input, body: Entered & { readonly decision: string }): Promise<Response> {
      const { device, visitor, page } = await found(input, body)
      if (!device) return page
      const allowed = body.decision === 'allow'
      const client = await clients.get(device.clientId)
      if (!client || !(await devices.decide(device, visitor, { allowed, caller: input.caller })))
        return show(input, '', { kind: 'error', code: 'expired' }, 400)
      return showPage({ version: 1, page: 'device-done', allowed, client: clientView(client) }, input.request)
    },
  }
}
