/** Steps that change nothing and make a commit fail when something else has changed, and what every revocation shares. */
import { insert, remove, type Step, type Storage, update } from '#plugin'
import { browserSessions } from '../browser/records.ts'
import { deviceCodes } from '../device/records.ts'
import { endedLogins } from '../logout/records.ts'
import { Problem } from '../problem.ts'
import { identityTokens } from '../session/records.ts'
import { repository } from '../storage/repository.ts'
import { grants } from '../token/records.ts'
import { canLogIn, userFinder } from './find-users.ts'
import { type Group, groups, type Membership, memberships, type User, users } from './records.ts'

/** Holds while the user record is as it was read. */
export function userUnchanged({ id, updatedAt }: User): Step {
  return update(users, { id }, { set: { updatedAt }, when: { updatedAt } })
}

/** Holds while the group exists as it was read. */
export function groupUnchanged({ name, updatedAt }: Group): Step {
  return update(groups, { name }, { set: { updatedAt }, when: { updatedAt } })
}

function membershipUnchanged({ groupName, userId, source, createdAt }: Membership): Step {
  return update(memberships, { groupName, userId, source }, { set: { createdAt }, when: { createdAt } })
}

/** The user's identity tokens end with the commit that this is part of. */
export function endIdentityTokens(userId: string): Step {
  return remove(identityTokens, { by: ['userId', 'slot'], equals: { userId } })
}

/** The same for where the user is logged in with a browser. */
export function endBrowserSessions(userId: string): Step {
  return remove(browserSessions, { by: ['userId', 'createdAt'], equals: { userId } })
}

/** The same for what the user allowed clients: without the grant its tokens are nothing. */
function endGrants(userId: string): Step {
  return remove(grants, { by: ['userId', 'clientId'], equals: { userId } })
}

/** The same for what the user allowed devices that have not fetched their tokens yet: all of them, or those of one client. */
export function endAllowedDevices(userId: string, clientId?: string): Step {
  const equals = { userId, ...(clientId !== undefined && { clientId }) }
  return remove(deviceCodes, { by: ['userId', 'clientId'], equals })
}

/**
 * Every login of the user ends with the commit that this is part of, and every token that came of one. Clients hear of it
 * in the next round of the janitor.
 */
export function endLogins(userId: string): readonly Step[] {
  const noted = [remove(endedLogins, { equals: { userId } }), insert(endedLogins, { userId })]
  const ends = [endIdentityTokens, endBrowserSessions, endGrants, endAllowedDevices]
  return [...ends.map((end) => end(userId)), ...noted]
}

/** A time that no earlier change of the record has. */
export function nextVersion(now: number, before: number): number {
  return Math.max(now, before + 1)
}

/**
 * Steps that hold only while somebody other than `leaving` can administer; none when `leaving` cannot anyway. Refuses
 * when there is nobody else. `except` is the membership that goes away, when it is not the user.
 */
export async function anotherAdminRemains(
  storage: Storage,
  { group, leaving, except }: { readonly group: string; readonly leaving: User; readonly except?: string },
): Promise<readonly Step[]> {
  if (!canLogIn(leaving)) return []
  const finder = userFinder(storage)
  let administers = false
  const others: Membership[] = []
  for await (const row of repository(storage, memberships).all({ equals: { groupName: group } })) {
    if (row.userId !== leaving.id) others.push(row)
    else if (row.source !== except) administers = true
  }
  const keepsIt = except !== undefined && administers
  if (keepsIt || (except === undefined && !administers)) return []
  for (const row of others) {
    const user = await finder.byId(row.userId)
    if (user && canLogIn(user)) return [userUnchanged(user), membershipUnchanged(row)]
  }
  throw new Problem('conflict', `${leaving.username} is the last administrator who can log in; name another one first`)
}
