/** Discovery documents (RFC 8414, OpenID Connect Discovery): what is true now, nothing that is not there yet. */
import type { Core } from '../../core/core.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'

export const OPENID_CONFIGURATION = '/.well-known/openid-configuration'
export const AUTHORIZATION_SERVER = '/.well-known/oauth-authorization-server'

export function discoveryRoutes({ settings }: Pick<Core, 'settings'>): readonly Endpoint[] {
  const document = () => {
    const { issuer } = settings()
    return new Response(JSON.stringify({ issuer, jwks_uri: `${issuer}/auth/oauth/jwks` }), {
      headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=60' },
    })
  }
  return [OPENID_CONFIGURATION, AUTHORIZATION_SERVER].map((path) =>
    endpoint({
      method: 'GET',
      path,
      access: 'public',
      summary: 'Issuer metadata: the issuer and where its keys are',
      handle: document,
    }),
  )
}
