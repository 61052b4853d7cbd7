/** Every look at a second factor is a guess: counted before, per user and from wherever it comes. */
import { throttled } from '../login/ask.ts'
import type { Throttle } from '../login/throttle.ts'
import type { User } from '../users/records.ts'
import type { Caller } from '../world.ts'

/** What a check says: the methods it proved (RFC 8176), or nothing. */
export type Verification =
  | { readonly ok: true; readonly amr: readonly string[] }
  | { readonly ok: false; readonly why: 'proof' }

export const REFUSED: Verification = { ok: false, why: 'proof' }

export type Guess = (user: User, caller: Caller, check: () => Promise<Verification>) => Promise<Verification>

/** The name that guesses of a user's factors are counted under; a right password does not forget them. */
export function factorsOf({ id }: Pick<User, 'id'>): string {
  return `factors of ${id}`
}

export function createGuess(throttle: Throttle): Guess {
  return (user, { ip }, check) => throttled(throttle, { username: factorsOf(user), ip, everywhere: true }, check)
}
