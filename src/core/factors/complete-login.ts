/** A login of a program, with name, password and a code in one request: nobody to be asked in between. */
import type { Audit } from '../audit/audit.ts'
import type { Authentication } from '../login/login.ts'
import { Problem } from '../problem.ts'
import type { User } from '../users/records.ts'
import type { Users } from '../users/users.ts'
import type { Caller } from '../world.ts'
import { withSecondFactor } from './acr.ts'
import type { Factors, Proof } from './factors.ts'

/** Codes that came with the password. */
export interface GivenCodes {
  readonly otp?: string | undefined
  readonly recoveryCode?: string | undefined
}

/** Refuses with `second_factor_required` where one is missing, and with `invalid_credentials` where it is wrong. */
export type CompleteLogin = (first: Authentication, codes: GivenCodes, caller: Caller) => Promise<Authentication>

export function createCompleteLogin({
  factors,
  users,
  audit,
}: {
  readonly factors: Pick<Factors, 'next' | 'verify'>
  readonly users: Pick<Users, 'groupsOf'>
  readonly audit: Pick<Audit, 'record'>
}): CompleteLogin {
  function missing(user: User, caller: Caller, reason: string, detail: string): Problem {
    const target = `user:${user.username}`
    audit.record({ event: 'factor.verified', outcome: 'refused', target, caller, detail: { reason } })
    return new Problem('second_factor_required', detail)
  }

  return async (first, codes, caller) => {
    const { user } = first
    const { step } = await factors.next(user, { groups: () => users.groupsOf(user.id) })
    if (step === 'none') return first
    if (step === 'enrol')
      throw missing(user, caller, 'none', 'A second factor is needed, and there is none: add one with a browser')
    const proof = proofOf(codes)
    if (!proof) throw missing(user, caller, 'not shown', 'Send a code of the second factor too: otp or recoveryCode')
    const verification = await factors.verify(user, proof, caller)
    if (!verification.ok) throw new Problem('invalid_credentials', 'The code is wrong or no longer valid')
    return { ...first, amr: withSecondFactor(first.amr, verification.amr) }
  }
}

function proofOf({ otp, recoveryCode }: GivenCodes): Proof | undefined {
  if (otp !== undefined) return { method: 'otp', code: otp }
  return recoveryCode === undefined ? undefined : { method: 'recovery_code', code: recoveryCode }
}
