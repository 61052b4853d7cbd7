/** Groups and who is in them by an administrator's word. */
import { insert, remove, type Storage, take, update } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import { Problem } from '../problem.ts'
import type { Settings } from '../settings.ts'
import { commitOrAgain } from '../storage/commit.ts'
import { repository } from '../storage/repository.ts'
import type { Caller, World } from '../world.ts'
import { acceptRoles, acceptText } from './accept.ts'
import { isFindable, userFinder } from './find-users.ts'
import { anotherAdminRemains, groupUnchanged, nextVersion, userUnchanged } from './guards.ts'
import { acceptName, type Fault, refuseFaults } from './names.ts'
import { GRANTED, type Group, groups, type Membership, memberships, type User } from './records.ts'
import type { Groups } from './users.ts'

export interface GroupDeps {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly audit: Audit
}

export function createGroups({ storage, world, settings, audit }: GroupDeps): Groups {
  const stored = repository(storage, groups)
  const joined = repository(storage, memberships)
  const finder = userFinder(storage)

  async function existing(name: string): Promise<Group> {
    const group = isFindable(name) ? await stored.get({ name }) : undefined
    if (!group) throw new Problem('not_found', `There is no group "${name}"`)
    return group
  }

  async function member(username: string): Promise<User> {
    const user = await finder.byName(username)
    if (!user) throw new Problem('not_found', `There is no user "${username}"`)
    return user
  }

  function record(change: 'member-added' | 'member-removed', names: readonly [string, string], caller: Caller): void {
    const [group, user] = names
    audit.record({ event: `group.${change}`, outcome: 'ok', target: `group:${group}`, caller, detail: { user } })
  }

  /** A user may be a member by several sources; these rows are neighbours, and the first of them counts. */
  async function isFirstOf(row: Membership): Promise<boolean> {
    const first = await joined.findOne({ equals: { groupName: row.groupName, userId: row.userId } })
    return first?.source === row.source
  }

  return {
    async create({ name, description = '', roles = [] }, caller) {
      const faults: Fault[] = []
      const accepted = acceptName({ path: '/name', value: name, pattern: settings().patterns.group }, faults)
      acceptText('/description', description, faults)
      acceptRoles(roles, faults)
      refuseFaults(faults)
      const now = world.now()
      const group = { name: accepted, description, roles: [...new Set(roles)], createdAt: now, updatedAt: now }
      if (!(await storage.commit([insert(groups, group)])).ok)
        throw new Problem('conflict', 'This group exists already')
      audit.record({ event: 'group.created', outcome: 'ok', target: `group:${accepted}`, caller })
      return group
    },

    get: async (name) => (isFindable(name) ? stored.get({ name }) : undefined),

    list: ({ limit, after, prefix }) => {
      return stored.find({ limit, ...(prefix !== undefined && { prefix }), ...(after !== undefined && { after }) })
    },

    async update(name, { description, roles }, caller) {
      const faults: Fault[] = []
      if (description !== undefined) acceptText('/description', description, faults)
      if (roles) acceptRoles(roles, faults)
      refuseFaults(faults)
      let after = await existing(name)
      await commitOrAgain(storage, async () => {
        const before = await existing(name)
        const set = {
          ...(description !== undefined && { description }),
          ...(roles && { roles: [...new Set(roles)] }),
          updatedAt: nextVersion(world.now(), before.updatedAt),
        }
        after = { ...before, ...set }
        return [update(groups, { name }, { set, when: { updatedAt: before.updatedAt } })]
      })
      audit.record({ event: 'group.changed', outcome: 'ok', target: `group:${name}`, caller })
      return after
    },

    async delete(name, caller) {
      if (name === settings().groups.admin) {
        throw new Problem('conflict', 'The group of the administrators cannot be deleted')
      }
      const steps = [take(groups, { name }), remove(memberships, { equals: { groupName: name } })]
      if (!(await storage.commit(steps)).ok) throw new Problem('not_found', `There is no group "${name}"`)
      audit.record({ event: 'group.deleted', outcome: 'ok', target: `group:${name}`, caller })
    },

    async members(name, { limit, after }) {
      await existing(name)
      const page = await joined.find({ equals: { groupName: name }, limit, ...(after !== undefined && { after }) })
      const found: User[] = []
      for (const row of page.rows) {
        const user = (await isFirstOf(row)) ? await finder.byId(row.userId) : undefined
        if (user) found.push(user)
      }
      return { ...page, rows: found }
    },

    async addMember(name, username, caller) {
      let added = false
      await commitOrAgain(storage, async () => {
        const group = await existing(name)
        const user = await member(username)
        const key = { groupName: name, userId: user.id, source: GRANTED }
        added = (await joined.get(key)) === undefined
        if (!added) return undefined
        const row = { ...key, createdAt: world.now() }
        return [groupUnchanged(group), userUnchanged(user), insert(memberships, row)]
      })
      if (added) record('member-added', [name, username], caller)
    },

    async removeMember(name, username, caller) {
      await commitOrAgain(storage, async () => {
        await existing(name)
        const user = await member(username)
        const key = { groupName: name, userId: user.id, source: GRANTED }
        if (!(await joined.get(key))) {
          const other = await joined.findOne({ equals: { groupName: name, userId: user.id } })
          if (!other) throw new Problem('not_found', 'This user is not in this group')
          throw new Problem(
            'conflict',
            `Login source ${other.source} says that this user is in this group; change it there`,
          )
        }
        const isAdmin = name === settings().groups.admin
        const left = isAdmin ? await anotherAdminRemains(storage, { group: name, leaving: user, except: GRANTED }) : []
        return [...left, take(memberships, key)]
      })
      record('member-removed', [name, username], caller)
    },
  }
}
