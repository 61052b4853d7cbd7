/** What an instance that is one process of several knows of the others. */
import type { Storage } from '#plugin'
import type { Config } from '../config/schema.ts'
import type { Counts } from '../http/metrics.ts'

export interface Siblings {
  /** Whether this is a further process, which leaves to the first one what is to be done once. */
  readonly further: boolean
  /** The same storage; who changes with it what others hold in memory waits until they have forgotten it. */
  around(storage: Storage): Storage
  /** What all processes counted; throws if that cannot be said now. */
  counts(): Promise<Counts>
  state(): { readonly up: number; readonly of: number }
  /** The first process runs by this configuration now. */
  reloaded(config: Config): Promise<void>
}

/** Milliseconds for an answer that takes no work. */
export const PROMPTLY = 2_000

/** The hidden subcommand. */
export const FURTHER_COMMAND = 'serve-further'

/**
 * Reads of one turn may share a snapshot, one from before the change: what is loaded again has to be asked for in the next.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
