/** Authenticator apps. */
import { Secret, TOTP } from 'otpauth'
import { insert, type Storage, take, update } from '#plugin'
import { newId } from '../identifier.ts'
import type { Sealer } from '../keys/sealing.ts'
import { Problem } from '../problem.ts'
import type { Settings } from '../settings.ts'
import { repository } from '../storage/repository.ts'
import type { User } from '../users/records.ts'
import type { World } from '../world.ts'
import { noteFactors } from './on-record.ts'
import { typed } from './typed.ts'
import { REFUSED, type Verification } from './guess.ts'
import { type TotpFactor, totpFactors } from './records.ts'

/** What an app needs: shown once, as text and as a QR code. */
export interface TotpEnrolment {
  readonly id: string
  /** Base32. */
  readonly secret: string
  /** `otpauth://totp/…` */
  readonly uri: string
}

/** The code that finishes an enrolment. */
export interface ShownCode {
  readonly id: string
  readonly code: string
  /** What the person calls the authenticator. */
  readonly name?: string
}

export interface TotpFactors {
  /** Those that count. */
  list(userId: string): Promise<readonly TotpFactor[]>
  /** Counts for nothing until `confirm`. */
  enrol(user: User): Promise<TotpEnrolment>
  /** An enrolment that is not finished, to be shown again. */
  pending(user: User, id: string): Promise<TotpEnrolment | undefined>
  /** Whether this was a code of the new authenticator, which from now on counts; the code itself does not count again. */
  confirm(userId: string, shown: ShownCode): Promise<boolean>
  verify(userId: string, code: string): Promise<Verification>
  remove(userId: string, id: string): Promise<boolean>
}

const PERIOD = 30
const MOST = 10
/** How long somebody may take to scan the code. */
const ENROL_WITHIN = 15 * 60_000
const NEVER = -1

export function createTotpFactors(deps: {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly sealer: Sealer
}): TotpFactors {
  const { storage, world, settings, sealer } = deps
  const factors = repository(storage, totpFactors)
  const place = (id: string) => ({ purpose: 'totp', collection: totpFactors.name, key: id })

  function totpOf(id: string, secret: Secret, user?: User): TOTP {
    const label = user?.username ?? id
    return new TOTP({ issuer: new URL(settings().issuer).hostname, label, secret, period: PERIOD, digits: 6 })
  }

  async function all(userId: string): Promise<readonly TotpFactor[]> {
    return (await factors.find({ by: ['userId', 'createdAt'], equals: { userId }, limit: 100 })).rows
  }

  async function unfinished(userId: string, id: string): Promise<TotpFactor | undefined> {
    const factor = await factors.get({ id })
    const ours = factor?.userId === userId && !factor.confirmed && (factor.expiresAt ?? 0) > world.now()
    return ours ? factor : undefined
  }

  /** The step that a code is of, if that is this one or its neighbour and later than the last one taken. */
  function freshStep(factor: TotpFactor, code: string): number | undefined {
    if (!/^\d{6}$/.test(code)) return undefined
    const totp = totpOf(factor.id, Secret.fromBase32(sealer.open(factor.sealedSecret, place(factor.id))))
    const now = world.now()
    const delta = totp.validate({ token: code, timestamp: now, window: 1 })
    if (delta === null) return undefined
    const step = Math.floor(now / 1000 / PERIOD) + delta
    return step > factor.lastStep ? step : undefined
  }

  /** Of parallel uses of one code one finds `lastStep` as it read it. */
  async function spend(factor: TotpFactor, code: string, set: Partial<TotpFactor>): Promise<boolean> {
    const lastStep = freshStep(factor, code)
    if (lastStep === undefined) return false
    const when = { lastStep: factor.lastStep, confirmed: factor.confirmed }
    const { ok } = await storage.commit([update(totpFactors, { id: factor.id }, { set: { ...set, lastStep }, when })])
    return ok
  }

  return {
    list: async (userId) => (await all(userId)).filter(({ confirmed }) => confirmed),
    async enrol(user) {
      const now = world.now()
      if ((await all(user.id)).length >= MOST)
        throw new Problem('conflict', `There are ${MOST} authenticators already; remove one first`)
      const id = newId('otp', world)
      const secret = new Secret({ buffer: new Uint8Array(world.random(20)).buffer })
      const sealedSecret = sealer.seal(secret.base32, place(id))
      const row = { id, userId: user.id, name: '', sealedSecret, confirmed: false, lastStep: NEVER, createdAt: now }
      const factor: TotpFactor = { ...row, lastUsedAt: null, expiresAt: now + ENROL_WITHIN }
      await storage.commit([insert(totpFactors, factor), noteFactors(user.id)])
      return { id, secret: secret.base32, uri: totpOf(id, secret, user).toString() }
    },
    async pending(user, id) {
      const factor = await unfinished(user.id, id)
      const secret = factor && Secret.fromBase32(sealer.open(factor.sealedSecret, place(id)))
      return secret && { id, secret: secret.base32, uri: totpOf(id, secret, user).toString() }
    },
    async confirm(userId, { id, code, name = '' }) {
      const factor = await unfinished(userId, id)
      return factor ? spend(factor, typed(code), { name, confirmed: true, expiresAt: null }) : false
    },
    async verify(userId, code) {
      for (const factor of await this.list(userId))
        if (await spend(factor, typed(code), { lastUsedAt: world.now() })) return { ok: true, amr: ['otp'] }
      return REFUSED
    },
    async remove(userId, id) {
      return (await storage.commit([take(totpFactors, { id }, { userId })])).ok
    },
  }
}
