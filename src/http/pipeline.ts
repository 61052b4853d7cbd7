/** What every request to an endpoint goes through, in this order; no endpoint can leave a step out. */
import { Problem } from '../core/problem.ts'
import type { Logger } from '../plugin/index.ts'
import type { Authorise } from './access.ts'
import { type Arrival, arrivalOf } from './arrival.ts'
import { readBody, readOAuthParameters, readQuery } from './body.ts'
import { checkOf } from './check.ts'
import { corsFor, takesCrossSite } from './cors.ts'
import type { Endpoint, Input } from './endpoint.ts'
import { refusal, type Told } from './problems.ts'
import type { ShowPage } from './show-page.ts'

interface Steps {
  readonly authorise: Authorise
  readonly publicOrigin: string
  readonly bodyLimit: () => number
  readonly corsOrigins: () => readonly string[]
  readonly log: Logger
  readonly showPage: ShowPage
}

export type Serve = (request: Request, params: Readonly<Record<string, string>>) => Promise<Response>

export function pipeline(endpoint: Endpoint, steps: Steps): Serve {
  const { authorise, publicOrigin, bodyLimit, corsOrigins, log, showPage } = steps
  const checkQuery = endpoint.query && checkOf(endpoint.query)
  const checkBody = endpoint.body && checkOf(endpoint.body)
  const changes = endpoint.method !== 'GET'

  const cors = endpoint.cors ? corsFor([endpoint.method], corsOrigins) : undefined

  return async (request, params) => {
    const arrival = arrivalOf(request)
    arrival.endpoint = endpoint
    const response = await attempt(request, params, arrival)
    for (const [name, value] of cors?.headers(request) ?? []) response.headers.append(name, value)
    return response
  }

  async function attempt(request: Request, params: Input['params'], arrival: Arrival): Promise<Response> {
    try {
      const elsewhere = changes && !arrival.operator && !takesCrossSite(endpoint, request.headers, corsOrigins)
      if (elsewhere) refuseCrossSite(request.headers, publicOrigin)
      const { who, caller, bearer } = await authorise(endpoint.access, request, arrival)
      arrival.actor = caller.actor
      const query = endpoint.query && readQuery(request.url, endpoint.query)
      checkQuery?.(query)
      const body = endpoint.body && (await readBody(request, endpoint, bodyLimit()))
      if (body !== undefined) checkBody?.(body)
      refuseBrokenNames(params)
      const parameters = await readOAuthParameters(request, endpoint, bodyLimit())
      const input: Input = { params, query, body, who, caller, bearer, request, parameters }
      return answer(await endpoint.handle(input), endpoint)
    } catch (thrown) {
      return refusal(thrown, arrival, log, ({ status, code, detail }: Told) => {
        const { requestId } = arrival
        return showPage({ version: 1, page: 'refusal', status, code, detail, requestId }, request, { status })
      })
    }
  }
}

/** Row 33 of the attack list: a page elsewhere can make a browser send a form or a fetch, but not lie about where it is from. */
function refuseCrossSite(headers: Headers, publicOrigin: string): void {
  const site = headers.get('sec-fetch-site')
  const origin = headers.get('origin')
  if ((site === null || site === 'same-origin' || site === 'none') && (origin === null || origin === publicOrigin))
    return
  throw new Problem(
    'forbidden',
    `Requests from pages of another site than ${publicOrigin}, the public URL, are refused`,
  )
}

/** A segment that does not decode (`%ff`) arrives as `null`; control characters are in no name. */
function refuseBrokenNames(params: Readonly<Record<string, string | null>>): void {
  for (const name in params) {
    const value = params[name]
    // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
    if (typeof value !== 'string' || value === '' || value.length > 512 || /[\u0000-\u001f\u007f]/.test(value))
      throw new Problem('not_found', 'There is nothing by this name')
  }
}

function answer(result: unknown, endpoint: Endpoint): Response {
  if (result instanceof Response) return result
  if (result === undefined) return new Response(null, { status: 204 })
  return new Response(JSON.stringify(result), {
    status: endpoint.status ?? 200,
    headers: { 'content-type': 'application/json' },
  })
}
