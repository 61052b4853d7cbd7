/**
 * Connections, each lent to one call at a time: a call that waits for a row never holds up another behind it, and one
 * whose server went silent takes its connection with it. Every wait is bounded.
 */
import type { ReservedSQL, SQL } from 'bun'
import { failureOf, PostgresFailure } from './failure.ts'

/** A statement; its text is constant per kind, so that it is prepared once for each connection. */
export interface Statement {
  readonly sql: string
  readonly params: readonly unknown[]
}
/** Rows as arrays in the order of the selected columns, and how many rows were written or read. */
export type Result = readonly (readonly unknown[])[] & { readonly count: number }

export interface Connection {
  /** Sends a statement behind those sent before, without waiting for their answers. */
  send(statement: Statement): Promise<Result>
}
export interface Pool {
  /** Lends a connection for one piece of work, which is cut after `limit` milliseconds. `doing` names it in a failure. */
  run<T>(doing: string, work: (connection: Connection) => Promise<T>, limit?: number): Promise<T>
}

export interface Limits {
  readonly poolSize: number
  /** Milliseconds a call may wait for a connection. */
  readonly acquire: number
  /** Milliseconds a piece of work may take unless it says otherwise. */
  readonly work: number
}

export function poolOf(client: SQL, limits: Limits): Pool {
  let lent = 0

  async function acquire(doing: string): Promise<ReservedSQL> {
    if (lent <= limits.poolSize) return client.reserve()
    const waited = new AbortController()
    const timer = setTimeout(() => waited.abort(), limits.acquire)
    try {
      return await client.reserve({ signal: waited.signal })
    } catch (error) {
      if (!waited.signal.aborted) throw error
      throw new PostgresFailure(doing, `no connection was free for ${limits.acquire} ms`)
    } finally {
      clearTimeout(timer)
    }
  }

  return {
    async run(doing, work, limit = limits.work) {
      lent += 1
      try {
        return await bounded(await acquire(doing), { doing, limit }, work)
      } catch (error) {
        throw failureOf(doing, error)
      } finally {
        lent -= 1
      }
    },
  }
}

/** Work that is cut with its connection when it takes too long. A connection left inside a transaction is closed, not reused. */
async function bounded<T>(
  reserved: ReservedSQL,
  { doing, limit }: { doing: string; limit: number },
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  let late = false
  const timer = setTimeout(() => {
    late = true
    void reserved.close({ timeout: 0 })
  }, limit)
  try {
    return await work(connectionOf(reserved))
  } catch (error) {
    throw late ? new PostgresFailure(doing, `no answer within ${limit} ms, connection cut`) : error
  } finally {
    clearTimeout(timer)
    if (!late) await reserved.release()
  }
}

function connectionOf(reserved: ReservedSQL): Connection {
  return {
    async send({ sql, params }) {
      const result: Result = await reserved.unsafe(sql, [...params]).values()
      return result
    },
  }
}
