/** Records on their way to storage: many in one commit, kept while storage is down, bounded, never a burden to callers. */
import { type AnyCollection, insert, type Logger, type RowOf, type Storage } from '#plugin'
import type { Schedule } from '../schedule.ts'

export interface WriteBehind<C extends AnyCollection> {
  add(row: RowOf<C>): void
  /** Resolves when everything added so far is written, or when storage refused to take it: it is tried again later. */
  flush(): Promise<void>
  /** Flushes a last time and starts no timer any more. */
  close(): Promise<void>
}

/** Steps of one commit; also what makes a flush start without waiting for the timer. */
const BATCH = 200
/** How long a record waits for company. */
const LINGER = 250
const RETRY = 5_000
/** About 10 MB of records; older ones are dropped for newer ones when storage stays away. */
const MOST = 20_000

export function writeBehind<C extends AnyCollection>(
  collection: C,
  { storage, log, schedule }: { readonly storage: Storage; readonly log: Logger; readonly schedule: Schedule },
): WriteBehind<C> {
  const pending: RowOf<C>[] = []
  let callOff: (() => void) | undefined
  let running: Promise<void> | undefined
  let dropped = 0
  let failing = false
  let closed = false

  function wake(milliseconds: number): void {
    if (closed || callOff) return
    callOff = schedule(() => {
      callOff = undefined
      void flush()
    }, milliseconds)
  }

  async function drain(count: number): Promise<void> {
    try {
      for (let left = count; left > 0; left -= BATCH) await writeBatch(pending.splice(0, Math.min(BATCH, left)))
      if (failing) log.warn('records are written again', { collection: collection.name, dropped })
      failing = false
      dropped = 0
    } catch (error) {
      if (!failing)
        log.error('records not written, kept for later', { collection: collection.name, error: String(error) })
      failing = true
      bound()
    }
  }

  /** A row that is there already was written by a try whose answer got lost. */
  async function writeBatch(batch: RowOf<C>[]): Promise<void> {
    let rest = batch
    try {
      while (rest.length > 0) {
        const done = await storage.commit(rest.map((row) => insert(collection, row)))
        rest = done.ok ? [] : rest.filter((_, index) => index !== done.failed)
      }
    } catch (error) {
      pending.unshift(...rest)
      throw error
    }
  }

  function bound(): void {
    const excess = pending.length - MOST
    if (excess <= 0) return
    pending.splice(0, excess)
    if (dropped === 0) log.error('oldest records dropped: storage is down for long', { collection: collection.name })
    dropped += excess
  }

  function start(count: number): Promise<void> {
    running = drain(count).finally(() => {
      running = undefined
      if (pending.length > 0) startWhenDue()
    })
    return running
  }

  /** Full batches at once; what is left waits for company, or a steady stream would be written a few rows at a time. */
  function startWhenDue(): void {
    if (pending.length >= BATCH && !failing) void start(pending.length - (pending.length % BATCH))
    else wake(failing ? RETRY : LINGER)
  }

  async function flush(): Promise<void> {
    while (running) await running
    await start(pending.length)
  }

  return {
    add(row) {
      pending.push(row)
      bound()
      if (!running) startWhenDue()
    },
    flush,
    async close() {
      closed = true
      callOff?.()
      callOff = undefined
      do await flush()
      while (pending.length > 0 && !failing)
    },
  }
}
