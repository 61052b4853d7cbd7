/** Codes on paper, for who lost everything else. */
import { insert, remove, type Step, type Storage, take } from '#plugin'
import { repository } from '../storage/repository.ts'
import type { World } from '../world.ts'
import { digestOf } from '../digest.ts'
import { typed } from './typed.ts'
import { REFUSED, type Verification } from './guess.ts'
import { recoveryCodes } from './records.ts'

export interface RecoveryCodes {
  /** New ones, in place of all older ones. Shown once. */
  replace(userId: string): Promise<readonly string[]>
  /** Codes that are not stored yet, and their digests. */
  make(userId: string): { readonly codes: readonly string[]; readonly digests: readonly string[] }
  /** Steps that put these in place of all older ones. */
  store(userId: string, digests: readonly string[]): readonly Step[]
  /** How many are left, and since when they are there. */
  left(userId: string): Promise<{ readonly left: number; readonly createdAt: number }>
  verify(userId: string, code: string): Promise<Verification>
}

const COUNT = 10
/** No letter that looks like a digit. 16 of 32 signs are 80 bits, too many to try out against a digest. */
const ALPHABET = 'abcdefghjkmnpqrstvwxyz0123456789'
const SIGNS = 16

export function createRecoveryCodes({
  storage,
  world,
}: {
  readonly storage: Storage
  readonly world: World
}): RecoveryCodes {
  const codes = repository(storage, recoveryCodes)

  function makeOne(): string {
    const signs = [...world.random(SIGNS)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('')
    return signs.replace(/(.{4})(?=.)/g, '$1-')
  }

  function make(userId: string) {
    const made = Array.from({ length: COUNT }, makeOne)
    return { codes: made, digests: made.map((code) => digestOf(userId, typed(code))) }
  }

  function store(userId: string, digests: readonly string[]): readonly Step[] {
    const createdAt = world.now()
    return [
      remove(recoveryCodes, { by: ['userId', 'createdAt'], equals: { userId } }),
      ...digests.map((digest) => insert(recoveryCodes, { digest, userId, createdAt })),
    ]
  }

  return {
    make,
    store,
    async replace(userId) {
      const made = make(userId)
      await storage.commit(store(userId, made.digests))
      return made.codes
    },
    async left(userId) {
      const { rows } = await codes.find({ by: ['userId', 'createdAt'], equals: { userId }, limit: 100 })
      return { left: rows.length, createdAt: rows[0]?.createdAt ?? 0 }
    },
    async verify(userId, code) {
      const { ok } = await storage.commit([take(recoveryCodes, { digest: digestOf(userId, typed(code)) }, { userId })])
      return ok ? { ok: true, amr: ['otp'] } : REFUSED
    },
  }
}
