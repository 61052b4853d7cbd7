/**
 * Goes through the users of each directory now and then: who is gone is disabled, who is back may log in again, groups
 * follow. A source that cannot be asked disables nobody.
 */
import { defineCounter, type LoginSource, remove, type Storage, update, type Why } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import { timers } from '../schedule.ts'
import { commitOrAgain } from '../storage/commit.ts'
import { repository } from '../storage/repository.ts'
import { userFinder } from '../users/find-users.ts'
import { endLogins, nextVersion } from '../users/guards.ts'
import { type User, users } from '../users/records.ts'
import type { Caller } from '../world.ts'
import { createAdmission } from './admit.ts'
import { type AskDeps, askInTime } from './ask.ts'
import type { ConfiguredSource } from './login.ts'

/** Which sources had their run: of the processes that share the storage one takes it. */
export const resyncRuns = defineCounter('resync_run')

export interface Resync extends AsyncDisposable {
  /** Looks twice a minute whether the time of a source has come. */
  start(): void
  /** Goes through every source whose time has come; resolves when all are through. */
  runOnce(): Promise<void>
}

export interface ResyncDeps extends AskDeps {
  readonly storage: Storage
  readonly audit: Audit
  readonly sources: () => readonly ConfiguredSource[]
}

const EVERY = 30_000
/** Users of one source who are asked for at the same time: logins matter more. */
const AT_ONCE = 4
const CALLER: Caller = { actor: 'system', requestId: 'resync' }
/** What takes the account away. A locked account or an expired password is nothing that lasts. */
const GONE: ReadonlySet<Why> = new Set(['credentials', 'disabled', 'not-allowed'])

interface Subject {
  readonly id: string
  readonly every: number
  readonly refresh: NonNullable<LoginSource['refresh']>
}

export function createResync(deps: ResyncDeps): Resync {
  const { storage, world, audit, sources, schedule = timers } = deps
  const admission = createAdmission(deps)
  const finder = userFinder(storage)
  const running = new Map<string, Promise<void>>()
  let callOff: (() => void) | undefined
  let closed = false

  async function isDue({ id, every }: Subject): Promise<boolean> {
    const now = world.now()
    return (await storage.increment(resyncRuns, { key: id }, { by: 1, limit: 1, now, expiresAt: now + every })).ok
  }

  async function disable(user: User, why: Why): Promise<void> {
    let disabled = false
    await commitOrAgain(storage, async () => {
      const now = await finder.byId(user.id)
      disabled = now !== undefined && now.source === user.source && now.externalId === user.externalId && !now.disabled
      if (!now || !disabled) return undefined
      const set = { disabled: true, disabledBySource: true, updatedAt: nextVersion(world.now(), now.updatedAt) }
      return [update(users, { id: user.id }, { set, when: { updatedAt: now.updatedAt } }), ...endLogins(user.id)]
    })
    if (!disabled) return
    const detail = { id: user.id, source: user.source, changed: 'disabled', disabled: true, reason: why }
    audit.record({ event: 'user.changed', outcome: 'ok', target: `user:${user.username}`, caller: CALLER, detail })
  }

  /** False when the source cannot be asked. */
  async function look({ id, refresh }: Subject, user: User): Promise<boolean> {
    const { externalId, username } = user
    const verdict = await askInTime(id, deps, (signal) => refresh({ externalId, username, signal }))
    if (!verdict.ok && verdict.why === 'unavailable') return false
    const same = verdict.ok && verdict.identity.externalId === externalId
    if (same) await admission.admit(id, verdict.identity, CALLER)
    const why = verdict.ok ? 'credentials' : verdict.why
    if (!same && GONE.has(why)) await disable(user, why)
    return true
  }

  async function goThrough(subject: Subject): Promise<void> {
    const { id } = subject
    if (!(await isDue(subject))) return
    const people = repository(storage, users).all({ by: ['source', 'externalId'], equals: { source: id } })
    const next = people[Symbol.asyncIterator]()
    let [answers, count] = [true, 0]
    const worker = async (): Promise<void> => {
      while (answers && !closed) {
        const { value, done } = await next.next()
        if (done === true) return
        answers = (await look(subject, value)) && answers
        count += 1
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, worker))
    if (answers && !closed)
      return world.log.info('users of a login source looked through', { source: id, users: count })
    // Not through: whoever looks next, soon, begins anew.
    await storage.commit([remove(resyncRuns, { equals: { key: id } })])
  }

  /** A slow source keeps no other one waiting, and is not gone through twice at the same time. */
  function run(subject: Subject): Promise<void> {
    const { id } = subject
    const current = running.get(id)
    if (current) return current
    const failed = (error: unknown) => {
      world.log.error('users of a login source not looked through', { source: id, error: String(error) })
    }
    const work = goThrough(subject)
      .catch(failed)
      .finally(() => running.delete(id))
    running.set(id, work)
    return work
  }

  async function runOnce(): Promise<void> {
    const subjects = sources().flatMap(({ id, source, resync: every }): Subject[] => {
      const { refresh } = source
      return every === undefined || !refresh ? [] : [{ id, every, refresh: refresh.bind(source) }]
    })
    await Promise.all(subjects.map(run))
  }

  function arm(): void {
    if (closed) return
    callOff = schedule(() => {
      void runOnce()
      arm()
    }, EVERY)
  }

  return {
    start: arm,
    runOnce,
    async [Symbol.asyncDispose]() {
      closed = true
      callOff?.()
      await Promise.all(running.values())
    },
  }
}
