/** Reading an access token of ours: who holds it, and whether it is still good. */
import type { Storage } from '#plugin'
import type { Clients } from '../clients/clients.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { rememberVerified } from '../keys/verified.ts'
import type { Settings } from '../settings.ts'
import { repository } from '../storage/repository.ts'
import { canLogIn } from '../users/find-users.ts'
import type { User } from '../users/records.ts'
import type { Users } from '../users/users.ts'
import type { World } from '../world.ts'
import { ACCESS_TOKEN_TYPE, OPAQUE_PREFIX } from './access-token.ts'
import { FIRST_PARTY } from './first-party.ts'
import { type Grant, grants, opaqueTokens, revokedTokens } from './records.ts'
import { sha256 } from './token-text.ts'

export interface Held {
  /** Of the JWT, or what one would have said. */
  readonly claims: Readonly<Record<string, unknown>>
  readonly opaque: boolean
  /** `undefined` for what was issued without one: client credentials. */
  readonly grant: Grant | undefined
  /** `undefined` for a client on its own behalf, and for tokens that are a broker's. */
  readonly user: User | undefined
}

export interface AccessTokenHolders {
  /** `undefined` for everything that is not a living access token of this server, whatever the reason. */
  find(token: string): Promise<Held | undefined>
}

export interface HolderDeps {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly keys: KeyRing
  readonly users: Users
  readonly clients: Pick<Clients, 'get'>
}

export function createAccessTokenHolders(deps: HolderDeps): AccessTokenHolders {
  const { storage, world, settings, keys, users, clients } = deps
  const verify = rememberVerified(keys, ACCESS_TOKEN_TYPE)
  const opaque = repository(storage, opaqueTokens)
  const revoked = repository(storage, revokedTokens)
  const living = repository(storage, grants)

  async function claimsOf(token: string): Promise<Held['claims'] | undefined> {
    if (!token.startsWith(OPAQUE_PREFIX)) return await verify(token)
    return (await opaque.get({ digest: sha256(token) }))?.claims
  }

  /** The grant it came of; `false` if that has ended. */
  async function grantOf(id: unknown, now: number): Promise<Grant | undefined | false> {
    if (typeof id !== 'string') return undefined
    const grant = await living.get({ id })
    return grant && grant.expiresAt > now ? grant : false
  }

  /** Broker tokens of the session workflow, which have neither grant nor client, are nobody's here. */
  async function isOfLivingClient({ vhost, client_id: named }: Held['claims'], grant: Grant | undefined) {
    const id = grant?.clientId ?? (vhost === undefined ? named : undefined)
    if (id === undefined || id === FIRST_PARTY.id) return true
    const client = typeof id === 'string' ? await clients.get(id) : undefined
    return client !== undefined && !client.disabled
  }

  return {
    async find(token) {
      const claims = await claimsOf(token)
      const now = world.now()
      const { iss, exp, jti, grant_id: grantId } = claims ?? {}
      if (!claims || iss !== settings().issuer || typeof exp !== 'number' || exp * 1000 <= now) return undefined
      if (typeof jti !== 'string' || (await revoked.get({ jti }))) return undefined
      const grant = await grantOf(grantId, now)
      if (grant === false) return undefined
      if (!(await isOfLivingClient(claims, grant))) return undefined
      const userId = grant?.userId ?? null
      const user = userId === null ? undefined : await users.get(userId)
      if (userId !== null && (user?.id !== userId || !canLogIn(user))) return undefined
      return { claims, opaque: token.startsWith(OPAQUE_PREFIX), grant, user }
    },
  }
}
