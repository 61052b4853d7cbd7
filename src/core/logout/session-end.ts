/** What ends with a browser session beside itself: tokens of its clients, and what those clients are told. */
import { insert, remove, type Step, type Storage, take } from '#plugin'
import { type SessionClient, sessionClients } from '../authorization/records.ts'
import { browserSessions } from '../browser/records.ts'
import type { Clients } from '../clients/clients.ts'
import { newId } from '../identifier.ts'
import { repository } from '../storage/repository.ts'
import { endGrant } from '../token/families.ts'
import { grants } from '../token/records.ts'
import type { World } from '../world.ts'
import { endedLogins, logoutNotices } from './records.ts'

export interface SessionEnds {
  /**
   * Steps for the commit that ends the session. Tokens for the time when nobody is there (`offline_access`) stay, and
   * other sessions keep everything.
   */
  steps(sid: string): Promise<readonly Step[]>
  /** Finds the clients of sessions that ended with all logins of their user. */
  sweep(): Promise<void>
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

  const ended = repository(storage, endedLogins)
  const sessions = repository(storage, browserSessions)

  /** Those who have logged in again since have sessions that go on. */
  async function sweepUser(userId: string): Promise<void> {
    for await (const each of visited.all({ by: ['userId'], equals: { userId } })) {
      const { sid, clientId } = each
      if (await sessions.findOne({ by: ['sid'], equals: { sid } })) continue
      const own = take(sessionClients, { sid, clientId })
      // Of several nodes one finds it.
      await storage.commit([own, ...(await noticeFor(each))])
    }
    await storage.commit([remove(endedLogins, { equals: { userId } })])
  }

  return {
    async sweep() {
      for await (const { userId } of ended.all()) await sweepUser(userId)
    },
    async steps(sid) {
      const steps: Step[] = [remove(sessionClients, { equals: { sid } })]
      for await (const each of visited.all({ equals: { sid } })) steps.push(...(await noticeFor(each)))
      for await (const grant of living.all({ by: ['sid'], equals: { sid } }))
        if (!grant.scopes.includes('offline_access')) steps.push(...endGrant(grant.id))
      return steps
    },
  }
}
