/** What all pages of the account share: who is there, the token against forged forms, and the way to the login. */
import { type Static, type TProperties, type TObject, Type as t } from '@sinclair/typebox'
import type { Visitor } from '../../core/browser/browser-sessions.ts'
import type { Core } from '../../core/core.ts'
import { SINGLE_FACTOR, withSecondFactor } from '../../core/factors/acr.ts'
import { Problem } from '../../core/problem.ts'
import type { Caller } from '../../core/world.ts'
import type { AccountNav } from '../../web/account-view.ts'
import type { Form, Notice, NoticeCode, View } from '../../web/view.ts'
import { arrivalOf } from '../arrival.ts'
import { type Cookie, csrfOf, isCsrfOf } from '../cookies.ts'
import { endpoint, type Input } from '../endpoint.ts'
import { accountView } from '../front-channel/views.ts'
import type { ShowPage } from '../show-page.ts'

export interface AccountParts {
  readonly core: Core
  readonly showPage: ShowPage
  /** The cookie of a session. */
  readonly cookie: Cookie
  /** Path of the public URL, without a slash at the end. */
  readonly base: string
}

/** Somebody who is logged in asks for something. */
export interface Visit extends Visitor {
  readonly request: Request
  readonly caller: Caller
  /** A form of ours to this path below the public URL. */
  readonly form: (path: string, fields?: Form['fields']) => Form
  readonly nav: AccountNav
  show(view: View, options?: { readonly status?: number }): Response
  /** After a change: the page that shows it, so that reloading sends nothing twice. */
  done(path: string, code: NoticeCode, headers?: Record<string, string>): Response
  /** The same session, which has just shown a second factor too; the cookie is another one. */
  raised(amr: readonly string[]): Promise<Record<string, string>>
}

export const PATHS = {
  profile: '/account',
  password: '/account/password',
  factors: '/account/factors',
  applications: '/account/applications',
  sessions: '/account/sessions',
  brokers: '/account/brokers',
} as const
export const LOGIN_PAGE = '/auth/login-page'
/** What changes who gets in takes a login that is not older than this. */
const FRESH = 10 * 60_000

const NOTICES: ReadonlySet<string> = new Set<NoticeCode>([
  'saved',
  'password_changed',
  'factor_added',
  'factor_removed',
  'consent_revoked',
  'session_ended',
])

export function accountEndpoints(parts: AccountParts) {
  const { core, base, cookie } = parts

  async function visitOf(request: Request, caller: Caller): Promise<Visit | undefined> {
    const secret = cookie.read(request)
    const visitor = await core.browserSessions.find(secret)
    if (!visitor || secret === undefined) return undefined
    const actor = `user:${visitor.user.username}`
    arrivalOf(request).actor = actor
    const found = { request, secret, visitor, caller: { ...caller, actor } }
    return describe(parts, found, await core.managementLogins.any())
  }

  function toLogin(next: string, prompt?: 'login'): Response {
    const query = new URLSearchParams({ next, ...(prompt && { prompt }) })
    return redirect(`${base}${LOGIN_PAGE}?${query}`)
  }

  /** Whether somebody who is logged in has proven it lately, and with all that they have. */
  async function isFresh({ session, user }: Visit): Promise<boolean> {
    if (core.world.now() - session.authTime > FRESH) return false
    const { step } = await core.factors.next(user, { groups: async () => [] })
    return step !== 'verify' || session.acr !== SINGLE_FACTOR
  }

  function readForm(visit: Visit, request: Request, body: unknown): void {
    const secret = cookie.read(request) ?? ''
    const token = typeof body === 'object' && body !== null && 'csrf' in body ? String(body.csrf) : ''
    if (!isCsrfOf(secret, token))
      throw new Problem('forbidden', `The form is not of this session of ${visit.user.username}; load the page again`)
  }

  /** A page to look at. */
  const page = (path: string, summary: string, handle: (visit: Visit) => Response | Promise<Response>) =>
    endpoint({
      method: 'GET',
      path,
      access: 'public',
      errors: 'page',
      summary,
      async handle({ request, caller }) {
        const visit = await visitOf(request, caller)
        return visit ? handle(visit) : toLogin(path)
      },
    })

  /** A form that changes something. */
  const action = <P extends TProperties>(
    { path, page: shown, summary, fields, fresh = false }: Action<P>,
    handle: (visit: Visit, fields: Static<TObject<P>>) => unknown,
  ) =>
    endpoint({
      method: 'POST',
      path,
      access: 'public',
      errors: 'page',
      takes: 'form',
      summary,
      body: t.Object({ csrf: t.String({ maxLength: 128 }), ...fields }),
      async handle({ request, caller, body }: Input) {
        const visit = await visitOf(request, caller)
        if (!visit) return toLogin(shown)
        readForm(visit, request, body)
        if (fresh && !(await isFresh(visit))) return toLogin(shown, 'login')
        return handle(visit, body as Static<TObject<P>>)
      },
    })

  return { page, action }
}

interface Action<P extends TProperties> {
  readonly path: string
  /** Where somebody goes on who has to log in first. */
  readonly page: string
  readonly summary: string
  readonly fields: P
  /** Changes who gets in: takes a fresh login. */
  readonly fresh?: boolean
}

function describe(
  { core, base, cookie, showPage }: AccountParts,
  found: { readonly request: Request; readonly secret: string; readonly visitor: Visitor; readonly caller: Caller },
  withBrokers: boolean,
): Visit {
  const { request, secret, visitor, caller } = found
  const { user, session } = visitor
  const csrf = csrfOf(secret)
  const form: Visit['form'] = (path, fields = {}) => ({ action: base + path, csrf, fields })
  const { password, brokers, ...urls } = PATHS
  const absolute = Object.fromEntries(Object.entries(urls).map(([name, path]) => [name, base + path]))
  const nav: AccountNav = {
    account: accountView(user),
    urls: {
      ...(absolute as typeof urls),
      ...(core.users.keptHere(user) && { password: base + password }),
      ...(withBrokers && { brokers: base + brokers }),
    },
    logout: form('/auth/logout'),
  }
  return {
    ...visitor,
    request,
    caller,
    form,
    nav,
    show: (view, options) => showPage(view, request, options),
    done: (path, code, headers) => redirect(`${base}${path}?notice=${code}`, headers),
    async raised(amr) {
      const { authTime, userAgent, upstream } = session
      const login = {
        user,
        amr: withSecondFactor(session.amr, amr),
        authTime,
        userAgent,
        ...(upstream && { upstream }),
      }
      const begun = await core.browserSessions.begin({ ...login, cookie: secret }, caller)
      return begun ? { 'set-cookie': cookie.write(begun.cookie, core.settings().browser.absoluteTtl / 1_000) } : {}
    },
  }
}

/** What the page before says has happened; nothing that a link from elsewhere could make up. */
export function noticeIn({ request }: Visit): { readonly notice?: Notice } {
  const code = new URL(request.url).searchParams.get('notice')
  return code !== null && NOTICES.has(code) ? { notice: { kind: 'success', code: code as NoticeCode } } : {}
}

export function fault(code: NoticeCode): { readonly notice: Notice } {
  return { notice: { kind: 'error', code } }
}

function redirect(location: string, headers: Record<string, string> = {}): Response {
  return new Response(null, { status: 303, headers: { location, ...headers } })
}
