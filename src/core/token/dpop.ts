/** DPoP proofs (RFC 9449): the caller holds the key that its tokens are bound to. */
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify, type JWTVerifyResult } from 'jose'
import { insert, type Storage } from '#plugin'
import { ASYMMETRIC_ALGS } from '../clients/client-input.ts'
import type { Sealer } from '../keys/sealing.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Settings } from '../settings.ts'
import type { World } from '../world.ts'
import { shownOnce } from './records.ts'

export interface DpopRequest {
  /** The `DPoP` header; `undefined` if there was none. */
  readonly proof: string | undefined
  readonly method: string
  /** Path below the public URL, `/auth/oauth/token`. */
  readonly path: string
}

export interface Dpop {
  /**
   * Thumbprint of the key of a right proof; `undefined` if none was shown. Throws `invalid_dpop_proof`, or
   * `use_dpop_nonce` with a nonce in the header. A proof counts once. `accessToken` is what it has to be about.
   */
  check(request: DpopRequest, accessToken?: string): Promise<string | undefined>
  /** A nonce to send along, if proofs need one. */
  nonce(): string | undefined
}

export interface DpopDeps {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly sealer: Sealer
}

/** Without RSASSA-PKCS1-v1_5: nothing that is old enough to need it knows DPoP, and FAPI 2.0 (section 5.4) forbids it. */
export const DPOP_ALGS = ASYMMETRIC_ALGS.filter((alg) => alg !== 'RS256')
/** Seconds that the clock of a caller may differ. */
const SKEW = 60
const NONCE_LIFE = 5 * 60_000
const MAX_PROOF = 8_192
const PLACE = { purpose: 'dpop-nonce', collection: 'dpop', key: 'nonce' } as const

export function createDpop({ storage, world, settings, sealer }: DpopDeps): Dpop {
  let current: { readonly text: string; readonly madeAt: number } | undefined

  /** Says when it was made, under the master key: any node knows it again, and nothing is stored. */
  function freshNonce(): string {
    const now = world.now()
    if (!current || now - current.madeAt > NONCE_LIFE / 5) {
      current = { text: sealer.seal(String(now), PLACE), madeAt: now }
    }
    return current.text
  }

  function isFreshNonce(nonce: unknown): boolean {
    if (typeof nonce !== 'string') return false
    try {
      const age = world.now() - Number(sealer.open(nonce, PLACE))
      return age >= 0 && age <= NONCE_LIFE
    } catch {
      return false
    }
  }

  async function verified(proof: string, atResource: boolean): Promise<JWTVerifyResult> {
    try {
      if (proof.length > MAX_PROOF) throw new Error('the proof is too long')
      const options = {
        typ: 'dpop+jwt',
        algorithms: DPOP_ALGS,
        currentDate: new Date(world.now()),
        clockTolerance: SKEW,
      }
      return await jwtVerify(proof, EmbeddedJWK, options)
    } catch (cause) {
      throw refused('The DPoP proof cannot be verified', atResource, cause)
    }
  }

  async function checkClaims({ payload }: JWTVerifyResult, request: DpopRequest, accessToken: string | undefined) {
    const { htm, htu, iat, jti, ath, nonce } = payload
    const wrong = (what: string) => refused(`The DPoP proof is for another request: ${what}`, accessToken !== undefined)
    if (htm !== request.method) throw wrong('htm')
    if (!isSameAddress(htu, `${settings().issuer}${request.path}`)) throw wrong('htu')
    if (accessToken !== undefined && ath !== sha256(accessToken)) throw wrong('ath')
    if (settings().oauth.dpopNonce && !isFreshNonce(nonce)) {
      const headers = {
        'dpop-nonce': freshNonce(),
        ...(accessToken !== undefined && { 'www-authenticate': CHALLENGE }),
      }
      const status = accessToken === undefined ? 400 : 401
      throw new OAuthError('use_dpop_nonce', 'Send the nonce of the DPoP-Nonce header', { headers, status })
    }
    const now = Math.floor(world.now() / 1000)
    if (iat === undefined || Math.abs(now - iat) > SKEW) throw wrong('iat')
    if (typeof jti !== 'string' || jti === '' || jti.length > 512) throw wrong('jti')
    return { iat, jti }
  }

  return {
    async check(request, accessToken) {
      if (request.proof === undefined) return undefined
      const atResource = accessToken !== undefined
      const result = await verified(request.proof, atResource)
      const { jwk } = result.protectedHeader
      if (!jwk || 'd' in jwk || jwk.kty === 'oct') throw refused('The proof has no public key', atResource)
      const { iat, jti } = await checkClaims(result, request, accessToken)
      const thumbprint = await calculateJwkThumbprint(jwk)
      const digest = sha256(JSON.stringify(['dpop', thumbprint, jti]))
      const once = insert(shownOnce, { digest, expiresAt: (iat + 2 * SKEW) * 1000 })
      if (!(await storage.commit([once])).ok) throw refused('The DPoP proof was shown before', atResource)
      return thumbprint
    },
    nonce: () => (settings().oauth.dpopNonce ? freshNonce() : undefined),
  }
}

const CHALLENGE = 'DPoP error="use_dpop_nonce"'

/** At a resource a bad proof is a bad credential (RFC 9449 section 7.1). */
function refused(description: string, atResource: boolean, cause?: unknown): OAuthError {
  const challenge = { status: 401, headers: { 'www-authenticate': 'DPoP error="invalid_dpop_proof"' } }
  return new OAuthError('invalid_dpop_proof', description, { ...(atResource && challenge), cause })
}

/** Without query and fragment, and however the host is spelled (section 4.3). */
function isSameAddress(htu: unknown, ours: string): boolean {
  if (typeof htu !== 'string' || !URL.canParse(htu)) return false
  const { origin, pathname } = new URL(htu)
  return `${origin}${pathname}` === ours || (pathname === '/' && origin === ours)
}

function sha256(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('base64url')
}
