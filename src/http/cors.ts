/** Cross-origin calls from pages of configured origins (the RabbitMQ management UI, single-page applications). */
import type { Endpoint } from './endpoint.ts'

export interface Cors {
  /** Headers of the answer to `request`; none if the page's origin is not configured. */
  headers(request: Request): readonly (readonly [string, string])[]
  /** The answer to the browser's question before the request. */
  preflight(request: Request): Response
}

/** `origins` as of now: a reload applies at once. Credentials are never allowed: nothing here reads a cookie. */
export function corsFor(methods: readonly string[], origins: () => readonly string[]): Cors {
  const allowed = (request: Request): string | undefined => {
    const origin = request.headers.get('origin')
    return origin !== null && origins().includes(origin) ? origin : undefined
  }
  return {
    headers(request) {
      const origin = allowed(request)
      if (origin === undefined) return [['vary', 'origin']]
      return [
        ['vary', 'origin'],
        ['access-control-allow-origin', origin],
        ['access-control-expose-headers', 'dpop-nonce, www-authenticate'],
      ]
    },
    preflight(request) {
      const origin = allowed(request)
      const headers = new Headers({ vary: 'origin' })
      if (origin !== undefined) {
        headers.set('access-control-allow-origin', origin)
        headers.set('access-control-allow-methods', methods.join(', '))
        headers.set('access-control-allow-headers', 'authorization, content-type, dpop')
        headers.set('access-control-max-age', '600')
      }
      return new Response(null, { status: 204, headers })
    },
  }
}

/** Whether a page of another site may send this request at all; what reads cookies guards itself. */
export function takesCrossSite(endpoint: Endpoint, headers: Headers, origins: () => readonly string[]): boolean {
  if (endpoint.crossSite) return true
  return endpoint.cors === true && origins().includes(headers.get('origin') ?? '')
}
