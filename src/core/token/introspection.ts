/** What a token is (RFC 7662), told to confidential clients that have to do with it. */
import type { Storage } from '#plugin'
import type { Client } from '../clients/records.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Settings } from '../settings.ts'
import { repository } from '../storage/repository.ts'
import { canLogIn } from '../users/find-users.ts'
import type { Users } from '../users/users.ts'
import type { World } from '../world.ts'
import type { AccessTokenHolders, Held } from './access-token-holder.ts'
import { REFRESH_PREFIX } from './issuer.ts'
import { grants, refreshTokens } from './records.ts'
import { sha256 } from './token-text.ts'

export type Introspection = Readonly<Record<string, unknown>> & { readonly active: boolean }

export interface Introspections {
  /** `{ active: false }` and nothing else for every token that is not good, or that is no business of this client. */
  introspect(token: string, client: Client): Promise<Introspection>
  /** The same as a signed JWT for this client (RFC 9701). */
  signed(token: string, client: Client): Promise<string>
}

export interface IntrospectionDeps {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly keys: KeyRing
  readonly users: Users
  readonly holders: AccessTokenHolders
}

const INACTIVE: Introspection = { active: false }
/** Ours alone. */
const INTERNAL = new Set(['grant_id'])

export function createIntrospections(deps: IntrospectionDeps): Introspections {
  const { storage, world, settings, keys, users, holders } = deps
  const refreshed = repository(storage, refreshTokens)
  const living = repository(storage, grants)

  async function refreshToken(text: string, client: Client): Promise<Introspection> {
    const token = await refreshed.get({ digest: sha256(text) })
    const grant = token && (await living.get({ id: token.grantId }))
    const now = world.now()
    const over = !token || !grant || token.expiresAt <= now || grant.expiresAt <= now || token.replacedBy !== null
    if (over || token.clientId !== client.id) return INACTIVE
    const user = grant.userId === null ? undefined : await users.get(grant.userId)
    if (grant.userId !== null && (!user || !canLogIn(user))) return INACTIVE
    return {
      active: true,
      iss: settings().issuer,
      client_id: token.clientId,
      sub: grant.userId ?? token.clientId,
      scope: grant.scopes.join(' '),
      iat: Math.floor(token.createdAt / 1000),
      exp: Math.floor(token.expiresAt / 1000),
    }
  }

  function concerns({ claims }: Held, client: Client): boolean {
    if (claims['client_id'] === client.id) return true
    const aud = [claims['aud']].flat()
    return (
      aud.includes(settings().issuer) ||
      aud.some((each) => each === client.id || client.audiences.includes(String(each)))
    )
  }

  async function introspect(token: string, client: Client): Promise<Introspection> {
    if (token.startsWith(REFRESH_PREFIX)) return await refreshToken(token, client)
    const held = await holders.find(token)
    if (!held || !concerns(held, client)) return INACTIVE
    const { claims, user } = held
    const told = Object.entries(claims).filter(([name]) => !INTERNAL.has(name))
    const type = claims['cnf'] === undefined ? 'bearer' : 'DPoP'
    return { active: true, ...Object.fromEntries(told), token_type: type, ...(user && { username: user.username }) }
  }

  return {
    introspect,
    async signed(token, client) {
      const answer = await introspect(token, client)
      const claims = {
        iss: settings().issuer,
        aud: client.id,
        iat: Math.floor(world.now() / 1000),
        token_introspection: answer,
      }
      return await keys.sign(claims, { algorithm: 'ES256', typ: 'token-introspection+jwt' })
    },
  }
}
