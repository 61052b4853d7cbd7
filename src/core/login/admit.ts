/** From what a source says to our record of it: found by (source, external id), made at first login, groups kept equal. */
import { type Identity, insert, type Step, type Storage, take, update } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import { newId } from '../identifier.ts'
import { commitOrAgain } from '../storage/commit.ts'
import { repository } from '../storage/repository.ts'
import { claimName, isNameOfClient } from '../users/claimed-names.ts'
import { userFinder } from '../users/find-users.ts'
import { groupUnchanged, nextVersion } from '../users/guards.ts'
import { comparisonKey, isEmail, isStorableName } from '../users/names.ts'
import { groups, memberships, type User, users } from '../users/records.ts'
import type { Caller, World } from '../world.ts'

export interface Admission {
  /**
   * The record of this identity as the source describes it now, made if it is new; `undefined` if its name belongs to
   * somebody else. Memberships of other sources, and those granted here, stay as they are. Whoever has read the record a
   * moment ago hands it over.
   */
  admit(source: string, identity: Identity, caller: Caller, known?: User): Promise<Admitted | undefined>
}

export interface Admitted {
  readonly user: User
  /** Names of all groups that the user is in, whoever put the user there. */
  readonly groups: readonly string[]
}

interface Entry {
  readonly event: 'user.created' | 'user.changed' | 'group.created' | 'group.member-added' | 'group.member-removed'
  readonly target: string
}

interface Synchronised {
  readonly steps: readonly Step[]
  readonly groups: Admitted['groups']
}

interface Named {
  readonly username: string
  /** Of the commit that gives the name. */
  readonly steps: readonly Step[]
}

export function createAdmission(deps: {
  readonly storage: Storage
  readonly world: World
  readonly audit: Audit
}): Admission {
  const { storage, world, audit } = deps
  const finder = userFinder(storage)
  const stored = repository(storage, users)

  /** Is this name free for the user with this id? */
  async function free(field: 'usernameKey' | 'emailKey', key: string, id: string | undefined): Promise<boolean> {
    const where = field === 'usernameKey' ? { usernameKey: key } : { emailKey: key }
    const holder = await stored.findOne({ by: [field], equals: where })
    return holder === undefined || holder.id === id
  }

  /** A name that is somebody else's, or a client's, is not taken over: the old one stays, a new user gets none. */
  async function nameOf(identity: Identity, before: User | undefined): Promise<Named | undefined> {
    const username = identity.username.normalize('NFKC')
    const key = comparisonKey(username)
    if (username === before?.username) return { username, steps: [] }
    const claim = await claimName(storage, username, world.now())
    const own = key === before?.usernameKey || (await free('usernameKey', key, before?.id))
    if (own && !(await isNameOfClient(storage, username))) return { username, steps: [claim] }
    world.log.warn('user name of a login source belongs to another user or to a client', {
      username,
      external_id: identity.externalId,
    })
    return before && { username: before.username, steps: [] }
  }

  async function emailOf({ email, externalId }: Identity, before: User | undefined): Promise<string | null> {
    if (email === undefined || email === '') return null
    const address = email.normalize('NFKC')
    const usable = isStorableName(address) && isEmail(address)
    const key = comparisonKey(address)
    if (usable && (key === before?.emailKey || (await free('emailKey', key, before?.id)))) return address
    const reason = usable ? 'another user has it' : 'it is no mail address'
    world.log.warn('mail address of a login source left out', { external_id: externalId, reason })
    return null
  }

  async function groupSteps(user: User, wanted: readonly string[], entries: Entry[]): Promise<Synchronised> {
    const { id: userId, source } = user
    const steps: Step[] = []
    const names = wanted.map((name) => name.normalize('NFKC'))
    const missing = new Set(names)
    const held = await repository(storage, memberships).list({ by: ['userId', 'source'], equals: { userId } })
    const others = held.filter((row) => row.source !== source)
    for (const row of held) {
      if (row.source !== source || missing.delete(row.groupName)) continue
      steps.push(take(memberships, { groupName: row.groupName, userId, source }))
      entries.push({ event: 'group.member-removed', target: `group:${row.groupName}` })
    }
    const now = world.now()
    for (const name of missing) {
      const group = await repository(storage, groups).get({ name })
      if (group) steps.push(groupUnchanged(group))
      else {
        steps.push(insert(groups, { name, description: '', roles: [], createdAt: now, updatedAt: now }))
        entries.push({ event: 'group.created', target: `group:${name}` })
      }
      steps.push(insert(memberships, { groupName: name, userId, source, createdAt: now }))
      entries.push({ event: 'group.member-added', target: `group:${name}` })
    }
    return { steps, groups: [...new Set([...names, ...others.map(({ groupName }) => groupName)])].sort() }
  }

  return {
    async admit(source, identity, caller, known) {
      const { externalId } = identity
      let read = known
      let admitted: Admitted | undefined
      const entries: Entry[] = []
      await commitOrAgain(storage, async () => {
        entries.length = 0
        const before = read ?? (await finder.byIdentity(source, externalId))
        read = undefined
        const named = await nameOf(identity, before)
        if (named === undefined) {
          admitted = undefined
          return undefined
        }
        const { username } = named
        const email = await emailOf(identity, before)
        const profile = {
          username,
          usernameKey: comparisonKey(username),
          email,
          emailKey: email === null ? null : comparisonKey(email),
          displayName: identity.displayName ?? before?.displayName ?? null,
          claims: identity.claims ?? before?.claims ?? {},
          ...(before?.disabledBySource && { disabled: false, disabledBySource: false }),
        }
        const now = world.now()
        const described = before && { ...before, ...profile }
        const changed = !Bun.deepEquals(described, before)
        let user: User = described ?? { ...newcomer(newId('u', world), now), source, externalId, ...profile }
        const steps: Step[] = [...named.steps]
        if (before && changed) {
          user = { ...user, updatedAt: nextVersion(now, before.updatedAt) }
          const set = { ...profile, updatedAt: user.updatedAt }
          steps.push(update(users, { id: before.id }, { set, when: { updatedAt: before.updatedAt } }))
          entries.push({ event: 'user.changed', target: `user:${username}` })
        } else if (!before) {
          steps.push(insert(users, user))
          entries.push({ event: 'user.created', target: `user:${username}` })
        }
        const synchronised = await groupSteps(user, identity.groups, entries)
        admitted = { user, groups: synchronised.groups }
        return [...steps, ...synchronised.steps]
      })
      for (const entry of entries) {
        audit.record({ ...entry, outcome: 'ok', caller, detail: { source, user: admitted?.user.username ?? '' } })
      }
      return admitted
    },
  }
}

function newcomer(id: string, now: number) {
  return {
    id,
    activated: true,
    disabled: false,
    disabledBySource: false,
    technicalUser: false,
    roles: [],
    createdAt: now,
    updatedAt: now,
    passwordChangedAt: null,
    factorsOnRecord: false,
    lastLoginAt: null,
  }
}
