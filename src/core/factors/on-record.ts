/** Whether a login has to look for second factors: most users have none, and their record alone says so. */
import { type Step, update } from '#plugin'
import { users } from '../users/records.ts'

/** Belongs into each commit that stores something of a user which a login asks for. */
export function noteFactors(userId: string): Step {
  return update(users, { id: userId }, { set: { factorsOnRecord: true } })
}
