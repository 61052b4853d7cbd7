/** Storage that tells the other processes of the server what was changed of what they hold in memory. */
import type { AnyCollection, Step, Storage } from '#plugin'

/** A commit that touches one of these collections resolves when `tell` does: then nobody answers from before any more. */
export function announcing(
  storage: Storage,
  remembered: ReadonlySet<string>,
  tell: (collections: readonly string[]) => Promise<void>,
): Storage {
  return {
    migrate: (collections) => storage.migrate(collections),
    get: (collection, key) => storage.get(collection, key),
    find: (collection, query) => storage.find(collection, query),
    async commit(steps) {
      const touched = new Set(steps.map((step) => collectionOf(step).name)).intersection(remembered)
      if (touched.size === 0) return storage.commit(steps)
      // One that fails may have come through all the same.
      const commit = await storage.commit(steps).catch(async (error: unknown) => {
        await tell([...touched])
        throw error
      })
      if (commit.ok) await tell([...touched])
      return commit
    },
    increment: (collection, key, by) => storage.increment(collection, key, by),
    deleteExpired: (collection, now, limit) => storage.deleteExpired(collection, now, limit),
    ...(storage.backup && { backup: storage.backup.bind(storage) }),
    ...(storage.watch && { watch: storage.watch.bind(storage) }),
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  }
}

function collectionOf(step: Step): AnyCollection {
  if ('insert' in step) return step.insert
  if ('update' in step) return step.update
  return 'take' in step ? step.take : step.delete
}
