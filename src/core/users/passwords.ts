/** Setting and changing the passwords of users whose secrets are kept here. */
import { type Step, type Storage, update } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import { type AskSource, throttled } from '../login/ask.ts'
import type { ConfiguredSource } from '../login/login.ts'
import type { Throttle } from '../login/throttle.ts'
import { Problem } from '../problem.ts'
import type { Settings } from '../settings.ts'
import { commitOrAgain } from '../storage/commit.ts'
import type { Caller, World } from '../world.ts'
import { putCredential } from './credentials.ts'
import type { UserFinder } from './find-users.ts'
import { endLogins, nextVersion } from './guards.ts'
import { refuseFaults } from './names.ts'
import { passwordFaults } from './password-policy.ts'
import { type User, users } from './records.ts'
import type { NewUser } from './users.ts'

export interface PasswordDeps {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly audit: Audit
  readonly sources: () => readonly ConfiguredSource[]
  readonly throttle: Throttle
  readonly ask: AskSource
  readonly finder: UserFinder
}

type Keeper = ConfiguredSource & { readonly change: NonNullable<ConfiguredSource['source']['passwordChange']> }

export function createPasswords(deps: PasswordDeps) {
  const { storage, world, settings, audit, sources, throttle, ask, finder } = deps

  function asKeeper(configured: ConfiguredSource | undefined): Keeper | undefined {
    const change = configured?.source.passwordChange
    return configured && change && { ...configured, change }
  }

  /** The login source that keeps passwords here; users made here are its. */
  function keeper(): Keeper {
    for (const configured of sources()) {
      const found = asKeeper(configured)
      if (found) return found
    }
    throw new Problem('conflict', 'No configured login source keeps passwords here, so users come from elsewhere')
  }

  function keeperOf(user: User): Keeper {
    const found = asKeeper(sources().find(({ id }) => id === user.source))
    if (found) return found
    throw new Problem(
      'conflict',
      `The password of ${user.username} is not kept here but by login source ${user.source}`,
    )
  }

  async function makeSecret({ id, change }: Keeper, password: string): Promise<string> {
    try {
      return await change.secret(password)
    } catch (error) {
      world.log.warn('password not hashed', { source: id, error: String(error) })
      throw new Problem('unavailable', 'Passwords cannot be set at this moment; try again', {
        retryAfter: 2,
        cause: error,
      })
    }
  }

  /** The text to keep for a new user, or `undefined` when neither password nor hash is given. */
  async function secretFor(input: NewUser, source: Keeper): Promise<string | undefined> {
    const { password, passwordHash, username, email } = input
    if (password !== undefined) {
      const known = [username, ...(email ? [email] : [])]
      refuseFaults(passwordFaults(password, { known, path: '/password', settings: settings() }))
      return makeSecret(source, password)
    }
    if (passwordHash !== undefined && !(await source.change.accepts(passwordHash))) {
      const message = `Must be a password hash that login source ${source.id} can check`
      refuseFaults([{ path: '/passwordHash', message }])
    }
    return passwordHash
  }

  /** Everything that a new password means. */
  function steps(user: User, secret: string): readonly Step[] {
    const now = world.now()
    const set = {
      activated: true,
      updatedAt: nextVersion(now, user.updatedAt),
      passwordChangedAt: nextVersion(now, user.passwordChangedAt ?? 0),
    }
    return [
      update(users, { id: user.id }, { set, when: { updatedAt: user.updatedAt } }),
      ...putCredential({ source: user.source, name: user.externalId, value: secret }),
      ...endLogins(user.id),
    ]
  }

  function refuseWeak(user: User, password: string, path: string): void {
    const known = [user.username, user.email ?? '', user.displayName ?? '']
    refuseFaults(passwordFaults(password, { known, path, settings: settings() }))
  }

  function record(user: User, caller: Caller, detail: Readonly<Record<string, string>>): void {
    const outcome = detail.reason === undefined ? 'ok' : 'refused'
    audit.record({ event: 'user.password', outcome, target: `user:${user.username}`, caller, detail })
  }

  return {
    keeper,
    /** Whether this user's name, mail and password are managed here rather than in a directory. */
    keepsSecretOf: (user: User) => asKeeper(sources().find(({ id }) => id === user.source)) !== undefined,
    secretFor,

    async set(user: User, password: string, caller: Caller): Promise<void> {
      const source = keeperOf(user)
      refuseWeak(user, password, '/password')
      const secret = await makeSecret(source, password)
      await commitOrAgain(storage, async () => {
        const now = await finder.byId(user.id)
        if (!now) throw new Problem('not_found', 'There is no such user')
        return steps(now, secret)
      })
      record(user, caller, { by: 'administrator' })
    },

    async change(
      user: User,
      change: { readonly current: string; readonly next: string },
      caller: Caller,
    ): Promise<void> {
      const source = keeperOf(user)
      refuseWeak(user, change.next, '/password')
      const { username, externalId } = user
      const verdict = await throttled(throttle, { username, ip: caller.ip, source: user.source }, () =>
        ask(source, { username, externalId, password: change.current }),
      )
      if (!verdict.ok) {
        record(user, caller, { by: 'user', reason: verdict.why })
        throw new Problem('invalid_credentials', 'The current password is not right')
      }
      const secret = await makeSecret(source, change.next)
      await commitOrAgain(storage, async () => {
        const now = await finder.byId(user.id)
        if (now?.passwordChangedAt === user.passwordChangedAt) return steps(now, secret)
        throw new Problem('conflict', 'The password was changed by somebody else meanwhile')
      })
      record(user, caller, { by: 'user' })
    },
  }
}
