/** How many expensive things may run and wait at the same time. */
export interface Gate {
  /** Runs `work` when its turn comes. Rejects with `Busy` at once if too many wait, and when `signal` aborts the wait. */
  run<T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T>
}

/** There is no room, not even to wait. */
export class Busy extends Error {
  override name = 'Busy'
}

export function createGate(bounds: { readonly running: number; readonly waiting: number }): Gate {
  const queue: (() => void)[] = []
  let running = 0

  function turn(signal: AbortSignal | undefined): Promise<void> {
    if (running < bounds.running) {
      running += 1
      return Promise.resolve()
    }
    if (queue.length >= bounds.waiting) return Promise.reject(new Busy('Cannot start now: too many wait'))
    return new Promise((resolve, reject) => {
      const start = () => {
        signal?.removeEventListener('abort', leave)
        resolve()
      }
      const leave = () => {
        queue.splice(queue.indexOf(start), 1)
        reject(new Busy('Cannot start: the caller no longer waits'))
      }
      queue.push(start)
      signal?.addEventListener('abort', leave, { once: true })
    })
  }

  return {
    async run(work, signal) {
      await turn(signal)
      try {
        return await work()
      } finally {
        const next = queue.shift()
        if (next) next()
        else running -= 1
      }
    },
  }
}
