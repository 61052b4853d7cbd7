/** Taking a token back (RFC 7009). */
import { insert, remove, type Step, type Storage } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import type { Client } from '../clients/records.ts'
import { Problem } from '../problem.ts'
import { repository } from '../storage/repository.ts'
import type { Caller, World } from '../world.ts'
import type { AccessTokenHolders } from './access-token-holder.ts'
import { endGrant } from './families.ts'
import { REFRESH_PREFIX } from './issuer.ts'
import { opaqueTokens, refreshTokens, revokedTokens } from './records.ts'
import { sha256 } from './token-text.ts'

export interface Revocations {
  /**
   * A refresh token ends with its whole grant, an access token alone. A token that is unknown, over, or another client's
   * is left as it is, and the caller hears nothing of it.
   */
  revoke(token: string, client: Client, caller: Caller): Promise<void>
}

export function createRevocations(deps: {
  readonly storage: Storage
  readonly world: World
  readonly audit: Pick<Audit, 'record'>
  readonly holders: AccessTokenHolders
}): Revocations {
  const { storage, world, audit, holders } = deps
  const refreshed = repository(storage, refreshTokens)

  async function stepsFor(token: string, client: Client): Promise<readonly Step[]> {
    if (token.startsWith(REFRESH_PREFIX)) {
      const row = await refreshed.get({ digest: sha256(token) })
      return row?.clientId === client.id && row.expiresAt > world.now() ? endGrant(row.grantId) : []
    }
    const held = await holders.find(token)
    const { client_id: owner, jti, exp } = held?.claims ?? {}
    if (!held || owner !== client.id || typeof jti !== 'string' || typeof exp !== 'number') return []
    if (held.opaque) return [remove(opaqueTokens, { equals: { digest: sha256(token) } })]
    return [insert(revokedTokens, { jti, expiresAt: exp * 1000 })]
  }

  return {
    async revoke(token, client, caller) {
      const steps = await stepsFor(token, client)
      if (steps.length === 0) return
      const done = await storage.commit(steps)
      // Only an insert can fail, and only because the token was revoked a moment ago.
      if (!done.ok && !('insert' in (steps[done.failed] ?? {})))
        throw new Problem('unavailable', 'The token could not be revoked; try again', { retryAfter: 1 })
      audit.record({ event: 'token.revoked', outcome: 'ok', target: `client:${client.id}`, caller })
    },
  }
}
