/** ID tokens (OpenID Connect Core section 2): about an authentication, for the client. */
import type { Client } from '../clients/records.ts'
import type { KeyRing, SigningAlgorithm } from '../keys/key-ring.ts'
import type { Settings } from '../settings.ts'
import type { Subject } from '../users/users.ts'
import type { World } from '../world.ts'
import type { Authorization } from './records.ts'
import { personalClaims, requestedClaims } from './standard-claims.ts'

export const ID_TOKEN_TYPE = 'JWT'

export interface IdTokenInput {
  readonly authorization: Authorization
  readonly client: Client
  readonly subject: Subject
  readonly accessToken: string
  readonly nonce: string | undefined
}

export function createIdTokens(deps: {
  readonly world: World
  readonly settings: () => Settings
  readonly keys: KeyRing
}) {
  const { world, settings, keys } = deps
  return async ({ authorization, client, subject, accessToken, nonce }: IdTokenInput): Promise<string> => {
    const { issuer, oauth } = settings()
    const iat = Math.floor(world.now() / 1000)
    const { authTime, acr, amr, sid, claims: asked } = authorization
    const algorithm = client.idTokenAlg as SigningAlgorithm
    const claims = {
      // Scopes ask for claims of the userinfo endpoint: there is always an access token to fetch them with.
      ...personalClaims(subject, [], requestedClaims(asked, 'id_token')),
      iss: issuer,
      sub: subject.user.id,
      aud: client.id,
      iat,
      exp: iat + Math.floor((client.idTokenTtl ?? oauth.idTokenTtl) / 1000),
      ...(authTime !== null && { auth_time: Math.floor(authTime / 1000) }),
      ...(nonce !== undefined && { nonce }),
      ...(acr !== null && { acr }),
      ...(amr.length > 0 && { amr }),
      ...(sid !== null && { sid }),
      azp: client.id,
      at_hash: halfHash(accessToken, algorithm),
    }
    return await keys.sign(claims, { algorithm, typ: ID_TOKEN_TYPE })
  }
}

/** Left half of the hash of the algorithm (section 3.1.3.6); for Ed25519 that is SHA-512. */
function halfHash(text: string, algorithm: SigningAlgorithm): string {
  const hash = new Bun.CryptoHasher(algorithm === 'EdDSA' ? 'sha512' : 'sha256').update(text).digest()
  return hash.subarray(0, hash.length / 2).toString('base64url')
}
