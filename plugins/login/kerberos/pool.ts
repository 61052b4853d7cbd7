/** Sidecar processes that share one queue: started when there is work, replaced when they end, never waited for too long. */
import { Busy, type Logger } from '#plugin'
import type { Method, Methods, Proof } from './protocol.ts'
import { Lost, type SidecarProcess } from './sidecar-process.ts'

export interface PoolOptions {
  readonly start: () => SidecarProcess
  readonly processes: number
  /** Requests that one process may have at a time: one where each may block. */
  readonly atOnce: number
  readonly waiting: number
  /** Milliseconds that a request may wait for its turn. */
  readonly patience: number
  readonly log: Logger
}

export interface Pool extends AsyncDisposable {
  /** Starts the first process. Rejects with one sentence if it cannot work. */
  prime(): Promise<void>
  /** Rejects with `Busy` when too many wait or it waited too long, with `Lost` when the process ended instead. */
  ask<M extends Method>(method: M, params: Methods[M], signal?: AbortSignal): Promise<Proof>
}

interface Job {
  run(process: SidecarProcess): void
  giveUp(reason: string): void
}

const FIRST_DELAY = 100
/** Short, because nobody logs in meanwhile. */
const LONGEST_DELAY = 2_000

export function createPool(options: PoolOptions): Pool {
  const { processes: most, atOnce, log } = options
  const ready = new Set<SidecarProcess>()
  const all = new Set<SidecarProcess>()
  const queue = new Set<Job>()
  /** Ends in a row with no answer in between. */
  let failures = 0
  let pause: ReturnType<typeof setTimeout> | undefined
  let closed = false

  function failed(what: Readonly<Record<string, string | number>>): void {
    if (closed) return
    log.warn('kerberos sidecar ended', what)
    failures++
    if (failures > 1) rest(Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** (failures - 2)))
  }

  function start(): SidecarProcess {
    const process = options.start()
    all.add(process)
    void process.ready.then(
      () => {
        ready.add(process)
        serve()
      },
      () => undefined, // it ends by itself, or was killed
    )
    void process.ended.then((how) => {
      all.delete(process)
      ready.delete(process)
      failed({ pid: process.pid, how })
      serve()
    })
    return process
  }

  /** The system may have no room for one more process now and then. */
  function another(): void {
    try {
      start()
    } catch (error) {
      failed({ how: `it cannot be started: ${String(error)}` })
    }
  }

  /** Nothing is started for a while, so that a process that dies at once does not take the machine with it. */
  function rest(milliseconds: number): void {
    clearTimeout(pause)
    pause = setTimeout(() => {
      pause = undefined
      serve()
    }, milliseconds)
  }

  function serve(): void {
    for (const job of queue) {
      const free = [...ready].filter((process) => process.busy() < atOnce)
      const next = free.toSorted((a, b) => a.busy() - b.busy())[0]
      if (!next) {
        if (all.size < most && all.size - ready.size < queue.size && pause === undefined && !closed) another()
        return
      }
      queue.delete(job)
      job.run(next)
    }
  }

  function refusal(signal: AbortSignal | undefined): string | undefined {
    if (closed) return 'it is stopped'
    if (signal?.aborted) return 'nobody waits for the answer'
    return queue.size >= options.waiting ? 'too many wait' : undefined
  }

  return {
    async prime() {
      const first = start()
      await first.ready
    },
    ask(method, params, signal) {
      const busy = refusal(signal)
      if (busy !== undefined) return Promise.reject(new Busy(`Cannot ask the sidecar: ${busy}`))
      const { promise, resolve, reject } = Promise.withResolvers<Proof>()
      const leave = () => job.giveUp('nobody waits for the answer')
      const timer = setTimeout(() => job.giveUp('no process became free in time'), options.patience)
      const settled = () => {
        queue.delete(job)
        clearTimeout(timer)
        signal?.removeEventListener('abort', leave)
      }
      const job: Job = {
        giveUp(reason) {
          settled()
          reject(new Busy(`Cannot ask the sidecar: ${reason}`))
        },
        run(process) {
          settled()
          void process
            .ask(method, params)
            .then(
              (proof) => {
                failures = 0
                resolve(proof)
              },
              (error: unknown) => reject(error),
            )
            .finally(serve)
        },
      }
      signal?.addEventListener('abort', leave, { once: true })
      queue.add(job)
      serve()
      return promise
    },
    async [Symbol.asyncDispose]() {
      closed = true
      clearTimeout(pause)
      for (const job of queue) job.giveUp('it is stopped')
      await Promise.all([...all].map((process) => process.stop()))
    },
  }
}

/** Why there was no answer, for the log; `undefined` for what is no failure of a pool. */
export function reasonOf(error: unknown): string | undefined {
  return error instanceof Busy || error instanceof Lost ? error.message : undefined
}
