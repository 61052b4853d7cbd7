import { Problem } from '../../core/problem.ts'
import type { User } from '../../core/users/records.ts'
import type { Users } from '../../core/users/users.ts'

/** The user of an address, by id, name or mail; refuses with `not_found`. */
export async function existingUser(users: Pick<Users, 'get'>, idOrName: string): Promise<User> {
  const user = await users.get(idOrName)
  if (!user) throw new Problem('not_found', `There is no user "${idOrName}"`)
  return user
}
