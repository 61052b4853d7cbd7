/** Refusals as the OAuth endpoints give them (RFC 6749 section 5.2). */
import { OAuthError } from '../core/oauth/oauth-error.ts'
import type { Problem, ProblemCode } from '../core/problem.ts'

const CODES: Partial<Record<ProblemCode, OAuthError['code']>> = {
  not_authenticated: 'invalid_token',
  invalid_token: 'invalid_token',
  invalid_credentials: 'invalid_grant',
  forbidden: 'access_denied',
  second_factor_required: 'access_denied',
  no_rule: 'access_denied',
  vhost_not_allowed: 'access_denied',
  too_many_attempts: 'temporarily_unavailable',
  unavailable: 'temporarily_unavailable',
  internal: 'server_error',
}
/** Statuses that say more than the code. */
const KEPT: ReadonlySet<number> = new Set([413, 429, 503])

/** A refusal of the domain in the words of RFC 6749. */
export function asOAuthError(problem: Problem): OAuthError {
  const faults = (problem.faults ?? []).map(({ path, message }) => `${path}: ${message}`)
  const retry = problem.retryAfter === undefined ? {} : { retryAfter: problem.retryAfter }
  return new OAuthError(CODES[problem.code] ?? 'invalid_request', [problem.detail, ...faults].join('; '), {
    cause: problem,
    ...(KEPT.has(problem.status) && { status: problem.status }),
    ...retry,
  })
}

export function oauthResponse(error: OAuthError): Response {
  const headers = new Headers({ 'content-type': 'application/json', pragma: 'no-cache', ...error.headers })
  if (error.retryAfter !== undefined) headers.set('retry-after', String(Math.ceil(error.retryAfter)))
  return new Response(JSON.stringify(error.body), { status: error.status, headers })
}
