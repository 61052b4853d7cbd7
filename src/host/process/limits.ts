/** What a plugin process may cost, and how long it may take. */
export interface Limits {
  /** Milliseconds from the start of the process to its hello. */
  readonly hello: number
  /** Milliseconds to answer a request that says nothing else. */
  readonly answer: number
  /** Milliseconds to answer a ping, once a request was not answered in time. */
  readonly grace: number
  /** Milliseconds from the word to end to SIGKILL. */
  readonly shutdown: number
  /** Bytes of one line. */
  readonly line: number
  /** Requests under way, of each side to the other. */
  readonly requests: number
  /** Lines that answer nothing, each KiB counting as one: so many at once, and so many a second. */
  readonly unasked: { readonly burst: number; readonly perSecond: number }
  /** Milliseconds before the second start in a row without an answer in between, doubling up to the other. */
  readonly backOff: { readonly first: number; readonly most: number }
  /** Bytes of memory, looked at every few seconds. */
  readonly memory: number
}

export const LIMITS: Limits = {
  hello: 15_000,
  answer: 10_000,
  grace: 2_000,
  shutdown: 4_000,
  line: 8 * 1024 * 1024,
  requests: 1_024,
  unasked: { burst: 2_000, perSecond: 500 },
  backOff: { first: 100, most: 30_000 },
  memory: 512 * 1024 * 1024,
}

/** A bucket that fills again: false when there is not enough left. */
export function budget({ burst, perSecond }: Limits['unasked']): (cost: number) => boolean {
  let left = burst
  let at = performance.now()
  return (cost) => {
    const now = performance.now()
    left = Math.min(burst, left + ((now - at) * perSecond) / 1000)
    at = now
    left -= cost
    return left >= 0
  }
}
