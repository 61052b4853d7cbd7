/** What a user could show right now, read with as few questions as a login without second factors can cost. */
import type { User } from '../users/records.ts'
import type { FactorMethod } from './factors.ts'
import type { MailCodes } from './mail-codes.ts'
import type { Passkeys } from './passkeys.ts'
import type { RecoveryCodes } from './recovery-codes.ts'
import type { TotpFactors } from './totp.ts'

export interface Standing {
  /** Whether there is a factor, usable or not: who has one shows it, also when the server has become unable to ask. */
  readonly enrolled: boolean
  /** Ways that work now, the strongest first. */
  readonly usable: readonly FactorMethod[]
  /** A factor has died with the mail address: another one has to take its place. */
  readonly lost: boolean
}

export interface StandingParts {
  readonly totp: Pick<TotpFactors, 'list'>
  readonly mail: Pick<MailCodes, 'standing'>
  readonly passkeys: Pick<Passkeys, 'list' | 'isUsable'>
  readonly recovery: Pick<RecoveryCodes, 'left'>
  readonly canMail: () => boolean
}

/** Recovery codes replace a factor and are none: alone they ask nothing of anybody. */
export function createStanding({ totp, mail, passkeys, recovery, canMail }: StandingParts) {
  return async (user: User): Promise<Standing> => {
    const [apps, mailbox, keys] = await Promise.all([totp.list(user.id), mail.standing(user), passkeys.list(user.id)])
    const enrolled = apps.length > 0 || keys.length > 0 || mailbox.factor !== undefined
    if (!enrolled) return { enrolled, usable: [], lost: mailbox.lost }
    const paper = await recovery.left(user.id)
    const offers: readonly (readonly [FactorMethod, boolean])[] = [
      ['passkey', keys.some(passkeys.isUsable)],
      ['otp', apps.length > 0],
      ['email', mailbox.factor !== undefined && canMail()],
      ['recovery_code', paper.left > 0],
    ]
    return { enrolled, usable: offers.flatMap(([method, offered]) => (offered ? [method] : [])), lost: false }
  }
}
