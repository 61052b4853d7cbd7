/** Sweeps what has expired and runs what is due, in small rounds: soon after the start, then every minute. */
import type { AnyCollection, Storage } from '#plugin'
import { type Schedule, timers } from './schedule.ts'
import type { World } from './world.ts'

export interface Janitor extends AsyncDisposable {
  /** Starts the rounds. */
  start(): void
  /** One round, now; resolves when it is over. A task that fails is logged and keeps nothing else from running. */
  runOnce(): Promise<void>
}

/** Once the server has begun to answer: the first round makes the RS256 key, a tenth of a second of work. */
const FIRST = 1_000
const EVERY = 60_000
/** Rows of one commit, so that a sweep never keeps writers waiting for long. */
const ROWS = 500
/** Commits per collection and round: a table that grew large is swept over several rounds. */
const BATCHES = 20

export function createJanitor(deps: {
  readonly storage: Storage
  readonly collections: readonly AnyCollection[]
  readonly world: World
  /** What else is due in every round, by the name it has in the log: `keys.tick`, `sessions.flush`, `audit.flush`. */
  readonly tasks: Readonly<Record<string, () => Promise<void>>>
  readonly schedule?: Schedule
}): Janitor {
  const { storage, world, tasks, schedule = timers } = deps
  const mortal = deps.collections.filter((collection) => collection.expiresAt !== undefined)
  let callOff: (() => void) | undefined
  let round: Promise<void> | undefined
  let closed = false

  async function sweep(collection: AnyCollection): Promise<void> {
    let removed = 0
    for (let batch = 0; batch < BATCHES && !closed; batch += 1) {
      const count = await storage.deleteExpired(collection, world.now(), ROWS)
      removed += count
      if (count < ROWS) break
    }
    if (removed > 0) world.log.debug('expired records removed', { collection: collection.name, removed })
  }

  async function attempt(name: string, task: () => Promise<void>): Promise<void> {
    try {
      await task()
    } catch (error) {
      world.log.error('a periodic task failed, the next round tries again', { task: name, error: String(error) })
    }
  }

  async function runRound(): Promise<void> {
    for (const [name, task] of Object.entries(tasks)) await attempt(name, task)
    for (const collection of mortal) await attempt(`sweep ${collection.name}`, () => sweep(collection))
  }

  function runOnce(): Promise<void> {
    round ??= runRound().finally(() => {
      round = undefined
    })
    return round
  }

  function arm(wait: number): void {
    if (closed) return
    callOff = schedule(() => {
      void runOnce().then(() => arm(EVERY))
    }, wait)
  }

  return {
    start: () => arm(FIRST),
    runOnce,
    async [Symbol.asyncDispose]() {
      closed = true
      callOff?.()
      await round
    },
  }
}
