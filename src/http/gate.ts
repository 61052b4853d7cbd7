/**
 * What stands between the socket and the routes: the Host guard, the size limit, the request id, the client's address,
 * the headers of every answer, the access log and the request metrics. Everything that answers goes through here.
 */
import { Problem } from '../core/problem.ts'
import type { Logger } from '../plugin/index.ts'
import { type Arrival, announce } from './arrival.ts'
import { tooLarge } from './body.ts'
import { clientAddress, isProxy } from './client-address.ts'
import type { Metrics } from './metrics.ts'
import { refusal, refusalWithoutRoute } from './problems.ts'
import { createSharedTurn } from './turn.ts'

export interface GateOptions {
  readonly log: Logger
  readonly metrics: Metrics
  /** Whether the public URL is https: browsers are then told to stay with it. */
  readonly https: boolean
  readonly bodyLimit: () => number
  readonly isTrustedProxy: () => (ip: string) => boolean
  /** Where a trusted proxy passes the subject of a verified client certificate, if it does. */
  readonly certificateHeader?: () => string | undefined
}

export interface Peer {
  /** As the socket says; `undefined` on a unix socket. */
  readonly address: string | undefined
  readonly operator?: boolean
  /** A request from within the process has no Host header. */
  readonly inProcess?: boolean
}

export type Gate = (request: Request, peer: Peer) => Promise<Response>
export type Routes = (request: Request) => Response | Promise<Response>

/**
 * A name or an address with an optional port. Anything else makes Bun hand over a bare path or Elysia find the path at the
 * wrong place, and two Host headers arrive joined by a comma.
 */
const HOST = /^(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?$/
/** What else `Bun.serve` hands over: a bare path for a Host it cannot read, the target of a CONNECT as it came. */
const URL_OF_OURS = /^https?:\/\//

/** `https://a/` and `https://ab/`: Elysia would look for the path behind its beginning. */
function isTooShort(url: string): boolean {
  return url.startsWith('https:') && url.indexOf('/', 'https://'.length) < 'https://'.length + 3
}

export function createGate(routes: Routes, options: GateOptions): Gate {
  const { log, metrics } = options
  const standing = standingHeaders(options.https)
  const nextTurn = createSharedTurn()

  return async (request, peer) => {
    const started = performance.now()
    const arrival: Arrival = {
      requestId: crypto.randomUUID(),
      ip: peer.operator ? undefined : clientAddress(peer.address, request.headers, options.isTrustedProxy()),
      operator: peer.operator ?? false,
      ...certificateIn(request, peer),
    }
    announce(request, arrival)
    await nextTurn()
    const response = guard(request, peer, arrival) ?? (await served(request, arrival))
    const { headers } = response
    for (const [name, value] of standing) if (!headers.has(name)) headers.set(name, value)
    headers.set('x-request-id', arrival.requestId)
    account(request, response.status, arrival, performance.now() - started)
    return response
  }

  /** Only what a trusted proxy says of a certificate: anybody can send a header. */
  function certificateIn({ headers }: Request, { address }: Peer): Pick<Arrival, 'certificateSubject'> {
    const header = options.certificateHeader?.()
    const subject = header === undefined ? null : headers.get(header)
    if (subject === null || subject === '' || !isProxy(address, options.isTrustedProxy())) return {}
    return { certificateSubject: subject }
  }

  function guard(request: Request, peer: Peer, { requestId }: Arrival): Response | undefined {
    if (!peer.inProcess) {
      const host = request.headers.get('host')
      if (host === null || !HOST.test(host) || !URL_OF_OURS.test(request.url) || isTooShort(request.url))
        return refusalWithoutRoute(
          new Problem(
            'invalid_request',
            'The Host header is missing or malformed, or the target is none that this server takes',
          ),
          {
            url: request.url,
            requestId,
          },
        )
    }
    const length = request.headers.get('content-length')
    const limit = options.bodyLimit()
    if (length !== null && Number(length) > limit)
      return refusalWithoutRoute(tooLarge(limit), { url: request.url, requestId, headers: { connection: 'close' } })
    return undefined
  }

  async function served(request: Request, arrival: Arrival): Promise<Response> {
    try {
      return await routes(request)
    } catch (thrown) {
      return refusal(thrown, arrival, log)
    }
  }

  function account(request: Request, status: number, arrival: Arrival, milliseconds: number): void {
    const route = arrival.endpoint?.path ?? '-'
    metrics.request({ method: request.method, route, status }, milliseconds / 1000)
    if (arrival.endpoint?.quiet && status < 500) return
    log.info('request', {
      request_id: arrival.requestId,
      method: request.method,
      route,
      status,
      ms: Math.round(milliseconds * 100) / 100,
      ip: arrival.ip,
      actor: arrival.actor,
    })
  }
}

/** On every answer that does not say otherwise. */
function standingHeaders(https: boolean): readonly (readonly [string, string])[] {
  const headers: [string, string][] = [
    ['cache-control', 'no-store'],
    ['content-security-policy', "default-src 'none'; frame-ancestors 'none'"],
    ['referrer-policy', 'no-referrer'],
    ['x-content-type-options', 'nosniff'],
    ['x-frame-options', 'DENY'],
  ]
  if (https) headers.push(['strict-transport-security', 'max-age=31536000'])
  return headers
}
