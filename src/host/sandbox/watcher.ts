/** The server's side of the thread that watches plugins: started for the first of them, there until the server ends. */
import { socketPair } from './handover.ts'
import { kernel } from './kernel.ts'
import { callNumber } from './system-calls.ts'
import { threadCalled } from './thread.ts'
import type { Told } from './watch.ts'

/** One plugin being watched, through all its starts. */
export interface Watching extends Disposable {
  /** Tells its reports from those of others. */
  readonly token: string
  /** To be inherited by its launcher, as the descriptor after standard error. */
  readonly socket: number
}

export type Hears = (told: Told) => void

interface Thread {
  readonly socket: number
  readonly hearing: Map<string, Hears>
}

let running: Thread | undefined

/** Watches whatever a launcher hands over under this token. Throws an `Error` with one sentence if it cannot. */
export function watch(hears: Hears): Watching {
  const { socket, hearing } = (running ??= startThread())
  const token = crypto.randomUUID()
  hearing.set(token, hears)
  return { token, socket, [Symbol.dispose]: () => void hearing.delete(token) }
}

function startThread(): Thread {
  const [socket, theirs] = socketPair()
  const hearing = new Map<string, Hears>()
  const thread = { socket, hearing }
  const worker = threadCalled('watch-thread')
  worker.addEventListener('message', ({ data }: MessageEvent<Told>) => hearing.get(data.token)?.(data))
  worker.addEventListener('error', ({ message }) => {
    if (running === thread) running = undefined
    kernel().call(callNumber('close'), theirs) // launchers notice that nobody is there
    for (const [token, hears] of hearing) hears({ token, blind: message, over: true })
  })
  worker.postMessage(theirs)
  return thread
}
