/** Logins with a browser: begun by a login, found by a cookie, ended by the person, an administrator or time. */
import { insert, type Step, type Storage, take, update } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import { digestOf } from '../digest.ts'
import { acrOf } from '../factors/acr.ts'
import { newId } from '../identifier.ts'
import type { UpstreamSession } from '../login/login.ts'
import type { LogoutNotices } from '../logout/notify.ts'
import type { SessionEnds } from '../logout/session-end.ts'
import type { Settings } from '../settings.ts'
import { repository } from '../storage/repository.ts'
import { canLogIn, userFinder } from '../users/find-users.ts'
import { endLogins } from '../users/guards.ts'
import { type User, users } from '../users/records.ts'
import type { Caller, World } from '../world.ts'
import type { Applications } from './applications.ts'
import { type BrowserSession, browserSessions } from './records.ts'

/** Somebody has just proven who they are. */
export interface BrowserLogin {
  /** As it was when the proof was checked. */
  readonly user: User
  readonly amr: readonly string[]
  readonly authTime: number
  /** The session cookie that the browser had, if it had one. */
  readonly cookie?: string | undefined
  readonly userAgent: string
  readonly upstream?: UpstreamSession
}

/** Who is there. */
export interface Visitor {
  readonly session: BrowserSession
  readonly user: User
}

export interface BrowserSessions {
  /**
   * A session with a new cookie, in place of the one that the browser had. Logging in again as the same user keeps the
   * `sid`, as another user ends it. `undefined` if the user was disabled or given another password since the login.
   */
  begin(
    login: BrowserLogin,
    caller: Caller,
  ): Promise<{ readonly cookie: string; readonly visitor: Visitor } | undefined>
  /** Whose cookie this is; using a session keeps it alive. */
  find(cookie: string | undefined): Promise<Visitor | undefined>
  /** The newest first. */
  list(userId: string): Promise<readonly BrowserSession[]>
  /** Ends one session of a user, with the tokens of its clients; those hear of it. False if there is none of this `sid`. */
  end(user: User, sid: string, caller: Caller): Promise<boolean>
  /** Signs out everywhere: sessions, identity tokens, and every grant with the tokens made of it. */
  endAll(user: User, caller: Caller): Promise<void>
}

/** Between two writes of `lastSeenAt`. */
const SEEN_EVERY = 60_000
const MOST_USER_AGENT = 300
/** More logins of one browser at once than anybody makes. */
const ROUNDS = 20

export function createBrowserSessions(deps: {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly audit: Audit
  readonly applications: Pick<Applications, 'endGrants'>
  readonly sessionEnds: SessionEnds
  readonly logoutNotices: Pick<LogoutNotices, 'soon'>
}): BrowserSessions {
  const { storage, world, settings, audit, applications, sessionEnds, logoutNotices } = deps
  const sessions = repository(storage, browserSessions)
  const finder = userFinder(storage)

  async function read(cookie: string | undefined): Promise<BrowserSession | undefined> {
    if (cookie === undefined || cookie === '') return undefined
    const session = await sessions.get({ digest: digestOf(cookie) })
    return session && session.expiresAt > world.now() ? session : undefined
  }

  /** The end of a session that is used now. */
  function expiryAt(now: number, endsAt: number): number {
    return Math.min(endsAt, now + settings().browser.idleTtl)
  }

  function record(user: User, caller: Caller, detail: Record<string, string>): void {
    audit.record({ event: 'logout', outcome: 'ok', target: `user:${user.username}`, caller, detail })
  }

  /** Keeps the session alive; that it was ended meanwhile shows at its next use. */
  async function touch(session: BrowserSession): Promise<void> {
    const now = world.now()
    if (now - session.lastSeenAt < SEEN_EVERY) return
    const set = { lastSeenAt: now, expiresAt: expiryAt(now, session.endsAt) }
    await storage.commit([update(browserSessions, { digest: session.digest }, { set })])
  }

  function sessionFor(
    { user, amr, authTime, userAgent, upstream }: BrowserLogin,
    cookie: string,
    sid: string,
    ip?: string,
  ) {
    const now = world.now()
    const endsAt = now + settings().browser.absoluteTtl
    return {
      digest: digestOf(cookie),
      sid,
      userId: user.id,
      amr: [...amr],
      acr: acrOf(amr),
      authTime,
      ip: ip ?? null,
      userAgent: userAgent.slice(0, MOST_USER_AGENT).toWellFormed().replaceAll('\0', ''),
      upstream: upstream ?? null,
      createdAt: now,
      lastSeenAt: now,
      endsAt,
      expiresAt: expiryAt(now, endsAt),
    } satisfies BrowserSession
  }

  return {
    async begin(login, caller) {
      const { user, cookie: before } = login
      const cookie = Buffer.from(world.random(32)).toString('base64url')
      for (let round = 0; round < ROUNDS; round += 1) {
        const replaced = await read(before)
        const same = replaced?.userId === user.id ? replaced : undefined
        const session = sessionFor(login, cookie, same?.sid ?? newId('s', world), caller.ip)
        const outcome = await storage.commit([
          unchanged(user, session.createdAt),
          ...(replaced ? [take(browserSessions, { digest: replaced.digest })] : []),
          ...(replaced && !same ? await sessionEnds.steps(replaced.sid) : []),
          insert(browserSessions, session),
        ])
        if (outcome.ok) {
          logoutNotices.soon()
          return { cookie, visitor: { session, user } }
        }
        // Another login of this browser was faster, and the session to replace is gone: without one only the user can be in the way.
        if (outcome.failed === 0 || !replaced) return undefined
      }
      return undefined
    },
    async find(cookie) {
      const session = await read(cookie)
      const user = session && (await finder.byId(session.userId))
      if (!user || !canLogIn(user)) return undefined
      await touch(session)
      return { session, user }
    },
    async list(userId) {
      const own = { by: ['userId', 'createdAt'], equals: { userId }, descending: true, limit: 200 } as const
      const now = world.now()
      return (await sessions.find(own)).rows.filter(({ expiresAt }) => expiresAt > now)
    },
    async end(user, sid, caller) {
      const session = await sessions.findOne({ by: ['sid'], equals: { sid } })
      if (session?.userId !== user.id) return false
      const own = take(browserSessions, { digest: session.digest })
      const { ok } = await storage.commit([own, ...(await sessionEnds.steps(sid))])
      logoutNotices.soon()
      if (ok) record(user, caller, { kind: 'browser', session: sid })
      return ok
    },
    async endAll(user, caller) {
      const { id: userId } = user
      const allGrants = await applications.endGrants(userId)
      const ends: Step[] = []
      for await (const { sid } of sessions.all({ by: ['userId', 'createdAt'], equals: { userId } }))
        ends.push(...(await sessionEnds.steps(sid)))
      await storage.commit([...ends, ...endLogins(userId), ...allGrants])
      logoutNotices.soon()
      record(user, caller, { kind: 'everywhere' })
    },
  }
}

/** Holds while the user can log in with the password of the login. */
function unchanged({ id, passwordChangedAt }: User, now: number): Step {
  const when = { disabled: false, activated: true, passwordChangedAt }
  return update(users, { id }, { set: { lastLoginAt: now }, when })
}
