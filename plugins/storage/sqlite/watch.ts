/** Hears of what other processes write to the same file: SQLite counts their commits, and the count is looked at often. */
import type { Database } from 'bun:sqlite'

export interface Changes extends Disposable {
  listen(changed: (collections: readonly string[]) => void): AsyncDisposable
}

/** Milliseconds. A look costs microseconds: no file is read. */
const EVERY = 500

/** Which collections were changed is not told, so all are reported. */
export function changesOf(database: Database, all: () => readonly string[]): Changes {
  const look = database.prepare('PRAGMA data_version')
  const listeners = new Set<(collections: readonly string[]) => void>()
  let timer: ReturnType<typeof setInterval> | undefined
  let seen: unknown

  function tell(): void {
    const before = seen
    try {
      seen = look.values()[0]?.[0]
    } catch {
      return // busy: the count stays higher until the next look
    }
    if (seen !== before) for (const changed of listeners) changed(all())
  }

  function stop(): void {
    clearInterval(timer)
    timer = undefined
  }

  return {
    listen(changed) {
      const listener = (collections: readonly string[]) => changed(collections)
      if (timer === undefined) {
        seen = look.values()[0]?.[0]
        timer = setInterval(tell, EVERY)
        timer.unref()
      }
      listeners.add(listener)
      return {
        async [Symbol.asyncDispose]() {
          listeners.delete(listener)
          if (listeners.size === 0) stop()
        },
      }
    },
    [Symbol.dispose]() {
      stop()
      look.finalize()
    },
  }
}
