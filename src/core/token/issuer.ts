/** From an authorization to the answer of the token endpoint, stored in one commit with what the grant itself guards. */
import { insert, type Step, type Storage, update } from '#plugin'
import type { Client } from '../clients/records.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Settings } from '../settings.ts'
import type { Subject, Users } from '../users/users.ts'
import { canLogIn } from '../users/find-users.ts'
import { type User, users as userRecords } from '../users/records.ts'
import type { Caller, World } from '../world.ts'
import { type AccessToken, type AccessTokenDeps, createAccessTokens } from './access-token.ts'
import { createIdTokens } from './id-token.ts'
import { type Authorization, type Grant, grants, refreshTokens } from './records.ts'
import { newToken, sha256 } from './token-text.ts'

/** RFC 6749 section 5.1, with what later RFCs add. Seconds. */
export interface TokenResponse {
  readonly access_token: string
  readonly token_type: 'bearer' | 'DPoP'
  readonly expires_in: number
  readonly scope: string
  readonly refresh_token?: string
  readonly id_token?: string
  readonly issued_token_type?: string
  readonly authorization_details?: readonly unknown[]
  /** Of a broker token. */
  readonly vhost?: string
  readonly broker?: string
}

export interface IssueInput {
  readonly authorization: Authorization
  readonly client: Client
  /** Thumbprint of the key of this request's proof. */
  readonly jkt: string | undefined
  readonly caller: Caller
  /** The id of a grant to be stored; without one nothing is, and there is no refresh token. */
  readonly grantId?: string
  /** The grant that is stored already, and how long it lives. */
  readonly stored?: Grant
  /** Whether a refresh token comes along: a new one, or the one that was shown, again. */
  readonly refresh?: 'new' | { readonly keep: string }
  readonly idToken?: { readonly nonce: string | undefined } | undefined
  readonly act?: Readonly<Record<string, unknown>> | undefined
  readonly notAfter?: number | undefined
  /** What the grant guards: the code is unused, the token is not replaced. Steps may depend on the new refresh token. */
  readonly guards?: (made: {
    readonly refreshDigest: string | undefined
    readonly response: TokenResponse
  }) => readonly Step[]
}

export type Issued =
  | { readonly ok: true; readonly response: TokenResponse }
  /** A guard failed: somebody else was faster. */
  | { readonly ok: false }

export interface Issuer {
  /** Throws `invalid_grant` if the person may no longer log in. */
  issue(input: IssueInput): Promise<Issued>
}

export interface IssuerDeps extends AccessTokenDeps {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly users: Users
}

export const REFRESH_PREFIX = 'lvr_'

export function createIssuer(deps: IssuerDeps): Issuer {
  const { storage, world, settings, users } = deps
  const accessTokens = createAccessTokens(deps)
  const idTokens = createIdTokens(deps)

  async function userOf({ userId }: Authorization): Promise<User | undefined> {
    if (userId === null) return undefined
    const user = await users.get(userId)
    if (user?.id !== userId || !canLogIn(user)) throw new OAuthError('invalid_grant', 'The user may no longer log in')
    return user
  }

  /** The life of a refresh token: idle, and within the absolute life of its grant. */
  function refreshEnd(client: Client, createdAt: number): number {
    const { oauth } = settings()
    const absolute = createdAt + (client.refreshAbsoluteTtl ?? oauth.refreshAbsoluteTtl)
    return Math.min(absolute, world.now() + (client.refreshIdleTtl ?? oauth.refreshIdleTtl))
  }

  function refreshSteps(input: IssueInput, grantId: string, text: string, end: number): readonly Step[] {
    const { client, refresh } = input
    const digest = sha256(text)
    if (refresh !== 'new')
      return [update(refreshTokens, { digest }, { set: { expiresAt: end }, when: { replacedBy: null } })]
    const row = { digest, grantId, clientId: client.id, createdAt: world.now(), expiresAt: end }
    return [insert(refreshTokens, { ...row, replacedBy: null, replacedAt: null, sealedReplay: null })]
  }

  function grantSteps(input: IssueInput, grantId: string, expiresAt: number): readonly Step[] {
    const { authorization, stored, jkt, client } = input
    if (stored) {
      const end = Math.max(stored.expiresAt, expiresAt)
      // A client that proves itself may change its key; a public one is bound to it (RFC 9449 section 5).
      return [update(grants, { id: grantId }, { set: { expiresAt: end } })]
    }
    const dpopJkt = client.confidential ? null : (jkt ?? null)
    return [insert(grants, { id: grantId, ...authorization, dpopJkt, createdAt: world.now(), expiresAt })]
  }

  async function idTokenFor(
    { authorization, client, idToken }: IssueInput,
    subject: Subject | undefined,
    accessToken: string,
  ): Promise<string | undefined> {
    if (!idToken || !subject || !authorization.scopes.includes('openid')) return undefined
    return await idTokens({ authorization, client, subject, accessToken, nonce: idToken.nonce })
  }

  return {
    async issue(input) {
      const { authorization, client, jkt, caller, stored, refresh, guards } = input
      const grantId = stored?.id ?? input.grantId ?? null
      if (client.requireDpop && jkt === undefined)
        throw new OAuthError('invalid_request', 'This client has to show a DPoP proof')
      const user = await userOf(authorization)
      const subject = user && (await users.subject(user))
      const { act, notAfter } = input
      const access = await accessTokens.make({ authorization, client, subject, grantId, jkt, act, notAfter, caller })
      const now = world.now()
      const refreshText = refresh === 'new' ? newToken(REFRESH_PREFIX, world) : refresh?.keep
      const id = await idTokenFor(input, subject, access.text)
      const response = responseOf(input, { access, refreshText, id, now })
      if (grantId === null && access.steps.length === 0 && !guards) return { ok: true, response }
      const end = refreshText === undefined ? access.expiresAt : refreshEnd(client, stored?.createdAt ?? now)
      const refreshDigest = refreshText === undefined ? undefined : sha256(refreshText)
      const steps = [
        ...(guards?.({ refreshDigest, response }) ?? []),
        ...(user ? [unchanged(user)] : []),
        ...(grantId === null ? [] : grantSteps(input, grantId, Math.max(end, access.expiresAt))),
        ...(grantId === null || refreshText === undefined ? [] : refreshSteps(input, grantId, refreshText, end)),
        ...access.steps,
      ]
      return (await storage.commit(steps)).ok ? { ok: true, response } : { ok: false }
    },
  }
}

/** Whoever was disabled or given another password since then gets nothing new. */
function unchanged({ id, passwordChangedAt }: User): Step {
  const when = { disabled: false, activated: true, passwordChangedAt }
  return update(userRecords, { id }, { set: {}, when })
}

interface Made {
  readonly access: AccessToken
  readonly refreshText: string | undefined
  readonly id: string | undefined
  readonly now: number
}

function responseOf({ authorization, jkt }: IssueInput, { access, refreshText, id, now }: Made): TokenResponse {
  const { authorizationDetails, broker, vhost } = authorization
  return {
    access_token: access.text,
    token_type: jkt === undefined ? 'bearer' : 'DPoP',
    expires_in: Math.max(1, Math.floor((access.expiresAt - now) / 1000)),
    scope: access.scope,
    ...(refreshText !== undefined && { refresh_token: refreshText }),
    ...(id !== undefined && { id_token: id }),
    ...(authorizationDetails.length > 0 && { authorization_details: authorizationDetails }),
    ...(broker !== null && vhost !== null && { broker, vhost }),
  }
}
