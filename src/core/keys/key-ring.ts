/** Signing keys: made, published before use, used, kept for verification, retired. A `kid` is never reused. */
import type { JWK, JWTPayload } from 'jose'
import type { Caller } from '../world.ts'

export type SigningAlgorithm = 'ES256' | 'RS256' | 'EdDSA'

export interface KeyInfo {
  readonly kid: string
  readonly algorithm: SigningAlgorithm
  /** `next` is published and not used yet, `previous` verifies only. */
  readonly state: 'next' | 'active' | 'previous'
  readonly createdAt: number
  readonly activeAt: number
  /** When it stops verifying and leaves the key set; `null` while in use. */
  readonly retiresAt: number | null
}

export interface KeyRing extends AsyncDisposable {
  /** The JWK Set (RFC 7517) as text, ready to serve; the same string until a key changes. */
  jwks(): string
  list(): readonly KeyInfo[]
  /** Signs claims as a compact JWS. `typ` goes into the header (`at+jwt`, `identity+jwt`, `JWT`). */
  sign(claims: JWTPayload, options: { readonly algorithm: SigningAlgorithm; readonly typ: string }): Promise<string>
  /**
   * Verifies a JWS of ours: known `kid`, algorithm of that key, exact `typ`, signature; not the times.
   * `undefined` for anything else. Header keys `jwk`, `jku`, `x5u`, `x5c` and `crit` are never followed.
   */
  verify(token: string, typ: string): Promise<JWTPayload | undefined>
  /** Publishes a new key and makes it active after the pre-publication time, or at once. */
  rotate(algorithm: SigningAlgorithm, options: { readonly now?: boolean }, caller: Caller): Promise<KeyInfo>
  /** Emergency: the key stops verifying and leaves the key set at once. */
  retire(kid: string, caller: Caller): Promise<void>
  /** Does what is due: makes next keys, activates, drops. Run by the janitor. */
  tick(): Promise<void>
  /** Reads the stored keys anew (another process changed them). */
  reload(): Promise<void>
}

export type PublicJwk = JWK
