/** RFC 6749 section 4.1.3 with PKCE (RFC 7636): a code, once. */
import { timingSafeEqual } from 'node:crypto'
import { type Step, type Storage, update } from '#plugin'
import type { Audit } from '../../audit/audit.ts'
import { consents } from '../../authorization/records.ts'
import { browserSessions } from '../../browser/records.ts'
import type { Client } from '../../clients/records.ts'
import { OAuthError } from '../../oauth/oauth-error.ts'
import { repository } from '../../storage/repository.ts'
import type { Caller, World } from '../../world.ts'
import { endGrant } from '../families.ts'
import type { Issuer } from '../issuer.ts'
import { narrowResources } from '../narrowing.ts'
import { type Code, codes } from '../records.ts'
import type { Targets } from '../target.ts'
import { sha256 } from '../token-text.ts'
import type { GrantHandler, GrantRequest } from './grant.ts'

export interface CodeGrantDeps {
  readonly storage: Storage
  readonly world: World
  readonly audit: Pick<Audit, 'record'>
  readonly issuer: Issuer
  readonly targets: Targets
}

const VERIFIER = /^[A-Za-z0-9\-._~]{43,128}$/

export function authorizationCodeGrant({ storage, world, audit, issuer, targets }: CodeGrantDeps): GrantHandler {
  const stored = repository(storage, codes)
  const sessions = repository(storage, browserSessions)

  /** RFC 9700 section 4.5: whoever shows a code again may be the thief or the victim, so nobody keeps anything. */
  async function usedTwice(code: Code, client: Client, caller: Caller): Promise<OAuthError> {
    await storage.commit(endGrant(code.grantId))
    const detail = { why: 'code-used-twice', client: client.id, grant: code.grantId }
    const target = `user:${code.authorization.userId ?? 'unknown'}`
    audit.record({ event: 'token.refused', outcome: 'refused', target, caller, detail })
    return new OAuthError('invalid_grant', 'The code was used before; tokens that came of it were revoked')
  }

  /** Steps that hold while the login that the code came of goes on, and the person has not taken the consent back. */
  async function stillGiven({ authorization }: Code, { id: clientId, consent }: Client): Promise<readonly Step[]> {
    const { sid, userId } = authorization
    if (sid === null || userId === null) return []
    const session = await sessions.findOne({ by: ['sid'], equals: { sid } })
    if (session?.userId !== userId || session.expiresAt <= world.now()) throw ended()
    const allowed = update(consents, { userId, clientId }, { set: {} })
    return [
      update(browserSessions, { digest: session.digest }, { set: {}, when: { sid } }),
      ...(consent === 'skip' ? [] : [allowed]),
    ]
  }

  return {
    type: 'authorization_code',
    async handle({ client, parameters, jkt, caller }) {
      const digest = sha256(parameters.need('code'))
      const code = await stored.get({ digest })
      const now = world.now()
      if (!code || code.clientId !== client.id || code.expiresAt <= now)
        throw new OAuthError('invalid_grant', 'The code is not known, or not for this client')
      checkRequest(code, { client, parameters, jkt, caller })
      if (code.usedAt !== null) throw await usedTwice(code, client, caller)
      if (code.validUntil <= now) throw new OAuthError('invalid_grant', 'The code has expired')
      const still = await stillGiven(code, client)
      const issued = await issuer.issue({
        authorization: await narrowResources(code.authorization, parameters, targets),
        client,
        jkt,
        caller,
        grantId: code.grantId,
        idToken: { nonce: code.nonce ?? undefined },
        ...(client.grants.includes('refresh_token') && { refresh: 'new' }),
        guards: () => [update(codes, { digest }, { set: { usedAt: now }, when: { usedAt: null } }), ...still],
      })
      if (issued.ok) return issued.response
      const after = await stored.get({ digest })
      if (after?.usedAt != null) throw await usedTwice(code, client, caller)
      throw ended()
    },
  }
}

function ended(): OAuthError {
  return new OAuthError('invalid_grant', 'The login that the code came of has ended, or its consent was taken back')
}

function checkRequest(code: Code, { client, parameters, jkt }: GrantRequest): void {
  if (!isRedirectUriOf(code, client, parameters.get('redirect_uri')))
    throw new OAuthError('invalid_grant', 'redirect_uri must be that of the authorization request')
  checkVerifier(code.codeChallenge, parameters.get('code_verifier'))
  if (code.dpopJkt !== null && code.dpopJkt !== jkt)
    throw new OAuthError('invalid_dpop_proof', 'The code is bound to another DPoP key')
}

/** A request that named none went to the registered one; some clients name that one here nevertheless. */
function isRedirectUriOf(code: Code, client: Client, presented: string | undefined): boolean {
  if (code.redirectUri !== null) return presented === code.redirectUri
  return presented === undefined || client.redirectUris.includes(presented)
}

/** S256 only. A verifier without a challenge is the mark of a downgrade (RFC 9700 section 4.8.2). */
function checkVerifier(challenge: string | null, verifier: string | undefined): void {
  if (challenge === null) {
    if (verifier !== undefined) throw new OAuthError('invalid_grant', 'The authorization request had no code_challenge')
    return
  }
  if (verifier === undefined) throw new OAuthError('invalid_grant', 'The parameter code_verifier is missing')
  const expected = Buffer.from(challenge)
  const made = Buffer.from(sha256(verifier))
  if (VERIFIER.test(verifier) && made.length === expected.length && timingSafeEqual(made, expected)) return
  throw new OAuthError('invalid_grant', 'The code_verifier does not fit the code_challenge')
}
