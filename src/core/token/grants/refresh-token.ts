/** RFC 6749 section 6 and RFC 9700 section 4.14: rotation that ends the family when a token is shown again. */
import { type Step, type Storage, update } from '#plugin'
import type { Audit } from '../../audit/audit.ts'
import type { Client } from '../../clients/records.ts'
import type { Sealer } from '../../keys/sealing.ts'
import type { Login } from '../../login/login.ts'
import { OAuthError } from '../../oauth/oauth-error.ts'
import type { Parameters } from '../../oauth/parameters.ts'
import { Problem } from '../../problem.ts'
import { repository } from '../../storage/repository.ts'
import type { Users } from '../../users/users.ts'
import type { Caller, World } from '../../world.ts'
import { endGrant } from '../families.ts'
import type { Issuer, TokenResponse } from '../issuer.ts'
import { narrowResources, narrowScopes } from '../narrowing.ts'
import { type Grant, grants, type RefreshToken, refreshTokens } from '../records.ts'
import type { Targets } from '../target.ts'
import { sha256 } from '../token-text.ts'
import type { GrantHandler, GrantRequest } from './grant.ts'

export interface RefreshGrantDeps {
  readonly storage: Storage
  readonly world: World
  readonly audit: Pick<Audit, 'record'>
  readonly sealer: Sealer
  readonly login: Pick<Login, 'recheck'>
  readonly users: Users
  readonly issuer: Issuer
  readonly targets: Targets
}

/** How long a replaced token is remembered, to be recognised when somebody shows it again. */
const REMEMBER_REPLACED = 3 * 86_400_000

export function refreshTokenGrant(deps: RefreshGrantDeps): GrantHandler {
  const { storage, world, audit, sealer, login, users, issuer, targets } = deps
  const stored = repository(storage, refreshTokens)
  const living = repository(storage, grants)

  async function shownAgain(token: RefreshToken, grant: Grant, caller: Caller): Promise<OAuthError> {
    await storage.commit(endGrant(grant.id))
    const detail = { why: 'refresh-token-reused', client: grant.clientId, grant: grant.id, replaced: token.replacedAt }
    audit.record({ event: 'token.refused', outcome: 'refused', target: `user:${grant.userId}`, caller, detail })
    return new OAuthError('invalid_grant', 'The refresh token was used before; the whole grant was revoked')
  }

  /** Within the client's replay window, the same question gets the same answer; it never makes a second successor. */
  function replay(token: RefreshToken, request: GrantRequest): TokenResponse | undefined {
    const { sealedReplay, replacedAt, digest } = token
    if (sealedReplay === null || replacedAt === null) return undefined
    if (world.now() - replacedAt > request.client.refreshReplayWindow) return undefined
    const { asked, response }: Replay = JSON.parse(sealer.open(sealedReplay, placeOf(digest)))
    return asked === askedFor(request) ? response : undefined
  }

  /** Still there, allowed, in the same directory, with the groups of now. */
  async function recheck(grant: Grant, caller: Caller): Promise<void> {
    const refused = (cause?: unknown) =>
      new OAuthError('invalid_grant', 'The user may no longer log in', cause === undefined ? {} : { cause })
    if (grant.userId === null) return
    const user = await users.get(grant.userId)
    if (user?.id !== grant.userId) throw refused()
    try {
      await login.recheck(user, caller)
    } catch (error) {
      throw error instanceof Problem && error.code === 'invalid_token' ? refused(error) : error
    }
  }

  function rotation(
    token: RefreshToken,
    request: GrantRequest,
    next: string,
    response: TokenResponse,
  ): readonly Step[] {
    const { digest } = token
    const keep = request.client.refreshReplayWindow > 0
    const sealedReplay = keep
      ? sealer.seal(JSON.stringify({ asked: askedFor(request), response }), placeOf(digest))
      : null
    const now = world.now()
    const expiresAt = Math.min(token.expiresAt, now + REMEMBER_REPLACED)
    const set = { replacedBy: next, replacedAt: now, sealedReplay, expiresAt }
    return [update(refreshTokens, { digest }, { set, when: { replacedBy: null } })]
  }

  async function find(text: string, client: Client): Promise<{ readonly token: RefreshToken; readonly grant: Grant }> {
    const token = await stored.get({ digest: sha256(text) })
    const grant = token && (await living.get({ id: token.grantId }))
    const now = world.now()
    if (!token || !grant || token.clientId !== client.id || token.expiresAt <= now || grant.expiresAt <= now)
      throw new OAuthError('invalid_grant', 'The refresh token is not known, expired, revoked, or not for this client')
    return { token, grant }
  }

  return {
    type: 'refresh_token',
    async handle(request) {
      const { client, parameters, jkt, caller } = request
      const text = parameters.need('refresh_token')
      const { token, grant } = await find(text, client)
      if (grant.dpopJkt !== null && grant.dpopJkt !== jkt)
        throw new OAuthError('invalid_dpop_proof', 'The refresh token is bound to another DPoP key')
      if (token.replacedBy !== null) return replay(token, request) ?? (await rejected(token, grant, caller))
      await recheck(grant, caller)
      const rotates = client.refreshPolicy === 'rotate'
      const issued = await issuer.issue({
        authorization: await narrowed(grant, parameters),
        client,
        jkt,
        caller,
        stored: grant,
        idToken: { nonce: undefined },
        refresh: rotates ? 'new' : { keep: text },
        guards: ({ refreshDigest = '', response }) =>
          rotates ? rotation(token, request, refreshDigest, response) : [],
      })
      if (issued.ok) return issued.response
      const after = await stored.get({ digest: token.digest })
      if (after?.replacedBy != null) return replay(after, request) ?? (await rejected(after, grant, caller))
      throw new OAuthError('invalid_grant', 'The refresh token was revoked')
    },
  }

  async function rejected(token: RefreshToken, grant: Grant, caller: Caller): Promise<never> {
    throw await shownAgain(token, grant, caller)
  }

  async function narrowed(grant: Grant, parameters: Parameters) {
    const { id: _id, dpopJkt: _jkt, createdAt: _made, expiresAt: _end, ...authorization } = grant
    return await narrowResources(narrowScopes(authorization, parameters), parameters, targets)
  }
}

interface Replay {
  readonly asked: string
  readonly response: TokenResponse
}

function askedFor({ parameters, jkt }: GrantRequest): string {
  return JSON.stringify([
    parameters.get('scope') ?? '',
    parameters.all('resource'),
    parameters.all('audience'),
    jkt ?? '',
  ])
}

function placeOf(digest: string) {
  return { purpose: 'refresh-replay', collection: 'refresh_token', key: digest } as const
}
