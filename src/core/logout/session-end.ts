/** What ends with a browser session beside itself: tokens of its clients, and what those clients are told. */
import { insert, remove, type Step, type Storage } from '#plugin'
import { type SessionClient, sessionClients } from '../authorization/records.ts'
import type { Clients } from '../clients/clients.ts'
import { newId } from '../identifier.ts'
import { repository } from '../storage/repository.ts'
import { endGrant } from '../token/families.ts'
import { grants } from '../token/records.ts'
import type { World } from '../world.ts'
import { logoutNotices } from './records.ts'

export interface SessionEnds {
  /**
   * Steps for the commit that ends the session. Tokens for the time when nobody is there (`offline_access`) stay, and
   * other sessions keep everything.
   */
  steps(sid: string): Promise<readonly Step[]>
}

/** A client that is down for longer finds out when it refreshes. */
const KEEP_TRYING = 24 * 3_600_000

export function createSessionEnds(deps: {
  readonly storage: Storage
  readonly world: World
  readonly clients: Pick<Clients, 'get'>
}): SessionEnds {
  const { storage, world, clients } = deps
  const visited = repository(storage, sessionClients)
  const living = repository(storage, grants)

  async function noticeFor({ sid, clientId, userId }: SessionClient): Promise<readonly Step[]> {
    const client = await clients.get(clientId)
    if (!client || client.disabled || client.backchannelLogoutUri === null) return []
    const now = world.now()
    const row = { id: newId('lo', world), clientId, userId, sid, attempts: 0, nextAt: now, createdAt: now }
    return [insert(logoutNotices, { ...row, expiresAt: now + KEEP_TRYING })]
  }

  return {
    async steps(sid) {
      const steps: Step[] = [remove(sessionClients, { equals: { sid } })]
      for await (const each of visited.all({ equals: { sid } })) steps.push(...(await noticeFor(each)))
      for await (const grant of living.all({ by: ['sid'], equals: { sid } }))
        if (!grant.scopes.includes('offline_access')) steps.push(...endGrant(grant.id))
      return steps
    },
  }
}
