/**
 * Drivers that are right within one process and wrong among several: what should be in the store is in the memory of the
 * process. Only the cases that start other processes can tell.
 */
import type { Storage } from '#plugin'
import type { Mutant } from './mutants.ts'

const counts = new Map<string, number>()
const taken = new Set<string>()
const names = new Set<unknown>()

export const brokenAmongProcesses: readonly Mutant[] = [
  {
    name: 'each process remembers what it took',
    fails: ['from several processes: of many takes of one row exactly one succeeds'],
    over: (right) => ({
      ...right,
      async commit(steps) {
        const [first] = steps
        if (!first || !('take' in first)) return right.commit(steps)
        const row = await right.get(first.take, first.key)
        const name = JSON.stringify(first.key)
        if (!row || taken.has(name)) return { ok: false, failed: 0 }
        taken.add(name)
        return { ok: true, taken: [row] }
      },
    }),
  },
  {
    name: 'each process remembers which unique values it wrote',
    fails: ['from several processes: of many inserts of one unique field exactly one succeeds'],
    over: (right) => ({
      ...right,
      async commit(steps) {
        const [first] = steps
        if (!first || !('insert' in first) || first.row.mail === null) return right.commit(steps)
        if (names.has(first.row.mail)) return { ok: false, failed: 0 }
        names.add(first.row.mail)
        return right.commit([{ insert: first.insert, row: { ...first.row, mail: null } }])
      },
    }),
  },
  {
    name: 'each process counts by itself',
    fails: ['from several processes: exactly as many increments count as the limit allows, each to its own count'],
    over: (right: Storage) => ({
      ...right,
      async increment(_collection, key, { by, limit, expiresAt }) {
        const name = JSON.stringify(key)
        const count = (counts.get(name) ?? 0) + by
        if (count > limit) return { ok: false, count: count - by, expiresAt }
        counts.set(name, count)
        return { ok: true, count, expiresAt }
      },
    }),
  },
]

type Changed = (collections: readonly string[]) => void

/** Adds a `watch` that hears what other openings of this process write; `deaf` says when one stops listening. */
export function watching(deaf: (disposed: boolean) => boolean): (right: Storage) => Storage {
  const listeners = new Set<{ readonly owner: Storage; readonly changed: Changed; disposed: boolean }>()
  return (right) => {
    const tell = (changed: readonly string[]) => {
      for (const one of listeners) if (one.owner !== right && !deaf(one.disposed)) one.changed(changed)
    }
    return {
      ...right,
      async commit(steps) {
        const done = await right.commit(steps)
        tell(
          steps.flatMap((step) => ('insert' in step ? [step.insert.name] : 'update' in step ? [step.update.name] : [])),
        )
        return done
      },
      async increment(collection, ...rest) {
        const counted = await right.increment(collection, ...rest)
        tell([collection.name])
        return counted
      },
      async watch(changed) {
        const listener = { owner: right, changed, disposed: false }
        listeners.add(listener)
        return {
          async [Symbol.asyncDispose]() {
            listener.disposed = true
          },
        }
      },
    }
  }
}
