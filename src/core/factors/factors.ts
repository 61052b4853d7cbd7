/** Second factors: what a user has, how it is added and taken away, and the one place where one is checked. */
import type {
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
} from '@simplewebauthn/server'
import type { User } from '../users/records.ts'
import type { Caller } from '../world.ts'
import type { Asked } from './demand.ts'
import type { Verification } from './guess.ts'
import type { MailChallenge } from './mail-codes.ts'
import type { ShownCode, TotpEnrolment } from './totp.ts'

export type FactorMethod = 'otp' | 'email' | 'recovery_code' | 'passkey'

/** Something a user has. */
export interface EnrolledFactor {
  readonly id: string
  readonly method: FactorMethod
  readonly name: string
  readonly createdAt: number
  readonly lastUsedAt: number | null
  /** For recovery codes: how many are left. */
  readonly left?: number
}

export type Proof =
  | { readonly method: 'otp'; readonly code: string }
  | { readonly method: 'email'; readonly handle: string; readonly code: string }
  | { readonly method: 'recovery_code'; readonly code: string }
  /** As the browser's `PublicKeyCredential.toJSON()` says it. */
  | { readonly method: 'passkey'; readonly response: unknown }

/** What stands between a right password and being logged in. */
export interface NextFactor {
  /** `none`; `verify` one of `methods`; or `enrol` one first, because it is demanded and there is none. */
  readonly step: 'none' | 'verify' | 'enrol'
  /** Ways that work now, the strongest first. */
  readonly methods: readonly FactorMethod[]
}

/** A login with a passkey alone. */
export type PasskeyLogin =
  | { readonly ok: true; readonly user: User; readonly amr: readonly string[]; readonly authTime: number }
  | { readonly ok: false }

/**
 * Everything that changes something writes an audit event. Codes that are wrong are an expected outcome (`false`, `ok:
 * false`), never told apart; too many of them are refused with `too_many_attempts`, counted over all factors of a user.
 */
export interface Factors {
  list(user: User): Promise<readonly EnrolledFactor[]>
  /** What a login needs beyond its first factor: who has a second factor always shows it. */
  next(user: User, asked: Asked): Promise<NextFactor>
  /** Whether this user needs one whatever group or client. */
  demanded(user: User): Promise<boolean>
  demand(user: User, demanded: boolean, caller: Caller): Promise<void>
  /** `amr` of the second factor alone; put together with the first by `withSecondFactor`. */
  verify(user: User, proof: Proof, caller: Caller): Promise<Verification>
  /** Mails a code to a user whose factor that is. */
  challengeMail(user: User, caller: Caller): Promise<MailChallenge>
  /** Options for `navigator.credentials.get`: of this user's passkeys, or of any for a login without a name. */
  passkeyOptions(user: User | undefined): Promise<PublicKeyCredentialRequestOptionsJSON>
  /** Who this passkey says is there. It counts as two factors: the device, and what it checked. */
  passkeyLogin(response: unknown, caller: Caller): Promise<PasskeyLogin>

  enrolTotp(user: User): Promise<TotpEnrolment>
  /** An enrolment that is not finished, to be shown again. */
  pendingTotp(user: User, id: string): Promise<TotpEnrolment | undefined>
  confirmTotp(user: User, shown: ShownCode, caller: Caller): Promise<boolean>
  /** Whether codes could be mailed to this user at all. */
  canMail(user: User): boolean
  enrolMail(user: User, caller: Caller): Promise<MailChallenge>
  confirmMail(user: User, handle: string, code: string, caller: Caller): Promise<boolean>
  passkeyCreation(user: User): Promise<PublicKeyCredentialCreationOptionsJSON>
  /** Says what kind of key it is. */
  addPasskey(user: User, response: unknown, name: string, caller: Caller): Promise<Verification>
  /** New ones in place of the old ones; shown once. */
  newRecoveryCodes(user: User, caller: Caller): Promise<readonly string[]>
  /** By `id` of the list. False when there is no such factor. With the last one the recovery codes go too. */
  remove(user: User, id: string, caller: Caller): Promise<boolean>
  /** Everything, for somebody who lost everything; the throttle forgets too. */
  reset(user: User, caller: Caller): Promise<void>
}
