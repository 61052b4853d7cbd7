/** Users: created, found, changed and deleted, each in one commit with everything that it revokes. */
import { insert, remove, type Step, take, update } from '#plugin'
import { type AskDeps, passwordAsker } from '../login/ask.ts'
import { newId } from '../identifier.ts'
import { Problem } from '../problem.ts'
import { consents } from '../authorization/records.ts'
import { stepsToDelete } from '../factors/forget.ts'
import { commitOrAgain } from '../storage/commit.ts'
import { repository } from '../storage/repository.ts'
import type { Caller } from '../world.ts'
import { acceptUserFields } from './accept.ts'
import { claimName, isNameOfClient } from './claimed-names.ts'
import { putCredential, removeCredential } from './credentials.ts'
import { canLogIn, userFinder } from './find-users.ts'
import { anotherAdminRemains, endLogins, groupUnchanged, nextVersion } from './guards.ts'
import { comparisonKey, type Fault, refuseFaults } from './names.ts'
import { createMove } from './move-user.ts'
import { createPasswords, type PasswordDeps } from './passwords.ts'
import { GRANTED, groups, memberships, type User, users } from './records.ts'
import type { NewUser, UserChange, Users } from './users.ts'

export type UserDeps = Omit<PasswordDeps, 'ask' | 'finder'> & AskDeps

export function createUsers(deps: UserDeps): Users {
  const { storage, world, settings, audit } = deps
  const stored = repository(storage, users)
  const finder = userFinder(storage)
  const passwords = createPasswords({ ...deps, finder, ask: passwordAsker(deps) })

  const move = createMove({ ...deps, finder })

  async function existing(id: string): Promise<User> {
    const user = await finder.byId(id)
    if (!user) throw new Problem('not_found', 'There is no such user')
    return user
  }

  /** Why a record cannot be written as it is; nothing when it could be by now. */
  async function refuseTaken({ id, usernameKey, emailKey }: User): Promise<void> {
    const named = await stored.findOne({ by: ['usernameKey'], equals: { usernameKey } })
    if (named && named.id !== id) throw new Problem('conflict', 'This user name is taken')
    const mailed = emailKey === null ? undefined : await stored.findOne({ by: ['emailKey'], equals: { emailKey } })
    if (mailed && mailed.id !== id) throw new Problem('conflict', 'This mail address is taken')
  }

  /** What brokers and resource servers are told of a client must not be a person, too. The step keeps it so. */
  async function nameSteps({ username }: User): Promise<readonly Step[]> {
    const claim = await claimName(storage, username, world.now())
    if (await isNameOfClient(storage, username)) throw new Problem('conflict', 'A client has this name')
    return [claim]
  }

  /** Steps that make a new user a member of existing groups. */
  async function joining(userId: string, names: readonly string[], now: number): Promise<readonly Step[]> {
    const steps: Step[] = []
    for (const [index, name] of [...new Set(names)].entries()) {
      const group = await repository(storage, groups).get({ name })
      if (group) {
        steps.push(groupUnchanged(group))
        steps.push(insert(memberships, { groupName: name, userId, source: GRANTED, createdAt: now }))
      } else refuseFaults([{ path: `/groups/${index}`, message: 'There is no such group' }])
    }
    return steps
  }

  async function create(input: NewUser, caller: Caller): Promise<User> {
    const { groups: names = [] } = input
    const faults: Fault[] = []
    const fields = acceptUserFields(input, settings(), faults)
    refuseFaults(faults)
    const source = passwords.keeper()
    const now = world.now()
    const id = newId('u', world)
    const blank = { ...BLANK, id, username: '', usernameKey: '', createdAt: now, updatedAt: now }
    const user: User = { ...blank, ...fields, source: source.id, externalId: id }
    await refuseTaken(user)
    const secret = await passwords.secretFor(input, source)
    const made: User = secret === undefined ? user : { ...user, activated: true, passwordChangedAt: now }
    const kept = secret === undefined ? [] : putCredential({ source: source.id, name: id, value: secret })
    await commitOrAgain(storage, async () => {
      await refuseTaken(made)
      return [...(await nameSteps(made)), insert(users, made), ...kept, ...(await joining(id, names, now))]
    })
    const detail = { id, source: source.id, groups: names.join(' ') }
    audit.record({ event: 'user.created', outcome: 'ok', target: `user:${made.username}`, caller, detail })
    return made
  }

  return {
    create,

    async get(idOrName) {
      return (await finder.byId(idOrName)) ?? (await finder.byName(idOrName)) ?? (await finder.byEmail(idOrName))
    },

    async list({ limit, after, prefix }) {
      const narrowed = prefix === undefined ? {} : { prefix: comparisonKey(prefix) }
      return stored.find({ by: ['usernameKey'], limit, ...narrowed, ...(after !== undefined && { after }) })
    },

    async update(id, change, caller) {
      const faults: Fault[] = []
      const accepted = acceptUserFields(change, settings(), faults)
      const fields = { ...accepted, ...(change.disabled !== undefined && { disabledBySource: false }) }
      refuseFaults(faults)
      let before = await existing(id)
      let after = before
      await commitOrAgain(storage, async () => {
        before = await existing(id)
        refuseForeign(before, change, passwords.keepsSecretOf(before))
        after = { ...before, ...fields, updatedAt: nextVersion(world.now(), before.updatedAt) }
        await refuseTaken(after)
        const named = after.username === before.username ? [] : await nameSteps(after)
        const shutOut = canLogIn(before) && !canLogIn(after)
        const set = { ...fields, updatedAt: after.updatedAt }
        return [
          ...named,
          update(users, { id }, { set, when: { updatedAt: before.updatedAt } }),
          ...(shutOut ? await anotherAdminRemains(storage, { group: settings().groups.admin, leaving: before }) : []),
          ...(canLogIn(after) ? [] : endLogins(id)),
        ]
      })
      const renamed = before.username === after.username ? {} : { renamedFrom: before.username }
      const detail = { id, changed: Object.keys(change).join(' '), disabled: after.disabled, ...renamed }
      audit.record({ event: 'user.changed', outcome: 'ok', target: `user:${after.username}`, caller, detail })
      return after
    },

    async delete(id, caller) {
      let user = await existing(id)
      await commitOrAgain(storage, async () => {
        user = await existing(id)
        return [
          ...(await anotherAdminRemains(storage, { group: settings().groups.admin, leaving: user })),
          take(users, { id }, { updatedAt: user.updatedAt }),
          remove(memberships, { by: ['userId', 'source'], equals: { userId: id } }),
          removeCredential({ source: user.source, name: user.externalId }),
          ...endLogins(id),
          ...stepsToDelete(id),
          remove(consents, { equals: { userId: id } }),
        ]
      })
      audit.record({ event: 'user.deleted', outcome: 'ok', target: `user:${user.username}`, caller, detail: { id } })
    },

    move: async (id, to, caller) => move(await existing(id), to, caller),
    setPassword: async (id, password, caller) => passwords.set(await existing(id), password, caller),
    changePassword: async (id, current, next, caller) =>
      passwords.change(await existing(id), { current, next }, caller),
    subject: (user, known) => finder.subject(user, known),
    keptHere: passwords.keepsSecretOf,
    groupsOf: (userId) => finder.groupsOf(userId),
    isAdmin: (subject) => subject.groups.includes(settings().groups.admin),

    async ensureFirstAdmin({ username, password }, caller) {
      const name = settings().groups.admin
      for await (const row of repository(storage, memberships).all({ equals: { groupName: name } })) {
        const member = await finder.byId(row.userId)
        if (member && canLogIn(member)) return undefined
      }
      const now = world.now()
      const group = { name, description: 'Administrators of this server', roles: [], createdAt: now, updatedAt: now }
      const { ok } = await storage.commit([insert(groups, group)])
      if (ok) audit.record({ event: 'group.created', outcome: 'ok', target: `group:${name}`, caller })
      return create({ username, password, groups: [name] }, caller)
    },
  }
}

const BLANK = {
  email: null,
  emailKey: null,
  displayName: null,
  activated: false,
  disabled: false,
  disabledBySource: false,
  technicalUser: false,
  roles: [],
  claims: {},
  passwordChangedAt: null,
  factorsOnRecord: false,
  lastLoginAt: null,
} satisfies Partial<User>

/** What a directory calls somebody is changed there. */
function refuseForeign(user: User, change: UserChange, keptHere: boolean): void {
  if (keptHere) return
  const message = `Is set by login source ${user.source}`
  const owned = (['username', 'email'] as const).filter((field) => change[field] !== undefined)
  refuseFaults(owned.map((field) => ({ path: `/${field}`, message })))
}
