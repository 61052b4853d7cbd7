/** The identity token itself: a JWT that names a record. The signature says that it is ours, the record that it is alive. */
import type { Storage } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { rememberVerified } from '../keys/verified.ts'
import { Problem } from '../problem.ts'
import type { Settings } from '../settings.ts'
import { repository } from '../storage/repository.ts'
import type { User } from '../users/records.ts'
import type { Users } from '../users/users.ts'
import type { Caller, World } from '../world.ts'
import { addressFits } from './address.ts'
import { type IdentityToken, identityTokens } from './records.ts'

export const IDENTITY_ALGORITHM = 'ES256'
/** No other token carries this type, so none passes for an identity token (RFC 8725 section 3.11). */
const TYPE = 'identity+jwt'

/** Who holds a token that passed every check. */
export interface Holder {
  readonly record: IdentityToken
  readonly user: User
}
/** What the token was presented for, for the audit log. */
export type Use = 'exchange' | 'logout' | 'describe' | 'authenticate'
type Why = 'not-ours' | 'expired' | 'revoked' | 'other-address' | 'user-deleted' | 'user-disabled' | 'broker-deleted'

export interface Refused {
  readonly target: string
  readonly use: Use
  /** Id of the record, as far as the token could be read. */
  readonly session?: string
}

export interface IdentityTokens {
  sign(record: Omit<IdentityToken, 'slot'>): Promise<string>
  /** Refuses with one `invalid_token` for every reason; the audit event has the true one. */
  holder(token: string, use: Use, caller: Caller): Promise<Holder>
  refuse(why: Why, refused: Refused, caller: Caller): never
}

export interface IdentityTokenDeps {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly audit: Pick<Audit, 'record'>
  readonly keys: KeyRing
  readonly users: Users
}

export function createIdentityTokens({
  storage,
  world,
  settings,
  audit,
  keys,
  users,
}: IdentityTokenDeps): IdentityTokens {
  const records = repository(storage, identityTokens)
  const verify = rememberVerified(keys, TYPE)

  function refuse(why: Why, { target, use, session }: Refused, caller: Caller): never {
    const detail = { why, use, ...(session !== undefined && { session }) }
    audit.record({ event: 'token.refused', outcome: 'refused', target, caller, detail })
    throw new Problem('invalid_token', 'The identity token is not valid, or no longer: log in again')
  }

  return {
    async sign({ id, userId, createdAt, validUntil }) {
      const { issuer } = settings()
      const times = { iat: Math.floor(createdAt / 1000), exp: Math.floor(validUntil / 1000) }
      const claims = { iss: issuer, aud: issuer, sub: userId, jti: id, ...times }
      return await keys.sign(claims, { algorithm: IDENTITY_ALGORITHM, typ: TYPE })
    },

    async holder(token, use, caller) {
      const { issuer } = settings()
      const { iss, aud, sub, jti, exp } = (await verify(token)) ?? {}
      if (iss !== issuer || aud !== issuer || !sub || !jti || exp === undefined) {
        return refuse('not-ours', { target: 'token:unknown', use }, caller)
      }
      const refused = { target: `user:${sub}`, use, session: jti }
      const now = world.now()
      if (exp * 1000 <= now) return refuse('expired', refused, caller)
      const record = await records.get({ id: jti })
      if (!record || record.userId !== sub) return refuse('revoked', refused, caller)
      if (record.validUntil <= now) return refuse('expired', refused, caller)
      const user = await users.get(record.userId)
      if (user?.id !== record.userId) return refuse('user-deleted', refused, caller)
      const named = { ...refused, target: `user:${user.username}` }
      if (user.disabled || !user.activated) return refuse('user-disabled', named, caller)
      if (!addressFits(record.ip, caller.ip)) return refuse('other-address', named, caller)
      return { record, user }
    },
    refuse,
  }
}
