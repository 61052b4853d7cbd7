/**
 * The one writer of a database. What is asked for in one moment is applied in one transaction, and so waits for one
 * flush to the disk instead of many; each write stands or falls alone within it.
 */
import type { Database } from 'bun:sqlite'
import { isBusy, patiently, WRITING } from './patience.ts'

/**
 * A write: `run` is called within a transaction, and anew in another if that had to be undone; what it returns is kept if
 * `kept` says so, and undone otherwise.
 */
export interface Write<T> {
  readonly run: () => T
  readonly kept: (outcome: T) => boolean
  /** One statement undoes itself when it fails; several have to be undone. */
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
interface Result<T> {
  /** Whether the transaction is. */
  readonly kept: boolean
  readonly value: T
}

/** Bounds how long one transaction keeps other work of the process waiting. */
const GROUP = 256
/** Bounds how long a write waits for others to share its flush to the disk. */
const TURNS = 4

/** `before` is called before each transaction, of which a connection has one at a time. */
export function createWriter(database: Database, before: () => void): Writer {
  const queue: Waiting[] = []
  let running: Promise<void> | undefined
  const begin = database.prepare('BEGIN IMMEDIATE')
  const commit = database.prepare('COMMIT')
  const rollback = database.prepare('ROLLBACK')
  const savepoint = database.prepare('SAVEPOINT one')
  const undo = database.prepare('ROLLBACK TO one')
  const release = database.prepare('RELEASE one')

  function transaction<T>(work: () => Result<T>): T {
    before()
    begin.run()
    try {
      const { kept, value } = work()
      if (kept) commit.run()
      else rollback.run()
      return value
    } catch (error) {
      if (database.inTransaction) rollback.run()
      throw error
    }
  }

  /** Without savepoints, for which SQLite copies every page before it is changed; no outcomes if one of several has to be undone. */
  function atOnce(group: readonly Waiting[]): Result<Outcome[] | undefined> {
    const outcomes: Outcome[] = []
    for (const { write } of group) {
      const outcome = intact(outcomeOf(write))
      outcomes.push(outcome)
      const stands = 'value' in outcome && (write.statements === 1 || write.kept(outcome.value))
      if (!stands) return { kept: false, value: group.length === 1 ? outcomes : undefined }
    }
    return { kept: true, value: outcomes }
  }

  /** Each stands or falls alone. */
  function oneByOne(group: readonly Waiting[]): Outcome[] {
    return group.map(({ write }) => {
      if (write.statements === 1) return intact(outcomeOf(write))
      savepoint.run()
      const outcome = intact(outcomeOf(write))
      if ('error' in outcome || !write.kept(outcome.value)) undo.run()
      release.run()
      return outcome
    })
  }

  /** Some failures end the whole transaction (a full disk); then the group has to be taken apart. */
  function intact(outcome: Outcome): Outcome {
    if ('error' in outcome && !database.inTransaction) throw outcome.error
    return outcome
  }

  function together(group: readonly Waiting[]): Outcome[] {
    return transaction(() => atOnce(group)) ?? transaction(() => ({ kept: true, value: oneByOne(group) }))
  }

  async function settle(group: readonly Waiting[]): Promise<void> {
    try {
      const outcomes = await patiently(WRITING, () => together(group))
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

  /** Lets who is under way ask for a write too, as long as each turn of the event loop brings further ones. */
  async function gather(): Promise<void> {
    for (let turn = 0, before = 0; turn < TURNS && before < queue.length; turn++) {
      before = queue.length
      await nextTurn()
    }
  }

  async function drain(): Promise<void> {
    while (queue.length > 0) {
      await gather()
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
      for (const statement of [begin, commit, rollback, savepoint, undo, release]) statement.finalize()
    },
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function outcomeOf({ run }: Write<unknown>): Outcome {
  try {
    return { value: run() }
  } catch (error) {
    return { error }
  }
}
