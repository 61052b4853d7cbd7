/**
 * The one writer of a database. What is asked for in one moment is applied in one transaction, and so waits for one
 * flush to the disk instead of many; each write stands or falls alone within it.
 */
import type { Database } from 'bun:sqlite'
import { RUNNING_PATIENCE } from './database.ts'

/** A write: `run` is called within a transaction; what it returns is kept if `kept` says so, and undone otherwise. */
export interface Write<T> {
  readonly run: () => T
  readonly kept: (outcome: T) => boolean
  /** One statement undoes itself when it fails; only several need a savepoint. */
  readonly statements: number
}

export interface Writer extends AsyncDisposable {
  /** Resolves when the outcome is durable. */
  write<T>(write: Write<T>): Promise<T>
}

interface Waiting {
  readonly write: Write<unknown>
  readonly resolve: (outcome: unknown) => void
  readonly reject: (error: unknown) => void
}
type Outcome = { readonly value: unknown } | { readonly error: unknown }

/** Bounds how long one transaction keeps other work of the process waiting. */
const GROUP = 256
/**
 * Milliseconds between attempts while another process writes, which takes it less than one: at first in short steps, then in
 * long ones; about half a minute in all. SQLite's own waiting would keep the whole process waiting.
 */
const SHORT_PAUSES = 100
const SHORT_PAUSE = 1
const LONG_PAUSE = 20
const BUSY_ROUNDS = 1_500

/** `before` is called before each transaction, of which a connection has one at a time. */
export function createWriter(database: Database, before: () => void): Writer {
  const queue: Waiting[] = []
  let running: Promise<void> | undefined
  const begin = database.prepare('BEGIN IMMEDIATE')
  const atOnce = database.prepare('PRAGMA busy_timeout = 0')
  const inTime = database.prepare(`PRAGMA busy_timeout = ${RUNNING_PATIENCE}`)
  const commit = database.prepare('COMMIT')
  const rollback = database.prepare('ROLLBACK')
  const savepoint = database.prepare('SAVEPOINT one')
  const undo = database.prepare('ROLLBACK TO one')
  const release = database.prepare('RELEASE one')

  function attempt({ run, kept, statements }: Write<unknown>): Outcome {
    const guarded = statements > 1
    try {
      if (guarded) savepoint.run()
      const value = run()
      if (guarded && !kept(value)) undo.run()
      if (guarded) release.run()
      return { value }
    } catch (error) {
      // Some failures end the whole transaction (a full disk); then the group has to be taken apart.
      if (!database.inTransaction) throw error
      if (guarded) {
        undo.run()
        release.run()
      }
      return { error }
    }
  }

  function beginAtOnce(): void {
    atOnce.run()
    try {
      begin.run()
    } finally {
      inTime.run()
    }
  }

  function together(group: readonly Waiting[]): Outcome[] {
    before()
    beginAtOnce()
    try {
      const outcomes = group.map(({ write }) => attempt(write))
      commit.run()
      return outcomes
    } catch (error) {
      if (database.inTransaction) rollback.run()
      throw error
    }
  }

  async function patiently(group: readonly Waiting[]): Promise<Outcome[]> {
    for (let round = 1; ; round++) {
      try {
        return together(group)
      } catch (error) {
        if (!isBusy(error) || round === BUSY_ROUNDS) throw error
        await new Promise((resolve) => setTimeout(resolve, round <= SHORT_PAUSES ? SHORT_PAUSE : LONG_PAUSE))
      }
    }
  }

  async function settle(group: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await patiently(group)
      for (const [at, { resolve, reject }] of group.entries()) {
        const outcome = outcomes[at]
        if (outcome && 'value' in outcome) resolve(outcome.value)
        else reject(outcome?.error)
      }
    } catch (error) {
      if (group.length === 1 || isBusy(error)) for (const { reject } of group) reject(error)
      else for (const one of group) await settle([one])
    }
  }

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      await nextTurn()
      await settle(queue.splice(0, GROUP))
    }
    running = undefined
  }

  return {
    write<T>(write: Write<T>) {
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      queue.push({ write: write as Write<unknown>, resolve: resolve as (outcome: unknown) => void, reject })
      running ??= drain()
      return promise
    },
    async [Symbol.asyncDispose]() {
      await running
      for (const statement of [begin, atOnce, inTime, commit, rollback, savepoint, undo, release]) statement.finalize()
    },
  }
}

/** Lets everything that is ready in this turn of the event loop ask for its write first. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')
}
