/** Authorization codes as a login with consent leaves them, for tests of what becomes of them. */
import { insert } from '#plugin'
import { codes } from '../../src/core/token/records.ts'
import { sha256 } from '../../src/core/token/token-text.ts'
import { ALICE, type OAuthServer, type RegisteredClient } from './oauth.ts'

export const VERIFIER = 'a-verifier-of-the-tests-that-is-long-enough-for-s256'
export const REDIRECT_URI = 'https://app.example/callback'

/** The form that redeems a new code of alice for this client. */
export async function codeOfAlice({ server }: OAuthServer, { client }: RegisteredClient) {
  const { core } = server.instance
  const now = server.clock.now()
  const text = crypto.randomUUID()
  const user = await core.users.get(ALICE.username)
  const authorization = {
    clientId: client.id,
    userId: user?.id ?? null,
    sid: 'session',
    scopes: ['openid', 'offline_access'],
    resources: [],
    broker: null,
    vhost: null,
    authorizationDetails: [],
    claims: null,
    authTime: now,
    acr: null,
    amr: ['pwd'],
  }
  const code = {
    digest: sha256(text),
    clientId: client.id,
    authorization,
    redirectUri: REDIRECT_URI,
    nonce: null,
    codeChallenge: sha256(VERIFIER),
    dpopJkt: null,
    grantId: crypto.randomUUID(),
    usedAt: null,
    createdAt: now,
    validUntil: now + 60_000,
    expiresAt: now + 600_000,
  }
  if (!(await core.storage.commit([insert(codes, code)])).ok) throw new Error('The code was not stored')
  return { grant_type: 'authorization_code', code: text, redirect_uri: REDIRECT_URI, code_verifier: VERIFIER }
}
