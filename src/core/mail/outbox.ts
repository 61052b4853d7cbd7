/**
 * Mails are stored before they are sent, so that a mail server that is down loses none and holds nobody up. Each attempt
 * is claimed by moving `nextAt` on: of several nodes one makes it.
 */
import { insert, type Storage, take, update } from '#plugin'
import { newId } from '../identifier.ts'
import type { Sealer } from '../keys/sealing.ts'
import { repository } from '../storage/repository.ts'
import type { World } from '../world.ts'
import type { Deliver, Mail, Mailer } from './mail.ts'
import { type OutgoingMail, outgoingMails } from './records.ts'

export interface Outbox extends Mailer {
  /** Tries every mail that is due. */
  flush(): Promise<void>
  /** Waits for the attempts that are under way; asked before the storage closes. */
  settle(): Promise<void>
}

const FIRST_RETRY = 15_000
const LAST_RETRY = 10 * 60_000
const AT_ONCE = 50

export function createOutbox(deps: {
  readonly storage: Storage
  readonly world: World
  readonly sealer: Sealer
  /** `undefined` while no mail server is configured: what waits goes on waiting. */
  readonly deliver: () => Deliver | undefined
}): Outbox {
  const { storage, world, sealer, deliver } = deps
  const mails = repository(storage, outgoingMails)
  const underWay = new Set<Promise<unknown>>()
  const place = (id: string) => ({ purpose: 'mail', collection: outgoingMails.name, key: id })

  /** Longer than any attempt takes, and longer each time. */
  function waitAfter(attempts: number): number {
    return Math.min(LAST_RETRY, FIRST_RETRY * 2 ** attempts)
  }

  /** False when the mail server did not take it. */
  async function attempt(row: OutgoingMail): Promise<boolean> {
    const { id, attempts } = row
    const put = deliver()
    if (!put) return false
    const next = { attempts: attempts + 1, nextAt: world.now() + waitAfter(attempts) }
    const claim = await storage.commit([update(outgoingMails, { id }, { set: next, when: { attempts } })])
    if (!claim.ok) return true
    try {
      await put(JSON.parse(sealer.open(row.sealed, place(id))) as Mail)
    } catch (error) {
      world.log.warn('mail not sent, another attempt follows', {
        mail: id,
        attempts: next.attempts,
        error: String(error),
      })
      return false
    }
    await storage.commit([take(outgoingMails, { id })])
    return true
  }

  return {
    async send(mail, expiresAt) {
      const now = world.now()
      const id = newId('mail', world)
      const row = { id, sealed: sealer.seal(JSON.stringify(mail), place(id)), attempts: 0, nextAt: now }
      const stored = { ...row, createdAt: now, expiresAt }
      await storage.commit([insert(outgoingMails, stored)])
      const first: Promise<unknown> = attempt(stored)
        .catch((error: unknown) => world.log.error('mail not sent', { mail: id, error: String(error) }))
        .finally(() => underWay.delete(first))
      underWay.add(first)
    },
    async settle() {
      await Promise.all(underWay)
    },
    async flush() {
      const due = await mails.find({ by: ['nextAt'], range: { to: world.now() + 1 }, limit: AT_ONCE })
      // A mail server that is away would keep the round waiting for each of them.
      for (const row of due.rows) if (row.expiresAt > world.now() && !(await attempt(row))) return
    },
  }
}
