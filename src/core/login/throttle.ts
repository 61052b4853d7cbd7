/**
 * Slows guessing down: per (name, network) with a rising delay, and a ceiling per network over all names. An attempt is
 * counted before the password is looked at, so that parallel guesses cannot outrun the count; names that do not exist
 * are counted like those that do.
 *
 * An attempt under way counts like a failed one, so many right ones at once would look like guessing. They wait for each
 * other before they are counted: few are ever in doubt, a right one clears the count, and a wrong one stays in it.
 */
import { createHash } from 'node:crypto'
import { remove, type Storage } from '#plugin'
import { networkOf } from '../address.ts'
import { Problem } from '../problem.ts'
import type { Settings } from '../settings.ts'
import type { Schedule } from '../schedule.ts'
import { repository } from '../storage/repository.ts'
import { comparisonKey } from '../users/names.ts'
import type { World } from '../world.ts'
import { createNameFailures, loginFailures } from './name-failures.ts'
import { createNetworkCeiling } from './network-ceiling.ts'
import { createTurns } from './turns.ts'

/** An attempt that was let through and counted. Dispose of it when the outcome is known: others wait for their turn. */
export interface Attempt extends AsyncDisposable {
  readonly count: number
  /** The secret was right: this name is forgotten in this network. */
  succeed(): Promise<void>
  /** The attempt proved nothing (source unavailable): as if it had not been made. */
  undo(): Promise<void>
}

/** Whose attempt it is. */
export interface Attempted {
  readonly username: string
  readonly ip?: string | undefined
  /** The login source that will be asked, if that is known: one that hangs holds up no line but its own. */
  readonly source?: string | undefined
  /** Counts the attempts of all networks together: for secrets so short that many networks would guess them. */
  readonly everywhere?: boolean
}

export interface ThrottleState {
  readonly network: string
  readonly failures: number
  /** Epoch milliseconds; not after now when an attempt is possible. */
  readonly nextAt: number
}

export interface Throttle {
  /** Counts an attempt, or refuses with `too_many_attempts`. Call before looking at the secret. */
  reserve(who: Attempted): Promise<Attempt>
  /**
   * The secret was right: this name is forgotten in this network, and then the attempt is over. The login does not wait for
   * it: what it writes next becomes durable in the same flush.
   */
  succeeded(attempt: Attempt): void
  /** The attempt proved nothing (source unavailable): as if it had not been made. */
  giveBack(attempt: Attempt): Promise<void>
  /**
   * Refuses with `too_many_attempts` when too many tickets of this network were refused lately. A ticket cannot be
   * guessed, so none is counted ahead, and none counts against passwords: one wrong keytab must not lock out an office.
   */
  admitTicket(ip: string | undefined): Promise<void>
  ticketRefused(ip: string | undefined): Promise<void>
  /**
   * Something of a client was refused. Counts it and returns zero, or for how many milliseconds no more of it is looked at.
   * Only what is wrong asks here, so that a service with the right secret reads and waits for nothing.
   */
  clientRefused(clientId: string, ip: string | undefined): Promise<number>
  /** Forgets a name in every network. Returns whether there was anything to forget. */
  clear(username: string): Promise<boolean>
  status(username: string): Promise<readonly ThrottleState[]>
}

/** Stands where the network does when all of them count together. */
const EVERYWHERE = 'everywhere'
/** In doubt together in one process: with the five free failures, three processes may see the same service start up. */
const NAME_AT_ONCE = 2
const NETWORK_AT_ONCE = 20
const WAITING = 500
const PATIENCE = 10_000

export function createThrottle(deps: {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly schedule?: Schedule
}): Throttle {
  const { storage, world, settings } = deps
  const turns = createTurns({ waiting: WAITING, patience: PATIENCE, ...deps })
  const failures = repository(storage, loginFailures)
  const forgetting = new Set<Promise<void>>()
  const names = createNameFailures(deps)
  const ceiling = createNetworkCeiling({ storage, world, limit: networkLimit })

  function networkLimit(): number {
    return settings().throttle.networkAttempts
  }

  /** First in the line of the name, then in that of source and network: who holds the second never waits for the first. */
  async function turnOf(name: string, network: string, line: string): Promise<Disposable> {
    using held = new DisposableStack()
    const take = async (key: string, atOnce: number) => {
      const turn = await turns.take(key, atOnce)
      if (!turn) throw tooMany(0)
      held.use(turn)
    }
    await take(`${name} ${network}`, Math.min(NAME_AT_ONCE, settings().throttle.freeAttempts + 1))
    await take(line, Math.max(1, Math.min(NETWORK_AT_ONCE, networkLimit())))
    return held.move()
  }

  return {
    async reserve({ username, ip, source = '', everywhere = false }) {
      const [name, from] = [digestOf(username), placeOf(ip)]
      const network = everywhere ? EVERYWHERE : from
      using held = new DisposableStack()
      held.use(await turnOf(name, network, `${source} ${from}`))
      const attempt = await names.enter({ name, network })
      if ('wait' in attempt) throw tooMany(attempt.wait)
      const doubt = await ceiling.enter(from).catch(async (error: unknown) => {
        await attempt.undo()
        throw error
      })
      if ('wait' in doubt) {
        await attempt.undo()
        throw tooMany(doubt.wait)
      }
      const turn = held.move()
      return {
        count: attempt.count,
        succeed() {
          doubt.dismiss()
          return attempt.succeed()
        },
        undo() {
          doubt.dismiss()
          return attempt.undo()
        },
        async [Symbol.asyncDispose]() {
          using _turn = turn
          await Promise.all([doubt[Symbol.asyncDispose](), attempt[Symbol.asyncDispose]()])
        },
      }
    },
    succeeded(attempt) {
      const forgotten = attempt
        .succeed()
        .catch((error: unknown) => world.log.error('failed logins not forgotten', { error: String(error) }))
        .then(() => attempt[Symbol.asyncDispose]())
        .finally(() => forgetting.delete(forgotten))
      forgetting.add(forgotten)
    },
    giveBack: (attempt) => attempt.undo(),
    async admitTicket(ip) {
      const wait = await ceiling.waitOf(`tickets ${placeOf(ip)}`)
      if (wait > 0) throw tooMany(wait)
    },
    ticketRefused: (ip) => ceiling.failed(`tickets ${placeOf(ip)}`),
    async clientRefused(clientId, ip) {
      const name = digestOf(`what is refused of client ${clientId}`)
      const attempt = await names.enter({ name, network: placeOf(ip) })
      if ('wait' in attempt) return attempt.wait
      await attempt[Symbol.asyncDispose]()
      return 0
    },
    async clear(username) {
      await Promise.all(forgetting)
      const name = digestOf(username)
      const found = await failures.findOne({ equals: { name } })
      await storage.commit([remove(loginFailures, { equals: { name } })])
      return found !== undefined
    },
    async status(username) {
      await Promise.all(forgetting)
      const now = world.now()
      const { rows } = await failures.find({ equals: { name: digestOf(username) }, limit: 1_000 })
      const live = rows.filter((row) => row.expiresAt > now)
      return live.map(({ network, count, nextAt }) => ({ network, failures: count, nextAt }))
    },
  }
}

function placeOf(ip: string | undefined): string {
  return ip === undefined ? 'local' : (networkOf(ip) ?? 'unknown')
}

function digestOf(username: string): string {
  return createHash('sha256').update(comparisonKey(username)).digest('hex')
}

export function tooMany(wait: number): Problem {
  const retryAfter = Math.max(1, Math.ceil(wait / 1_000))
  return new Problem('too_many_attempts', 'Too many attempts; wait before trying again', { retryAfter })
}
