/**
 * Reads of one turn of the event loop share a read transaction: most of what a small read costs is to begin and end its
 * own. What this process writes is seen at once, what others write from the next turn on.
 */
import type { Database } from 'bun:sqlite'

export interface Snapshot extends Disposable {
  /** Makes the reads that follow cheap until the turn is over or `end` is called. */
  begin(): void
  end(): void
}

export function createSnapshot(database: Database): Snapshot {
  const begin = database.prepare('BEGIN')
  const commit = database.prepare('COMMIT')
  let ending: ReturnType<typeof setImmediate> | undefined

  function end(): void {
    if (ending === undefined) return
    clearImmediate(ending)
    ending = undefined
    if (database.inTransaction) commit.run()
  }

  return {
    begin() {
      if (ending !== undefined) return
      begin.run()
      ending = setImmediate(end)
    },
    end,
    [Symbol.dispose]() {
      end()
      begin.finalize()
      commit.finalize()
    },
  }
}
