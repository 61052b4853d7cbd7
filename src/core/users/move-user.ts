/** Giving a user to another login source, which alone answers for the person from then on. */
import { remove, type Storage, update } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import { type AskDeps, askInTime } from '../login/ask.ts'
import type { ConfiguredSource } from '../login/login.ts'
import { Problem } from '../problem.ts'
import type { Settings } from '../settings.ts'
import { commitOrAgain } from '../storage/commit.ts'
import type { Caller } from '../world.ts'
import { removeCredential } from './credentials.ts'
import type { UserFinder } from './find-users.ts'
import { anotherAdminRemains, endLogins, nextVersion } from './guards.ts'
import { refuseFaults } from './names.ts'
import { memberships, type User, users } from './records.ts'

export interface Move {
  readonly source: string
  /** Who this is over there; without it the source is asked by name. */
  readonly externalId?: string
}

export interface MoveDeps extends AskDeps {
  readonly storage: Storage
  readonly settings: () => Settings
  readonly audit: Audit
  readonly sources: () => readonly ConfiguredSource[]
  readonly finder: UserFinder
}

const UNUSABLE = /[\p{Cc}\p{Cs}]/u

export function createMove(deps: MoveDeps) {
  const { storage, world, settings, audit, sources, finder } = deps

  /** Who the user is at the new source: told, found there by name, or, where secrets are kept here, the own id. */
  async function externalIdOf(user: User, { id, source }: ConfiguredSource, told: string | undefined): Promise<string> {
    if (told !== undefined) return told
    if (source.passwordChange) return user.id
    const { username } = user
    const { lookup } = source
    if (!lookup) throw new Problem('invalid_request', `Login source ${id} finds nobody by name: say the external id`)
    const verdict = await askInTime(id, deps, (signal) => lookup({ username, signal }))
    if (verdict.ok) return verdict.identity.externalId
    const reason = verdict.detail ?? verdict.why
    throw new Problem(
      'conflict',
      `Login source ${id} does not know "${username}": ${reason}; if it should, say the external id`,
    )
  }

  async function refuseHeld(source: string, externalId: string, user: User): Promise<void> {
    const holder = await finder.byIdentity(source, externalId)
    if (!holder) return
    const whose = holder.id === user.id ? 'is this user already' : `is the user ${holder.username} already`
    throw new Problem('conflict', `${externalId} of login source ${source} ${whose}`)
  }

  return async (user: User, move: Move, caller: Caller): Promise<User> => {
    const to = sources().find(({ id }) => id === move.source)
    if (!to) {
      const known = sources().map(({ id }) => id)
      refuseFaults([{ path: '/source', message: `Must be a configured login source: ${known.join(', ')}` }])
      return user
    }
    const externalId = await externalIdOf(user, to, move.externalId)
    if (externalId === '' || externalId.length > 190 || UNUSABLE.test(externalId)) {
      refuseFaults([{ path: '/externalId', message: 'Must be 1 to 190 characters on one line' }])
    }
    let [before, after] = [user, user]
    await commitOrAgain(storage, async () => {
      before = (await finder.byId(user.id)) ?? gone()
      await refuseHeld(to.id, externalId, before)
      const set = {
        source: to.id,
        externalId,
        // A password kept here has yet to be set.
        activated: to.source.passwordChange === undefined,
        disabled: before.disabled && !before.disabledBySource,
        disabledBySource: false,
        passwordChangedAt: null,
        updatedAt: nextVersion(world.now(), before.updatedAt),
      }
      after = { ...before, ...set }
      const leaving = { group: settings().groups.admin, leaving: before }
      return [
        ...(after.activated ? [] : await anotherAdminRemains(storage, leaving)),
        update(users, { id: user.id }, { set, when: { updatedAt: before.updatedAt } }),
        removeCredential({ source: before.source, name: before.externalId }),
        remove(memberships, { by: ['userId', 'source'], equals: { userId: user.id, source: before.source } }),
        ...endLogins(user.id),
      ]
    })
    const detail = { id: user.id, changed: 'source', from: before.source, to: to.id, externalId }
    audit.record({ event: 'user.changed', outcome: 'ok', target: `user:${after.username}`, caller, detail })
    return after
  }
}

function gone(): never {
  throw new Problem('not_found', 'There is no such user')
}
