/** Authorization codes as a login with consent leaves them, for tests of what becomes of them. */
import { insert, remove } from '#plugin'
import { consents } from '../../src/core/authorization/records.ts'
import { codes } from '../../src/core/token/records.ts'
import { sha256 } from '../../src/core/token/token-text.ts'
import { ALICE, type OAuthServer, type RegisteredClient } from './oauth.ts'
import { OPERATOR, type TestServer } from './server.ts'

export const VERIFIER = 'a-verifier-of-the-tests-that-is-long-enough-for-s256'
export const REDIRECT_URI = 'https://app.example/callback'

/** The form that redeems a new code of alice for this client. */
export async function codeOfAlice({ server }: OAuthServer, { client }: RegisteredClient) {
  const { core } = server.instance
  const now = server.clock.now()
  const text = crypto.randomUUID()
  const { userId, sid } = await loggedIn(server)
  const consent = { userId, clientId: client.id, scopes: [], targets: [], grantedAt: now }
  await core.storage.commit([remove(consents, { equals: { userId, clientId: client.id } }), insert(consents, consent)])
  const authorization = {
    clientId: client.id,
    userId,
    sid,
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

/** The session of alice, begun if there is none. */
async function loggedIn({ instance: { core } }: TestServer) {
  const user = await core.users.get(ALICE.username)
  if (!user) throw new Error('There is no alice')
  const [known] = await core.browserSessions.list(user.id)
  const login = { user, amr: ['pwd'], authTime: core.world.now(), userAgent: 'Test/1.0' }
  const session = known ?? (await core.browserSessions.begin(login, OPERATOR))?.visitor.session
  if (!session) throw new Error('Cannot begin a session for alice')
  return session
}
