/** Storage as the domain uses it: when the engine fails, callers hear that the server is not available, not that it is broken. */
import { InvalidCursor, type Storage } from '#plugin'
import { Problem } from '../problem.ts'

/** The same storage, its failures turned into a refusal that says when to try again; the reason stays in `cause`. */
export function dependable(storage: Storage): Storage {
  async function attempt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (cause) {
      throw cause instanceof InvalidCursor ? unreadable(cause) : unavailable(cause)
    }
  }
  return {
    migrate: (collections) => storage.migrate(collections),
    get: (collection, key) => attempt(() => storage.get(collection, key)),
    find: (collection, query) => attempt(() => storage.find(collection, query)),
    commit: (steps) => attempt(() => storage.commit(steps)),
    increment: (collection, key, by) => attempt(() => storage.increment(collection, key, by)),
    deleteExpired: (collection, now, limit) => attempt(() => storage.deleteExpired(collection, now, limit)),
    ...(storage.backup && { backup: storage.backup.bind(storage) }),
    ...(storage.watch && { watch: storage.watch.bind(storage) }),
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  }
}

function unreadable(cause: unknown): Problem {
  const faults = [{ path: '/after', message: 'Expected the `next` of a page of this very list' }]
  return new Problem('invalid_request', 'The cursor is not of this list', { cause, faults })
}

function unavailable(cause: unknown): Problem {
  return new Problem('unavailable', 'The storage does not answer as it should; try again', { cause, retryAfter: 1 })
}
