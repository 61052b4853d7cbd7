/** One-time codes by mail. */
import { insert, type Storage, take, update } from '#plugin'
import type { Mailer } from '../mail/mail.ts'
import { Problem } from '../problem.ts'
import { commitOrAgain } from '../storage/commit.ts'
import { repository } from '../storage/repository.ts'
import type { User } from '../users/records.ts'
import type { World } from '../world.ts'
import { digestOf, isSameDigest } from '../digest.ts'
import { noteFactors } from './on-record.ts'
import { typed } from './typed.ts'
import { REFUSED, type Verification } from './guess.ts'
import { codeMail } from './mail-text.ts'
import { type MailCode, mailCodes, type MailFactor, mailFactors, mailsSent } from './records.ts'

export interface MailChallenge {
  /** Whoever asked keeps it and shows it with the code. */
  readonly handle: string
  /** The address with most of it hidden. */
  readonly to: string
}

export interface MailCodes {
  /** Whether codes by mail count for this user: confirmed, and the address is still the same. */
  enrolled(user: User): Promise<MailFactor | undefined>
  /** The same, and whether there was one that has died with the address. */
  standing(user: User): Promise<{ readonly factor: MailFactor | undefined; readonly lost: boolean }>
  /** Sends a code that proves the address. */
  enrol(user: User): Promise<MailChallenge>
  /** Sends a code that proves the person; refuses when mail is no factor of theirs. */
  challenge(user: User): Promise<MailChallenge>
  confirm(user: User, handle: string, code: string): Promise<boolean>
  verify(user: User, handle: string, code: string): Promise<Verification>
  remove(userId: string): Promise<boolean>
}

const TTL = 10 * 60_000
/** Guesses at one code. */
const GUESSES = 5
/** Codes to one user within `TTL`: nobody's mailbox is flooded. */
const MAILS = 5

export function createMailCodes(deps: {
  readonly storage: Storage
  readonly world: World
  readonly mailer: () => Mailer | undefined
}): MailCodes {
  const { storage, world, mailer } = deps
  const factors = repository(storage, mailFactors)
  const codes = repository(storage, mailCodes)

  async function send(user: User, purpose: MailCode['purpose']): Promise<MailChallenge> {
    const post = mailer()
    const { email, emailKey } = user
    if (!post) throw new Problem('conflict', 'This server sends no mail')
    if (email === null || emailKey === null) throw new Problem('conflict', 'There is no mail address to send a code to')
    await refuseFlood(user.id)
    const now = world.now()
    const handle = Buffer.from(world.random(24)).toString('base64url')
    const code = sixDigits(world)
    const row = { digest: digestOf(handle), userId: user.id, emailKey, codeDigest: digestOf(handle, code), purpose }
    await storage.commit([insert(mailCodes, { ...row, attempts: 0, createdAt: now, expiresAt: now + TTL })])
    await post.send({ to: email, ...codeMail(code, TTL / 60_000, user.claims['locale']) }, now + TTL)
    return { handle, to: hidden(email) }
  }

  async function refuseFlood(userId: string): Promise<void> {
    const now = world.now()
    const counter = await storage.increment(
      mailsSent,
      { key: userId },
      { by: 1, limit: MAILS, now, expiresAt: now + TTL },
    )
    if (counter.ok) return
    const retryAfter = Math.max(1, Math.ceil((counter.expiresAt - now) / 1_000))
    throw new Problem('too_many_attempts', 'Enough codes were sent; wait before asking for another', { retryAfter })
  }

  /** Counts the guess before looking at it; the code is gone after the last one. */
  async function reserve(digest: string): Promise<MailCode | undefined> {
    let reserved: MailCode | undefined
    await commitOrAgain(storage, async () => {
      const row = await codes.get({ digest })
      reserved = undefined
      if (!row || row.expiresAt <= world.now() || row.attempts >= GUESSES) return undefined
      reserved = row
      return [update(mailCodes, { digest }, { set: { attempts: row.attempts + 1 }, when: { attempts: row.attempts } })]
    })
    return reserved
  }

  /** Whether this was the code; it is gone then. */
  async function spend(user: User, purpose: MailCode['purpose'], handle: string, code: string): Promise<boolean> {
    const digest = digestOf(handle)
    const row = await reserve(digest)
    if (row?.userId !== user.id || row.purpose !== purpose || row.emailKey !== user.emailKey) return false
    if (!isSameDigest(row.codeDigest, digestOf(handle, typed(code)))) return false
    return (await storage.commit([take(mailCodes, { digest })])).ok
  }

  async function standing({ id: userId, emailKey }: User) {
    const kept = await factors.get({ userId })
    const factor = kept?.emailKey === emailKey ? kept : undefined
    return { factor, lost: kept !== undefined && factor === undefined }
  }

  const enrolled = async (user: User) => (await standing(user)).factor

  return {
    enrolled,
    standing,
    enrol: (user) => send(user, 'enrol'),
    async challenge(user) {
      if (!(await enrolled(user))) throw new Problem('conflict', 'Codes by mail are not set up')
      return send(user, 'verify')
    },
    async confirm(user, handle, code) {
      const { id: userId, emailKey } = user
      if (emailKey === null || !(await spend(user, 'enrol', handle, code))) return false
      await commitOrAgain(storage, async () => {
        const before = await factors.get({ userId })
        const row = { userId, emailKey, createdAt: world.now(), lastUsedAt: null }
        return [...(before ? [take(mailFactors, { userId })] : []), insert(mailFactors, row), noteFactors(userId)]
      })
      return true
    },
    async verify(user, handle, code) {
      if (!(await enrolled(user)) || !(await spend(user, 'verify', handle, code))) return REFUSED
      await storage.commit([update(mailFactors, { userId: user.id }, { set: { lastUsedAt: world.now() } })])
      return { ok: true, amr: ['otp'] }
    },
    async remove(userId) {
      return (await storage.commit([take(mailFactors, { userId })])).ok
    },
  }
}

/** Evenly spread: numbers that would favour some codes are thrown again. */
function sixDigits(world: World): string {
  const limit = Math.floor(2 ** 32 / 1_000_000) * 1_000_000
  for (;;) {
    const number = Buffer.from(world.random(4)).readUInt32BE()
    if (number < limit) return String(number % 1_000_000).padStart(6, '0')
  }
}

/** `a***@corp.internal`: enough to know which mailbox to open, not enough to learn an address. */
export function hidden(email: string): string {
  const [local = '', domain = ''] = email.split('@')
  return `${local.slice(0, 1)}***@${domain}`
}
