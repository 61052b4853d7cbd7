/** The only place where a thrown value becomes an answer: RFC 9457 problem details, and no internal text in them. */
import { OAuthError } from '../core/oauth/oauth-error.ts'
import { Problem } from '../core/problem.ts'
import type { Logger } from '../plugin/index.ts'
import type { Arrival } from './arrival.ts'
import { asOAuthError, oauthResponse } from './oauth-errors.ts'

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** A refusal as a page tells it. */
export interface Told {
  readonly status: number
  readonly code: string
  readonly detail: string
}

export function refusal(
  thrown: unknown,
  arrival: Arrival,
  log: Logger,
  page: (told: Told) => Response = plainPage,
): Response {
  const asPage = arrival.endpoint?.errors === 'page'
  if (thrown instanceof OAuthError) {
    if (thrown.cause !== undefined)
      log.debug('request refused', { ...where(arrival), cause: Bun.inspect(thrown.cause) })
    return asPage
      ? page({ status: thrown.status, code: thrown.code, detail: thrown.description })
      : oauthResponse(thrown)
  }
  const problem = thrown instanceof Problem ? thrown : failure(thrown, arrival, log)
  if (problem === thrown && problem.status >= 500) setback(problem, arrival, log)
  const answer = refusalOf(problem, arrival, page)
  if (problem.retryAfter !== undefined) answer.headers.set('retry-after', String(Math.ceil(problem.retryAfter)))
  return answer
}

/** In the form that this endpoint refuses in. */
function refusalOf(
  problem: Problem,
  { endpoint, requestId, challenge }: Arrival,
  page: (told: Told) => Response,
): Response {
  if (endpoint?.errors === 'oauth') return oauthResponse(asOAuthError(problem))
  if (endpoint?.errors === 'page') return page(problem)
  return (
    endpoint?.refuse?.(problem.status, problem.detail) ??
    problemResponse(problem, requestId, challenge && { 'www-authenticate': challenge })
  )
}

function plainPage({ status, detail }: Told): Response {
  return plainRefusal(status, detail)
}

/** The path of the key set, wherever the server is mounted. Brokers 3.10 lose all their keys on any other JSON from there. */
const KEY_SET = /\/auth\/oauth\/jwks(?:$|[?#])/

export function refusalWithoutRoute(
  problem: Problem,
  { url, requestId, headers = {} }: { url: string; requestId: string; headers?: Record<string, string> },
): Response {
  return KEY_SET.test(url)
    ? plainRefusal(problem.status, problem.detail, headers)
    : problemResponse(problem, requestId, headers)
}

export function plainRefusal(status: number, words: string, headers: Record<string, string> = {}): Response {
  return new Response(words, { status, headers: { 'content-type': 'text/plain; charset=utf-8', ...headers } })
}

function problemResponse(problem: Problem, requestId: string, more: Record<string, string> = {}): Response {
  const { 'www-authenticate': challenge = bearer(problem), ...rest } = more
  const headers: Record<string, string> = { 'content-type': 'application/problem+json', ...rest }
  if (problem.status === 401) headers['www-authenticate'] = challenge
  const body = {
    type: `urn:leveret:problem:${problem.code}`,
    title: TITLES[problem.status] ?? 'Error',
    status: problem.status,
    code: problem.code,
    detail: problem.detail,
    ...(problem.faults && { faults: problem.faults }),
    request_id: requestId,
  }
  return new Response(JSON.stringify(body), { status: problem.status, headers })
}

/** RFC 6750 section 3: no error code when no credentials were sent. */
function bearer(problem: Problem): string {
  return problem.code === 'invalid_token' ? 'Bearer realm="leveret", error="invalid_token"' : 'Bearer realm="leveret"'
}

/** Foreseen, and still something that an operator wants to know of. */
function setback(problem: Problem, arrival: Arrival, log: Logger): void {
  const cause = problem.cause === undefined ? undefined : Bun.inspect(problem.cause)
  log.warn('request not served', {
    ...where(arrival),
    detail: problem.detail,
    cause,
  })
}

function failure(thrown: unknown, arrival: Arrival, log: Logger): Problem {
  log.error('request failed', { ...where(arrival), error: Bun.inspect(thrown) })
  return new Problem('internal', 'The server failed to answer; its log has the reason under this request id')
}

function where({ requestId, endpoint }: Arrival) {
  return { request_id: requestId, route: endpoint?.path }
}
