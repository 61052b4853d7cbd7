/** The login page: a name and a password, a passkey, or another place to log in. */
import { Type as t } from '@sinclair/typebox'
import { Problem } from '../../core/problem.ts'
import type { LoginView, Notice } from '../../web/view.ts'
import { type Endpoint, endpoint, type Input } from '../endpoint.ts'
import { createFrontChannel, type FrontChannelParts, PATHS, type Step } from './front-channel.ts'
import { localPath } from './local-path.ts'
import { createTickets } from './ticket.ts'
import { failureOf, parsedPasskey } from './trouble.ts'
import { clientView } from './views.ts'

const PASSKEY_OPTIONS = `${PATHS.login}/passkey-options`
const AFTER_LOGIN = '/account'
const SOURCE_FAILED: Notice = { kind: 'error', code: 'source_failed' }

export function loginRoutes(parts: FrontChannelParts): readonly Endpoint[] {
  const { authorizations, settings, users, factors, login } = parts.core
  const { guestOf, stepOf, onward, form } = createFrontChannel(parts)
  const tickets = createTickets(parts)

  async function viewOf(step: Step, typed?: string, notice?: Notice): Promise<LoginView> {
    const { request, switching } = step.seen.started.interaction
    const { client, visitor } = step.seen
    const { password, elsewhere } = login.ways()
    const named = request?.subject ? await users.get(request.subject) : undefined
    // By its id, which clients that know the person know: a name or an address would be asked whether it exists.
    const only = named?.id === request?.subject ? named?.username : undefined
    const known = only ?? typed ?? request?.loginHint ?? (switching ? undefined : visitor?.user.username)
    return {
      version: 1,
      page: 'login',
      form: step.form(PATHS.login),
      password,
      sources: [
        ...tickets.sources(step),
        ...elsewhere.map(({ id, label }) => ({ label, url: step.url(`${PATHS.login}/${encodeURIComponent(id)}`) })),
      ],
      cancellable: request !== null,
      ...(client && { client: clientView(client) }),
      ...(known !== undefined && { username: known }),
      ...(only !== undefined && { usernameFixed: true }),
      ...(settings().factors.passwordless && { passkey: { optionsUrl: parts.base + PASSKEY_OPTIONS } }),
      ...(notice && { notice }),
      ...(request && { leadsTo: request.redirectUri }),
    }
  }

  async function show(input: Input): Promise<Response> {
    const query = new URL(input.request.url).searchParams
    const id = query.get('interaction')
    if (id === null) return await begin(input, query)
    const step = await stepOf(id, input)
    const { started } = step.seen
    if (query.has('switch')) return step.finish(await authorizations.switchAccount(started, step.browser))
    const asked = step.seen.step
    if (asked.kind !== 'page' || asked.page !== 'login') return await onward(step)
    const notice = query.has('failed') ? SOURCE_FAILED : undefined
    const byTicket = await tickets.answer(step)
    return (
      byTicket ??
      (await tickets.asking(step, async (options) => step.show(await viewOf(step, undefined, notice), options)))
    )
  }

  /** A login of our own: nobody asked for it but the person. */
  async function begin({ request, caller }: Input, query: URLSearchParams): Promise<Response> {
    const { browser, finish } = guestOf(request, caller)
    const next = localPath(query.get('next'), AFTER_LOGIN)
    return finish(await authorizations.local({ next, again: query.get('prompt') === 'login' }, browser))
  }

  async function attempt(step: Step, fields: Fields): Promise<Response> {
    const { started } = step.seen
    if (fields.action === 'cancel') return step.finish(await authorizations.deny(step.seen, step.browser))
    const { username = '', password = '', passkey = '' } = fields
    try {
      const outcome =
        passkey === ''
          ? await authorizations.logins.password(started, { username, password }, step.browser)
          : await authorizations.logins.passkey(started, parsedPasskey(passkey), step.browser)
      if (outcome) return step.finish(outcome)
      const notice = { kind: 'error', code: 'invalid_passkey' } as const
      return step.show(await viewOf(step, username, notice), { status: 400 })
    } catch (error) {
      const { notice, ...options } = failureOf(error, 'invalid_credentials')
      return step.show(await viewOf(step, username, notice), options)
    }
  }

  const shared = { method: 'GET', access: 'public', errors: 'page', handle: show } as const
  return [
    endpoint({ ...shared, path: PATHS.login, summary: 'Page: log in' }),
    endpoint({
      ...shared,
      path: '/auth/login-page',
      summary: 'Page: log in; `next` is where to go on, a path of ours',
    }),
    form({ name: 'login', summary: 'Form: log in', fields: FIELDS }, attempt),
    form(
      { name: 'login', path: PASSKEY_OPTIONS, summary: 'Options for a login with a passkey', fields: FIELDS },
      async () => {
        if (!settings().factors.passwordless) throw new Problem('not_found', 'Passkeys alone do not log in here')
        return await factors.passkeyOptions(undefined)
      },
    ),
  ]
}

const FIELDS = {
  username: t.Optional(t.String({ maxLength: 1_000 })),
  password: t.Optional(t.String({ maxLength: 4_096 })),
  passkey: t.Optional(t.String({ maxLength: 40_000 })),
  action: t.Optional(t.String({ maxLength: 16 })),
}
interface Fields {
  readonly username?: string
  readonly password?: string
  readonly passkey?: string
  readonly action?: string
}
