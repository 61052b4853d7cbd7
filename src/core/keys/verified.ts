/** Signatures that were verified lately: they do not change, so a token that is shown again is not computed again. */
import type { JWTPayload } from 'jose'
import { createRecent } from '../memory/recent.ts'
import type { KeyRing } from './key-ring.ts'

const REMEMBERED = 10_000

/** As `keys.verify` for one `typ`. Whether the token is still good is asked of what it names, each time. */
export function rememberVerified(keys: KeyRing, typ: string): (token: string) => Promise<JWTPayload | undefined> {
  const verified = createRecent<JWTPayload>(REMEMBERED)
  let verifiedUnder = keys.jwks()
  return async (token) => {
    if (keys.jwks() !== verifiedUnder) {
      verified.clear()
      verifiedUnder = keys.jwks()
    }
    const digest = new Bun.CryptoHasher('sha256').update(token).digest('base64url')
    const known = verified.get(digest)
    if (known) return known
    const claims = await keys.verify(token, typ)
    if (claims) verified.set(digest, claims)
    return claims
  }
}
