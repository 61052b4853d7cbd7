/** Signed request objects (RFC 9101): parameters that the client vouches for. */
import { type JWTPayload, jwtVerify } from 'jose'
import { ASYMMETRIC_ALGS } from '../clients/client-input.ts'
import type { ClientKeys } from '../clients/client-keys.ts'
import type { Client } from '../clients/records.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import { type Parameters, readParameters } from '../oauth/parameters.ts'
import type { Settings } from '../settings.ts'
import type { World } from '../world.ts'

export interface RequestObjectDeps {
  readonly world: World
  readonly settings: () => Settings
  readonly clientKeys: ClientKeys
}

const LONGEST = 32_768
/** Seconds that clocks may differ. */
const SKEW = 30
/** Claims about the object itself; the rest are parameters (RFC 9101 section 4). */
const ABOUT_ITSELF: ReadonlySet<string> = new Set(['iss', 'aud', 'exp', 'nbf', 'iat', 'jti', 'sub'])

/** The parameters in a request object. What stood beside it counts for nothing (RFC 9101 section 5). */
export async function openRequestObject(text: string, client: Client, deps: RequestObjectDeps): Promise<Parameters> {
  if (text.length > LONGEST) throw invalid('it is too long')
  // OpenID Connect Core section 3.1.2.6: refused as a thing that is not done here, not as a wrong signature.
  if (isUnsigned(text)) throw new OAuthError('request_not_supported', 'A request object has to be signed')
  const claims = await verified(text, client, deps)
  if (claims['client_id'] !== client.id) throw invalid('client_id in it has to be that of the request')
  // An assertion of the client would have it (RFC 9101 section 10.8).
  if (claims.sub === client.id) throw invalid('it is an assertion')
  if ('request' in claims || 'request_uri' in claims) throw invalid('it refers to another one')
  return readParameters(Object.entries(claims).flatMap(([name, value]) => pairsOf(name, value)))
}

async function verified(text: string, client: Client, deps: RequestObjectDeps): Promise<JWTPayload> {
  const { world, settings, clientKeys } = deps
  const allowed = client.requestObjectAlgs
  const algorithms = ASYMMETRIC_ALGS.filter((alg) => allowed.length === 0 || allowed.includes(alg))
  const { issuer } = settings()
  try {
    const key = await clientKeys.of(client)
    const options = { algorithms, clockTolerance: SKEW, currentDate: new Date(world.now()) }
    const { payload, protectedHeader } = await jwtVerify(text, key, options)
    const { typ = 'oauth-authz-req+jwt' } = protectedHeader
    if (!['oauth-authz-req+jwt', 'jwt'].includes(typ.toLowerCase())) throw new Error(`typ is ${typ}`)
    if (payload.iss !== undefined && payload.iss !== client.id) throw new Error('iss is not the client')
    if (payload.aud !== undefined && ![payload.aud].flat().includes(issuer)) throw new Error('aud is not the issuer')
    return payload
  } catch (cause) {
    if (cause instanceof OAuthError) throw cause
    throw invalid('its signature, keys or times are wrong', cause)
  }
}

function pairsOf(name: string, value: unknown): readonly (readonly [string, string])[] {
  if (ABOUT_ITSELF.has(name) || value === null || value === undefined) return []
  if (Array.isArray(value) && (name === 'resource' || name === 'audience'))
    return value.map((each) => [name, String(each)] as const)
  if (typeof value === 'object') return [[name, JSON.stringify(value)]]
  return typeof value === 'string' || typeof value === 'number' ? [[name, String(value)]] : []
}

function isUnsigned(text: string): boolean {
  try {
    const header: unknown = JSON.parse(Buffer.from(text.split('.')[0] ?? '', 'base64url').toString())
    const alg = typeof header === 'object' && header !== null && 'alg' in header ? header.alg : undefined
    return typeof alg === 'string' && alg.toLowerCase() === 'none'
  } catch {
    return false
  }
}

function invalid(why: string, cause?: unknown): OAuthError {
  return new OAuthError('invalid_request_object', `The request object cannot be used: ${why}`, { cause })
}
