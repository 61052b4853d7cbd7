/** Signing keys for administrators (`/keys`), and the key set and discovery documents for everybody. */
import { createHash } from 'node:crypto'
import { Type as t } from '@sinclair/typebox'
import type { Core } from '../../core/core.ts'
import type { KeyInfo } from '../../core/keys/key-ring.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { plainRefusal } from '../problems.ts'
import { instant, instantOrNull, strict } from '../schemas.ts'

const Algorithm = t.Union([t.Literal('ES256'), t.Literal('RS256'), t.Literal('EdDSA')])

export function keyRoutes({ keys }: Pick<Core, 'keys'>): readonly Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/keys',
      access: 'admin',
      summary: 'List signing keys',
      handle: () => ({ items: keys.list().map(wire), next: null }),
    }),
    endpoint({
      method: 'POST',
      path: '/keys',
      access: 'admin',
      summary: 'Rotate: publish a new key, active after the pre-publication time or now',
      body: t.Object({ algorithm: Algorithm, now: t.Optional(t.Boolean()) }, strict),
      status: 201,
      handle: async ({ body: { algorithm, now }, caller }) =>
        wire(await keys.rotate(algorithm, now === undefined ? {} : { now }, caller)),
    }),
    endpoint({
      method: 'DELETE',
      path: '/keys/:kid',
      access: 'admin',
      summary: 'Emergency: retire a key at once',
      handle: ({ params, caller }) => keys.retire(params.kid, caller),
    }),
    keySetRoute(keys),
  ]
}

/** RFC 7517. Brokers 3.10 lose all their keys on JSON without `keys`: whatever goes wrong here is plain text. */
function keySetRoute(keys: Core['keys']): Endpoint {
  let served = { text: '', etag: '' }
  return endpoint({
    method: 'GET',
    path: '/auth/oauth/jwks',
    access: 'public',
    summary: 'The JWK Set that verifies our tokens',
    refuse: () => plainRefusal(503, 'The key set is not available at the moment', { 'retry-after': '1' }),
    handle({ request }) {
      const text = keys.jwks()
      if (text !== served.text)
        served = { text, etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"` }
      const headers = { 'cache-control': 'public, max-age=60, must-revalidate', etag: served.etag }
      if (request.headers.get('if-none-match') === served.etag) return new Response(null, { status: 304, headers })
      return new Response(text, { headers: { ...headers, 'content-type': 'application/json' } })
    },
  })
}

function wire({ createdAt, activeAt, retiresAt, ...key }: KeyInfo) {
  return { ...key, createdAt: instant(createdAt), activeAt: instant(activeAt), retiresAt: instantOrNull(retiresAt) }
}
