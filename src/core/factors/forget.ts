import { remove, type Step } from '#plugin'
import { factorDemands, mailCodes, mailFactors, mfaTokens, passkeys, recoveryCodes, totpFactors } from './records.ts'

/** Steps that take every factor of a user away, for who lost them. */
export function stepsToForget(userId: string): readonly Step[] {
  const equals = { userId }
  return [
    remove(totpFactors, { by: ['userId', 'createdAt'], equals }),
    remove(passkeys, { by: ['userId', 'createdAt'], equals }),
    remove(recoveryCodes, { by: ['userId', 'createdAt'], equals }),
    remove(mailFactors, { equals }),
    remove(mailCodes, { by: ['userId'], equals }),
    remove(mfaTokens, { by: ['userId'], equals }),
  ]
}

/** The same for a user who is deleted: not even a demand is left. */
export function stepsToDelete(userId: string): readonly Step[] {
  return [...stepsToForget(userId), remove(factorDemands, { equals: { userId } })]
}
