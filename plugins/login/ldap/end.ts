/** The end of one connection: it took too long, the server has gone, or nobody waits any more. */
import type { Socket } from 'node:net'
import { Trouble, troubleOf } from './trouble.ts'

export interface End extends Disposable {
  /**
   * What some work comes to. Rejects when the end comes first, which it does after so many milliseconds: `late` says what is
   * missing then. One thing is waited for at a time.
   */
  before<T>(work: Promise<T>, milliseconds: number, late: string): Promise<T>
  /** Now: every socket that is watched is destroyed. */
  come(reason: Trouble): void
  /** What happens to this socket can be the end. */
  watch<S extends Socket>(socket: S): S
}

export function createEnd(signal: AbortSignal): End {
  const sockets: Socket[] = []
  let reason: Trouble | undefined
  let refuse: ((reason: Trouble) => void) | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let over = false
  let [length, missing] = [0, '']

  const come = (why: Trouble) => {
    reason ??= why
    refuse?.(reason)
    for (const socket of sockets) socket.destroy()
  }
  const closed = () => {
    if (!over) come(new Trouble('the server closed the connection'))
  }
  const left = () => come(new Trouble('the time for this login is over'))
  const expired = () => come(new Trouble(`${missing} within ${length} ms`))

  function startTimer(milliseconds: number): void {
    if (timer && milliseconds === length) {
      timer.refresh()
      return
    }
    clearTimeout(timer)
    length = milliseconds
    timer = setTimeout(expired, milliseconds)
  }

  signal.addEventListener('abort', left, { once: true })
  if (signal.aborted) left()
  return {
    async before<T>(work: Promise<T>, milliseconds: number, late: string) {
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      work.then(resolve, reject)
      if (reason) reject(reason)
      refuse = reject
      missing = late
      startTimer(milliseconds)
      return promise
    },
    come,
    watch(socket) {
      sockets.push(socket)
      socket.on('error', (error) => come(troubleOf(error)))
      socket.once('close', closed)
      if (reason) socket.destroy()
      return socket
    },
    [Symbol.dispose]() {
      over = true
      clearTimeout(timer)
      signal.removeEventListener('abort', left)
    },
  }
}
