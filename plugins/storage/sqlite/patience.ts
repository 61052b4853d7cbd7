/**
 * Waiting for other processes that use the file. SQLite's own waiting would keep the whole process from answering, so it is
 * asked without, and again a moment later.
 */

/** Milliseconds that a read waits in all, and a write, for which somebody has more to lose. */
export const READING = 250
export const WRITING = 30_000
/** Milliseconds between attempts while another process writes, which takes it less than one: at first short ones. */
const SHORT_PAUSES = 100
const SHORT_PAUSE = 1
const LONG_PAUSE = 20

/** Does what touches the file, at once if it can be; throws what SQLite refuses for another reason, or for that one to the end. */
export async function patiently<T>(patience: number, work: () => T): Promise<T> {
  let enough: AbortSignal | undefined
  for (let round = 1; ; round++) {
    try {
      return work()
    } catch (error) {
      if (!isBusy(error) || enough?.aborted) throw error
      enough ??= AbortSignal.timeout(patience)
      await new Promise((resolve) => setTimeout(resolve, round <= SHORT_PAUSES ? SHORT_PAUSE : LONG_PAUSE))
    }
  }
}

export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')
}
