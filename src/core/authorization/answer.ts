/** Answers to clients (RFC 6749 section 4.1.2, RFC 9207), and the commit that makes a code. */
import { insert, remove, type Step, type Storage, take, update } from '#plugin'
import type { Visitor } from '../browser/browser-sessions.ts'
import { browserSessions } from '../browser/records.ts'
import type { Client } from '../clients/records.ts'
import { digestOf } from '../digest.ts'
import { newId } from '../identifier.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Settings } from '../settings.ts'
import { type Authorization, codes } from '../token/records.ts'
import { newToken } from '../token/token-text.ts'
import { users } from '../users/records.ts'
import type { World } from '../world.ts'
import {
  type AuthorizationRequest,
  interactions,
  pushedRequests,
  type ResponseMode,
  type SessionClient,
  sessionClients,
} from './records.ts'
import type { ReturnAddress } from './request.ts'

export interface Answer {
  readonly redirectUri: string
  readonly mode: ResponseMode
  readonly fields: Readonly<Record<string, string>>
  readonly client: Client
}

export interface Answers {
  /** Stores a code; `undefined` when the session, the login or the pushed request has ended meanwhile. */
  withCode(given: {
    readonly client: Client
    readonly request: AuthorizationRequest
    readonly visitor: Visitor
    /** Digest of the interaction that this ends, if there is one. */
    readonly interaction: string | undefined
    /** What else is kept in the same commit. */
    readonly also: readonly Step[]
  }): Promise<Answer | undefined>
  withError(to: ReturnAddress, error: OAuthError, client: Client): Answer
}

/** FAPI 2.0 Security Profile section 5.3.2.1. */
const FAPI_LONGEST = 60_000
/** A code is known for this much longer, so that a second use is seen. */
const REMEMBERED = 10 * 60_000

export function createAnswers({
  storage,
  world,
  settings,
}: {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
}): Answers {
  const answer = (to: ReturnAddress, client: Client, fields: Readonly<Record<string, string>>): Answer => ({
    redirectUri: to.redirectUri,
    mode: to.responseMode,
    fields: { ...fields, ...(to.state !== null && { state: to.state }), iss: settings().issuer },
    client,
  })

  return {
    async withCode({ client, request, visitor, interaction, also }) {
      const now = world.now()
      const text = newToken('', world)
      const { codeTtl } = settings().oauth
      const validUntil = now + (client.profile === 'fapi2' ? Math.min(codeTtl, FAPI_LONGEST) : codeTtl)
      const { nonce, codeChallenge, dpopJkt, redirectUri, redirectUriGiven, pushed } = request
      const code = {
        digest: digestOf(text),
        clientId: client.id,
        authorization: authorizationOf(request, visitor),
        redirectUri: redirectUriGiven ? redirectUri : null,
        nonce,
        codeChallenge,
        dpopJkt,
        grantId: newId('g', world),
        usedAt: null,
        createdAt: now,
        validUntil,
        expiresAt: validUntil + REMEMBERED,
      }
      const steps = [
        ...(interaction === undefined ? [] : [take(interactions, { digest: interaction })]),
        ...(pushed === null ? [] : [take(pushedRequests, { digest: pushed })]),
        ...stillThere(visitor),
        insert(codes, code),
        ...heardOf(visitor, client.id, now),
        ...also,
      ]
      if (!(await storage.commit(steps)).ok) return undefined
      return answer(request, client, { code: text })
    },
    withError: (to, { code, description }, client) =>
      answer(to, client, { error: code, error_description: description }),
  }
}

/** Steps that hold while the person is logged in and may log in. */
export function stillThere({ session, user }: Visitor): readonly Step[] {
  const { disabled, activated, passwordChangedAt } = user
  return [
    update(browserSessions, { digest: session.digest }, { set: {}, when: { userId: user.id } }),
    update(users, { id: user.id }, { set: {}, when: { disabled, activated, passwordChangedAt } }),
  ]
}

/** The client hears of the end of the session. */
function heardOf({ session, user }: Visitor, clientId: string, now: number): readonly Step[] {
  const { sid, endsAt } = session
  const row: SessionClient = { sid, clientId, userId: user.id, createdAt: now, expiresAt: endsAt }
  return [remove(sessionClients, { equals: { sid, clientId } }), insert(sessionClients, row)]
}

function authorizationOf(request: AuthorizationRequest, { session, user }: Visitor): Authorization {
  const { clientId, scopes, resources, broker, vhost, authorizationDetails, claims } = request
  const { sid, authTime, acr, amr } = session
  const asked = { clientId, scopes, resources, broker, vhost, authorizationDetails, claims }
  return { ...asked, userId: user.id, sid, authTime, acr, amr }
}
