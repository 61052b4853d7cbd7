/** What the pages on the way to an answer share: whose browser it is, its cookies, and how an outcome becomes a response. */
import { type Static, type TProperties, type TObject, Type as t } from '@sinclair/typebox'
import type { Answer } from '../../core/authorization/answer.ts'
import type { Browser, Outcome, Seen } from '../../core/authorization/journey.ts'
import type { Page } from '../../core/authorization/next-step.ts'
import type { Core } from '../../core/core.ts'
import { Problem } from '../../core/problem.ts'
import type { Caller } from '../../core/world.ts'
import type { Form, View } from '../../web/view.ts'
import { type Cookie, csrfOf, isCsrfOf } from '../cookies.ts'
import { endpoint, type Input } from '../endpoint.ts'
import type { ShowPage } from '../show-page.ts'
import { clientView } from './views.ts'

export interface FrontChannelParts {
  readonly core: Core
  readonly showPage: ShowPage
  /** The cookie of a session. */
  readonly cookie: Cookie
  /** The cookie that binds logins on their way to a browser. */
  readonly binding: Cookie
  /** Path of the public URL, without a slash at the end. */
  readonly base: string
}

export const PATHS: Readonly<Record<Page, string>> = {
  login: '/auth/login',
  'second-factor': '/auth/second-factor',
  enrol: '/auth/enrol',
  consent: '/auth/consent',
}

/** A request of a browser that belongs to an interaction. */
export interface Step {
  readonly id: string
  readonly seen: Seen
  readonly browser: Browser
  readonly request: Request
  readonly caller: Caller
  /** A form of this interaction to one of our paths. */
  readonly form: (path: string, fields?: Form['fields']) => Form
  /** The address of a page of this interaction. */
  readonly url: (path: string, query?: Readonly<Record<string, string>>) => string
  readonly show: (view: View, options?: ShowStep) => Response
  readonly finish: (outcome: Outcome) => Response
}

interface ShowStep {
  readonly status?: number
  readonly retryAfter?: number | undefined
}

export interface Guest {
  readonly browser: Browser
  /** With cookies that the browser does not have yet. */
  readonly finish: (outcome: Outcome) => Response
}

const GONE = 'This login is over, or was begun in another browser; begin it anew where you came from'

export function createFrontChannel(parts: FrontChannelParts) {
  const { core, base, cookie, binding, showPage } = parts
  const { authorizations, world } = core

  /** Whoever has no binding cookie gets one with the response. */
  function guestOf(request: Request, caller: Caller): Guest {
    const bound = binding.read(request)
    const secret = bound ?? Buffer.from(world.random(32)).toString('base64url')
    const userAgent = request.headers.get('user-agent') ?? ''
    const cookies = bound === undefined ? [binding.write(secret)] : []
    return {
      browser: { binding: secret, session: cookie.read(request), userAgent, caller },
      finish: (outcome) => respond(outcome, request, cookies),
    }
  }

  function respond(outcome: Outcome, request: Request, cookies: readonly string[]): Response {
    const response = bodyOf(outcome, request)
    for (const each of cookies) response.headers.append('set-cookie', each)
    if (outcome.cookie !== undefined)
      response.headers.append('set-cookie', cookie.write(outcome.cookie, core.settings().browser.absoluteTtl / 1000))
    return response
  }

  function bodyOf(outcome: Outcome, request: Request): Response {
    if (outcome.kind === 'local') return seeOther(base + outcome.next)
    if (outcome.kind === 'page') return seeOther(addressOf(PATHS[outcome.page], outcome.id))
    return toClient(outcome.answer, request)
  }

  function toClient({ redirectUri, mode, fields, client }: Answer, request: Request): Response {
    if (mode === 'form_post') {
      const view = { version: 1, page: 'form-post', action: redirectUri, fields, client: clientView(client) } as const
      return showPage(view, request)
    }
    const separator = mode === 'fragment' ? '#' : redirectUri.includes('?') ? '&' : '?'
    return seeOther(`${redirectUri}${separator}${new URLSearchParams(fields)}`)
  }

  function addressOf(path: string, id: string, query: Readonly<Record<string, string>> = {}): string {
    return `${base}${path}?${new URLSearchParams({ interaction: id, ...query })}`
  }

  async function stepOf(id: string, { request, caller }: Input): Promise<Step> {
    const { browser, finish } = guestOf(request, caller)
    const seen = await authorizations.open(id, browser)
    if (!seen) throw new Problem('invalid_request', GONE)
    const uiLocales = seen.started.interaction.request?.uiLocales ?? undefined
    return {
      id,
      seen,
      browser,
      request,
      caller,
      finish,
      form: (path, fields = {}) => ({
        action: base + path,
        csrf: csrfOf(tokenOf(browser, id, seen, path)),
        fields: { interaction: id, ...fields },
      }),
      url: (path, query) => addressOf(path, id, query),
      show(view, { status = 200, retryAfter } = {}) {
        const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
        const response = showPage(view, request, { status, uiLocales, headers })
        if (binding.read(request) === undefined) response.headers.append('set-cookie', binding.write(browser.binding))
        return response
      },
    }
  }

  /** A page of an interaction; where another one comes next, the browser is sent there. */
  const page = (
    name: Page,
    summary: string,
    handle: (step: Step, query: URLSearchParams) => Response | Promise<Response>,
  ) =>
    endpoint({
      ...shared,
      method: 'GET',
      path: PATHS[name],
      summary,
      async handle(input) {
        const query = new URL(input.request.url).searchParams
        const step = await stepOf(query.get('interaction') ?? '', input)
        return isNext(step, name) ? handle(step, query) : await onward(step)
      },
    })

  async function onward({ seen, browser, finish }: Step): Promise<Response> {
    return finish(await authorizations.resume(seen.started, browser))
  }

  /** A form of a page. */
  const form = <P extends TProperties>(
    { name, path = PATHS[name], summary, fields }: FormOf<P>,
    handle: (step: Step, fields: Static<TObject<P>>) => unknown,
  ) =>
    endpoint({
      ...shared,
      method: 'POST',
      path,
      takes: 'form',
      summary,
      body: t.Object({ interaction: t.String({ maxLength: 128 }), csrf: t.String({ maxLength: 128 }), ...fields }),
      async handle(input) {
        const body = input.body as unknown as { readonly interaction: string; readonly csrf: string }
        const step = await stepOf(body.interaction, input)
        if (!isCsrfOf(tokenOf(step.browser, step.id, step.seen, PATHS[name]), body.csrf))
          throw new Problem('forbidden', 'The form is not of this login; load the page again')
        return isNext(step, name) ? handle(step, body as unknown as Static<TObject<P>>) : await onward(step)
      },
    })

  return { guestOf, stepOf, page, form, addressOf, respond, onward }
}

interface FormOf<P extends TProperties> {
  /** The page that it is on. */
  readonly name: Page
  /** That of the page unless told. */
  readonly path?: string
  readonly summary: string
  readonly fields: P
}

const shared = { access: 'public', errors: 'page' } as const

function isNext({ seen }: Step, name: Page): boolean {
  return seen.step.kind === 'page' && seen.step.page === name
}

/** What was shown to one person is not sent by another: beyond the login, the token is that of the session too. */
function tokenOf({ binding }: Browser, id: string, { visitor, user }: Seen, path: string): string {
  const about = path.startsWith(PATHS.login) ? '' : `${visitor?.session.sid ?? ''} ${user?.id ?? ''}`
  return `${binding} ${id} ${about}`
}

export function seeOther(location: string): Response {
  return new Response(null, { status: 303, headers: { location } })
}
