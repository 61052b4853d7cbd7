/** A storage that tells of a change at every write, and ends its process when it is asked for the row `crash`. */
import { Type } from '@sinclair/typebox'
import { type AnyRow, defineStorage } from '#plugin'

export default defineStorage({
  type: 'watched',
  config: Type.Object({}),
  async open() {
    const migrated = new Set<string>()
    const watchers = new Set<(changed: readonly string[]) => void>()
    return {
      async migrate(collections) {
        for (const { name } of collections) migrated.add(name)
      },
      async get({ name }, { id }) {
        if (id === 'crash') process.exit(9)
        // What a process that was started again knows without having been told of it anew: nothing.
        return { id: String(id), text: migrated.has(name) ? `${watchers.size} watching` : 'not migrated' } as AnyRow
      },
      find: async () => ({ rows: [] }),
      async commit() {
        for (const watcher of watchers) watcher(['note'])
        return { ok: true, taken: [undefined] }
      },
      increment: async (_, __, { expiresAt }) => ({ ok: false, count: 0, expiresAt }),
      deleteExpired: async () => 0,
      async watch(changed) {
        watchers.add(changed)
        return { [Symbol.asyncDispose]: async () => void watchers.delete(changed) }
      },
      async [Symbol.asyncDispose]() {},
    }
  },
})
