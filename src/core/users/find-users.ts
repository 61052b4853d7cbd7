/** The ways to find a user, and what else is read about one. */
import type { Storage } from '#plugin'
import { repository } from '../storage/repository.ts'
import { comparisonKey, NAME_LENGTH } from './names.ts'
import { groups, memberships, type User, users } from './records.ts'
import type { Subject } from './users.ts'

export interface UserFinder {
  byId(id: string): Promise<User | undefined>
  byName(username: string): Promise<User | undefined>
  byEmail(email: string): Promise<User | undefined>
  byIdentity(source: string, externalId: string): Promise<User | undefined>
  groupsOf(userId: string): Promise<readonly string[]>
  subject(user: User, groups?: readonly string[]): Promise<Subject>
}

/** Activated and not disabled. */
export function canLogIn(user: User): boolean {
  return user.activated && !user.disabled
}

export function userFinder(storage: Storage): UserFinder {
  const stored = repository(storage, users)
  const joined = repository(storage, memberships)
  const named = repository(storage, groups)

  async function groupsOf(userId: string): Promise<readonly string[]> {
    const rows = await joined.list({ by: ['userId', 'source'], equals: { userId } })
    return [...new Set(rows.map(({ groupName }) => groupName))].sort()
  }

  return {
    byId: async (id) => (isFindable(id) ? stored.get({ id }) : undefined),
    byName: async (username) => {
      if (!isFindable(username)) return undefined
      return stored.findOne({ by: ['usernameKey'], equals: { usernameKey: comparisonKey(username) } })
    },
    byEmail: async (email) => {
      if (!isFindable(email)) return undefined
      return stored.findOne({ by: ['emailKey'], equals: { emailKey: comparisonKey(email) } })
    },
    byIdentity: async (source, externalId) => {
      return stored.findOne({ by: ['source', 'externalId'], equals: { source, externalId } })
    },
    groupsOf,
    async subject(user, known) {
      const names = known ?? (await groupsOf(user.id))
      const rows = await Promise.all(names.map((name) => named.get({ name })))
      const roles = new Set([...user.roles, ...rows.flatMap((row) => row?.roles ?? [])])
      return { kind: 'user', user, groups: names, roles: [...roles].sort() }
    },
  }
}

/** Could anything be stored under this text? Spares engines what they cannot compare (NUL, megabytes). */
export function isFindable(text: string): boolean {
  return text.length <= 4 * NAME_LENGTH && text.isWellFormed() && !text.includes('\0')
}
