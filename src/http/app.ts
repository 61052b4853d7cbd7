/** The HTTP surface: one visible table of every endpoint, mounted on Elysia's router under the path of the public URL. */
import { Elysia } from 'elysia'
import type { Core } from '../core/core.ts'
import { Problem } from '../core/problem.ts'
import type { Logger } from '../plugin/index.ts'
import type { Pages } from '../web/view.ts'
import { type BrokerAccess, createAuthorise } from './access.ts'
import { accountRoutes } from './account/routes.ts'
import { arrivalOf } from './arrival.ts'
import { corsFor } from './cors.ts'
import { createCookie } from './cookies.ts'
import type { Endpoint } from './endpoint.ts'
import { frontChannelRoutes } from './front-channel/routes.ts'
import type { Routes } from './gate.ts'
import type { Counts, Metrics } from './metrics.ts'
import { pipeline, type Serve } from './pipeline.ts'
import { refusalWithoutRoute } from './problems.ts'
import { assetRoutes } from './routes/assets.ts'
import { auditRoutes } from './routes/audit.ts'
import { brokerRoutes } from './routes/brokers.ts'
import { clientRoutes } from './routes/clients.ts'
import { type Control, controlRoutes } from './routes/control.ts'
import { AUTHORIZATION_SERVER, discoveryRoutes } from './routes/discovery.ts'
import { groupRoutes } from './routes/groups.ts'
import { healthRoutes, type Readiness } from './routes/health.ts'
import { keyRoutes } from './routes/keys.ts'
import { httpAuthRoutes } from './routes/http-auth.ts'
import { metricsRoutes } from './routes/metrics.ts'
import { mfaRoutes } from './routes/mfa.ts'
import { openapiRoutes } from './routes/openapi.ts'
import { rabbitmqRoutes } from './routes/rabbitmq.ts'
import { registrationRoutes } from './routes/registration.ts'
import { ruleRoutes } from './routes/rules.ts'
import { sessionRoutes } from './routes/session.ts'
import { userFactorRoutes } from './routes/user-factors.ts'
import { userSessionRoutes } from './routes/user-sessions.ts'
import { tokenRoutes } from './routes/token.ts'
import { userRoutes } from './routes/users.ts'
import { createShowPage } from './show-page.ts'
import { joinVerbs } from './verbs.ts'

export interface AppOptions {
  readonly publicUrl: URL
  readonly version: string
  readonly log: Logger
  readonly bodyLimit: () => number
  readonly readiness: Readiness
  readonly brokerAccess: () => BrokerAccess
  /** `undefined` when the metrics have a listener of their own, or none. */
  readonly metrics: Metrics | undefined
  /** What the processes of this server counted together, if there are several. */
  readonly together: (() => Promise<Counts>) | undefined
  /** Present on the control socket only, and then the path of the public URL does not count. */
  readonly control?: { readonly by: Control; readonly urls: () => readonly string[] }
  /** Draws what people see. */
  readonly pages: () => Pages
}

export interface App {
  readonly fetch: Routes
  /** Every endpoint with who may call it. */
  readonly endpoints: readonly Endpoint[]
}

/** What routes for browsers need beside the domain. */
function browserParts({ publicUrl, pages }: AppOptions) {
  const https = publicUrl.protocol === 'https:'
  return {
    showPage: createShowPage(pages),
    cookie: createCookie('leveret', { https }),
    binding: createCookie('leveret-login', { https }),
    base: publicUrl.pathname.replace(/\/$/, ''),
  }
}

/** Every endpoint there is. */
function table(core: Core, options: AppOptions): readonly Endpoint[] {
  const endpoints: Endpoint[] = [
    ...sessionRoutes(core),
    ...tokenRoutes(core),
    ...keyRoutes(core),
    ...discoveryRoutes(core),
    ...userRoutes(core),
    ...userFactorRoutes(core),
    ...userSessionRoutes(core),
    ...groupRoutes(core),
    ...brokerRoutes(core),
    ...ruleRoutes(core),
    ...clientRoutes(core),
    ...registrationRoutes(core),
    ...rabbitmqRoutes(core, options.brokerAccess),
    ...httpAuthRoutes(core),
    ...mfaRoutes(core),
    ...auditRoutes(core),
    ...frontChannelRoutes({ core, ...browserParts(options) }),
    ...accountRoutes({ core, ...browserParts(options) }),
    ...assetRoutes(options.pages),
    ...healthRoutes(options.readiness),
    ...(options.metrics ? metricsRoutes(options.metrics, options.readiness, options.together) : []),
    ...(options.control ? controlRoutes(options.control.by, options.control.urls, core) : []),
  ]
  return [...endpoints, ...openapiRoutes(endpoints, options)]
}

export function createApp(core: Core, options: AppOptions): App {
  const endpoints = table(core, options)
  const base = options.control ? '' : options.publicUrl.pathname.replace(/\/$/, '')
  const steps = {
    authorise: createAuthorise(core, options.brokerAccess),
    publicOrigin: options.publicUrl.origin,
    bodyLimit: options.bodyLimit,
    corsOrigins: () => core.settings().oauth.corsOrigins,
    log: options.log,
    showPage: createShowPage(options.pages),
  }
  return { fetch: mount(endpoints, base, (endpoint) => pipeline(endpoint, steps), steps.corsOrigins), endpoints }
}

/** Endpoints on a router. Elysia routes; what a request goes through is `pipeline.ts`. */
export function mount(
  endpoints: readonly Endpoint[],
  base: string,
  serveBy: (endpoint: Endpoint) => Serve,
  corsOrigins: () => readonly string[] = () => [],
): Routes {
  const methodsOf = methodTable(endpoints, base)
  const strays = (request: Request) => unrouted(request, methodsOf, base)
  const served = joinVerbs(endpoints, serveBy, strays)
  const preflights = preflightsOf(endpoints, corsOrigins)
  const router = (standardHostname: boolean): Routes => {
    const elysia = new Elysia({ strictPath: true, normalize: false, handler: { standardHostname } })
    elysia.onError(({ request }) => strays(request))
    for (const { method, path, serve } of served)
      for (const address of addresses(path, base))
        elysia.route(method, address, ({ request, params }) => serve(request, params), { parse: 'none' })
    for (const { path, preflight } of preflights)
      for (const address of addresses(path, base))
        elysia.route('OPTIONS', address, ({ request }) => preflight(request), { parse: 'none' })
    elysia.compile()
    return elysia.fetch
  }
  // Elysia looks for the path from a fixed offset: 7 is right for http alone, 11 for https and what `gate.ts` lets through.
  const http = router(false)
  let https: Routes | undefined
  return (request) => (request.url.startsWith('https:') ? (https ??= router(true)) : http)(request)
}

/** One for each address that pages of other origins may call. */
function preflightsOf(endpoints: readonly Endpoint[], origins: () => readonly string[]) {
  const paths = Map.groupBy(
    endpoints.filter(({ cors }) => cors),
    ({ path }) => path,
  )
  return [...paths].map(([path, endpointsThere]) => {
    const methods = endpointsThere.map(({ method }) => method)
    const cors = corsFor(methods, origins)
    return { path, preflight: (request: Request) => cors.preflight(request) }
  })
}

/** RFC 8414 section 3.1 puts the path of the issuer behind the well-known part; OpenID Connect puts it in front. */
function addresses(path: string, base: string): readonly string[] {
  return path === AUTHORIZATION_SERVER && base !== '' ? [base + path, path + base] : [base + path]
}

/** Nothing here by that name, or not with that method. */
function unrouted(request: Request, methodsOf: (path: string) => readonly string[], base: string): Response {
  const { requestId } = arrivalOf(request)
  const { pathname } = new URL(request.url)
  const allowed = methodsOf(pathname)
  const where = { url: request.url, requestId }
  if (allowed.length === 0) {
    const outside = base !== '' && !pathname.startsWith(`${base}/`)
    const hint = outside ? `: everything is below ${base}, the path of the public URL` : ''
    return refusalWithoutRoute(new Problem('not_found', `There is nothing at this address${hint}`), where)
  }
  const headers = { allow: allowed.join(', ') }
  const problem = new Problem('method_not_allowed', `This address takes ${headers.allow}`)
  return refusalWithoutRoute(problem, { ...where, headers })
}

/** Which methods a path takes; worked out when the first stray request comes. */
function methodTable(endpoints: readonly Endpoint[], base: string): (path: string) => readonly string[] {
  let patterns: readonly (readonly [RegExp, string])[] | undefined
  const compile = () =>
    endpoints.flatMap(({ path, method }) =>
      addresses(path, base).map((address) => [patternOf(address), method] as const),
    )
  return (path) => {
    patterns ??= compile()
    return [...new Set(patterns.filter(([pattern]) => pattern.test(path)).map(([, method]) => method))]
  }
}

function patternOf(address: string): RegExp {
  const literal = address.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${literal.replace(/\/:[A-Za-z]+/g, '/[^/]+')}$`)
}
