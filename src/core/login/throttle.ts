/**
 * Slows guessing down: per (name, network) with a rising delay, and a ceiling per network over all names. An attempt is
 * counted before the password is looked at, so that parallel guesses cannot outrun the count; names that do not exist
 * are counted like those that do.
 *
 * An attempt under way counts like a failed one, so many right ones at once would look like guessing. They wait for each
 * other before they are counted: few are ever in doubt, a right one clears the count, and a wrong one stays in it.
 */
import { createHash } from 'node:crypto'
import { Type as t } from '@sinclair/typebox'
import {
  type Counter,
  defineCollection,
  defineCounter,
  insert,
  remove,
  type RowOf,
  type Storage,
  take,
  update,
} from '#plugin'
import { networkOf } from '../address.ts'
import { Problem } from '../problem.ts'
import type { Settings } from '../settings.ts'
import type { Schedule } from '../schedule.ts'
import { commitOrAgain } from '../storage/commit.ts'
import { repository } from '../storage/repository.ts'
import { comparisonKey } from '../users/names.ts'
import type { World } from '../world.ts'
import { createTurns } from './turns.ts'

export const loginFailures = defineCollection({
  name: 'login_failure',
  fields: t.Object({
    /** Digest of the name's comparison key; the name itself is not kept. */
    name: t.String({ maxLength: 64 }),
    network: t.String({ maxLength: 64 }),
    /** Attempts under way or failed. */
    count: t.Integer(),
    /** No further attempt before this. */
    nextAt: t.Integer(),
    expiresAt: t.Integer(),
  }),
  key: ['name', 'network'],
  indexes: [['expiresAt']],
  expiresAt: 'expiresAt',
})
type Failures = RowOf<typeof loginFailures>

export const networkFailures = defineCounter('network_failure')

/** An attempt that was let through and counted. Dispose of it when the outcome is told: others wait for their turn. */
export interface Attempt extends Disposable {
  readonly name: string
  /** Whose attempts at the name are counted together: a network's, or everybody's. */
  readonly network: string
  /** Where this one came from. */
  readonly from: string
  readonly count: number
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
  /** The secret was right: this name is forgotten in this network. */
  succeeded(attempt: Attempt): Promise<void>
  /** The attempt proved nothing (source unavailable): as if it had not been made. */
  giveBack(attempt: Attempt): Promise<void>
  /**
   * Refuses with `too_many_attempts` when too many tickets of this network were refused lately. A ticket cannot be
   * guessed, so none is counted ahead, and none counts against passwords: one wrong keytab must not lock out an office.
   */
  admitTicket(ip: string | undefined): Promise<void>
  ticketRefused(ip: string | undefined): Promise<void>
  /** Forgets a name in every network. Returns whether there was anything to forget. */
  clear(username: string): Promise<boolean>
  status(username: string): Promise<readonly ThrottleState[]>
}

const NETWORK_ATTEMPTS = 200
/** Stands where the network does when all of them count together. */
const EVERYWHERE = 'everywhere'
/** In doubt together in one process: with the five free failures, three processes may see the same service start up. */
const NAME_AT_ONCE = 2
const NETWORK_AT_ONCE = 20
const WAITING = 500
const PATIENCE = 10_000
/** Short, because everybody behind one address waits for it. */
const NETWORK_WINDOW = 10 * 60_000

export function createThrottle(deps: {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly schedule?: Schedule
}): Throttle {
  const { storage, world, settings } = deps
  const turns = createTurns({ waiting: WAITING, patience: PATIENCE, ...deps })
  const failures = repository(storage, loginFailures)
  const counters = repository(storage, networkFailures)

  /** Milliseconds to wait after this many attempts. */
  function delayAfter(count: number): number {
    const { freeAttempts, firstDelay, maxDelay } = settings().throttle
    return count <= freeAttempts ? 0 : Math.min(maxDelay, firstDelay * 2 ** (count - freeAttempts - 1))
  }

  function networkLimit(): number {
    return settings().throttle.networkAttempts ?? NETWORK_ATTEMPTS
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

  /** Of parallel attempts each wins its own count or reads anew. */
  async function reserveName(name: string, network: string): Promise<Counted> {
    let count = 0
    await commitOrAgain(storage, async () => {
      const now = world.now()
      const row = await failures.get({ name, network })
      const live = row && row.expiresAt > now ? row : undefined
      if (live && live.nextAt > now) throw tooMany(live.nextAt - now)
      count = (live?.count ?? 0) + 1
      const nextAt = now + delayAfter(count)
      const next = { name, network, count, nextAt, expiresAt: nextAt + settings().throttle.forgetAfter }
      return [...(row ? [take(loginFailures, { name, network }, guardOf(row))] : []), insert(loginFailures, next)]
    })
    return { name, network, count }
  }

  function count(key: string): Promise<Counter> {
    const now = world.now()
    const by = { by: 1, limit: networkLimit(), now, expiresAt: now + NETWORK_WINDOW }
    return storage.increment(networkFailures, { key }, by)
  }

  async function reserveNetwork(network: string): Promise<void> {
    const counter = await count(network)
    if (!counter.ok) throw tooMany(counter.expiresAt - world.now())
  }

  async function uncountNetwork(network: string): Promise<void> {
    await commitOrAgain(storage, async () => {
      const row = await counters.get({ key: network })
      if (!row || row.count < 1) return undefined
      return [update(networkFailures, { key: network }, { set: { count: row.count - 1 }, when: { count: row.count } })]
    })
  }

  async function uncountName({ name, network, count }: Counted): Promise<void> {
    await commitOrAgain(storage, async () => {
      const row = await failures.get({ name, network })
      if (!row) return undefined
      if (row.count <= 1) return [take(loginFailures, { name, network }, guardOf(row))]
      const nextAt = row.count === count ? world.now() : row.nextAt
      const change = { set: { count: row.count - 1, nextAt }, when: guardOf(row) }
      return [update(loginFailures, { name, network }, change)]
    })
  }

  return {
    async reserve({ username, ip, source = '', everywhere = false }) {
      const [name, from] = [digestOf(username), placeOf(ip)]
      const network = everywhere ? EVERYWHERE : from
      using held = new DisposableStack()
      held.use(await turnOf(name, network, `${source} ${from}`))
      const counted = await reserveName(name, network)
      try {
        await reserveNetwork(from)
      } catch (error) {
        await uncountName(counted)
        throw error
      }
      const turn = held.move()
      return { ...counted, from, [Symbol.dispose]: () => turn.dispose() }
    },
    async succeeded({ name, network, from }) {
      await storage.commit([remove(loginFailures, { equals: { name, network } })])
      await uncountNetwork(from)
    },
    async giveBack(attempt) {
      await uncountName(attempt)
      await uncountNetwork(attempt.from)
    },
    async admitTicket(ip) {
      const now = world.now()
      const refused = await counters.get({ key: `tickets ${placeOf(ip)}` })
      if (refused && refused.expiresAt > now && refused.count >= networkLimit()) throw tooMany(refused.expiresAt - now)
    },
    async ticketRefused(ip) {
      await count(`tickets ${placeOf(ip)}`)
    },
    async clear(username) {
      const name = digestOf(username)
      const found = await failures.findOne({ equals: { name } })
      await storage.commit([remove(loginFailures, { equals: { name } })])
      return found !== undefined
    },
    async status(username) {
      const now = world.now()
      const { rows } = await failures.find({ equals: { name: digestOf(username) }, limit: 1_000 })
      const live = rows.filter((row) => row.expiresAt > now)
      return live.map(({ network, count, nextAt }) => ({ network, failures: count, nextAt }))
    },
  }
}

type Counted = Pick<Attempt, 'name' | 'network' | 'count'>

function guardOf({ count, nextAt, expiresAt }: Failures) {
  return { count, nextAt, expiresAt }
}

function placeOf(ip: string | undefined): string {
  return ip === undefined ? 'local' : (networkOf(ip) ?? 'unknown')
}

function digestOf(username: string): string {
  return createHash('sha256').update(comparisonKey(username)).digest('hex')
}

function tooMany(wait: number): Problem {
  const retryAfter = Math.max(1, Math.ceil(wait / 1_000))
  return new Problem('too_many_attempts', 'Too many attempts; wait before trying again', { retryAfter })
}
