/**
 * Back-channel logout: clients are told from a stored queue, so that one that is down loses nothing and holds nobody up.
 * Each attempt is claimed by moving `nextAt` on: of several nodes one makes it.
 */
import { remove, type Storage, update } from '#plugin'
import type { Clients } from '../clients/clients.ts'
import type { Client } from '../clients/records.ts'
import type { KeyRing, SigningAlgorithm } from '../keys/key-ring.ts'
import type { Outbound } from '../outbound.ts'
import type { Settings } from '../settings.ts'
import { repository } from '../storage/repository.ts'
import type { World } from '../world.ts'
import { type LogoutNotice, logoutNotices } from './records.ts'

export interface LogoutNotices {
  /** Tries everything that is due. */
  flush(): Promise<void>
  /** The same without being waited for. */
  soon(): void
  /** Waits for the attempts that are under way; asked before the storage closes. */
  settle(): Promise<void>
}

export const LOGOUT_TOKEN_TYPE = 'logout+jwt'
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'
/** Seconds that a logout token is good for. */
const TOKEN_LIFE = 120
const FIRST_RETRY = 15_000
const LAST_RETRY = 30 * 60_000
const AT_ONCE = 50

export function createLogoutNotices(deps: {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly keys: KeyRing
  readonly clients: Pick<Clients, 'get'>
  readonly outbound: Outbound
}): LogoutNotices {
  const { storage, world, settings, keys, clients, outbound } = deps
  const notices = repository(storage, logoutNotices)
  const underWay = new Set<Promise<void>>()

  async function tokenFor({ id, sid, userId }: LogoutNotice, client: Client): Promise<string> {
    const iat = Math.floor(world.now() / 1000)
    const claims = {
      iss: settings().issuer,
      sub: userId,
      aud: client.id,
      iat,
      exp: iat + TOKEN_LIFE,
      jti: id,
      sid,
      events: { [EVENT]: {} },
    }
    return await keys.sign(claims, { algorithm: client.idTokenAlg as SigningAlgorithm, typ: LOGOUT_TOKEN_TYPE })
  }

  /** Whether the client has heard it, or never will. */
  async function deliver(notice: LogoutNotice): Promise<boolean> {
    const client = await clients.get(notice.clientId)
    const uri = client?.backchannelLogoutUri ?? null
    if (!client || uri === null) return true
    const { status } = await outbound.post(uri, { logout_token: await tokenFor(notice, client) })
    if (status >= 200 && status < 300) return true
    if (status >= 500 || status === 429) throw new Error(`the client answers ${status}`)
    world.log.warn('client refuses to hear of a logout', { client: client.id, status })
    return true
  }

  async function attempt(notice: LogoutNotice): Promise<void> {
    const { id, attempts, clientId } = notice
    const wait = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** attempts)
    const next = { attempts: attempts + 1, nextAt: world.now() + wait }
    if (!(await storage.commit([update(logoutNotices, { id }, { set: next, when: { attempts } })])).ok) return
    try {
      if (await deliver(notice)) await storage.commit([remove(logoutNotices, { equals: { id } })])
    } catch (error) {
      const detail = { client: clientId, attempts: next.attempts, error: String(error) }
      world.log.warn('client not told of a logout, another attempt follows', detail)
    }
  }

  async function flush(): Promise<void> {
    const due = await notices.find({ by: ['nextAt'], range: { to: world.now() + 1 }, limit: AT_ONCE })
    await Promise.all(due.rows.filter(({ expiresAt }) => expiresAt > world.now()).map(attempt))
  }

  return {
    flush,
    soon() {
      const round: Promise<void> = flush()
        .catch((error: unknown) => world.log.error('clients not told of a logout', { error: String(error) }))
        .finally(() => underWay.delete(round))
      underWay.add(round)
    },
    async settle() {
      await Promise.all(underWay)
    },
  }
}
