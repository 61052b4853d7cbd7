/** One further process, as the first sees it. */
import type { Handler } from '../host/process/calls.ts'
import { wholeSelfCommand } from '../host/self.ts'
import type { Counts } from '../http/metrics.ts'
import { createLine, type Line } from './line.ts'
import { FURTHER_COMMAND } from './siblings.ts'

export interface Member {
  readonly pid: number
  readonly line: Line
  /** `opening` has not loaded everything, `loaded` may begin to answer at any moment. */
  phase: 'opening' | 'loaded' | 'serving'
  /** What it had counted when it last answered, and when that was. */
  counted: Counts | undefined
  answeredAt: number
  /** How it ended, in words. */
  readonly ended: Promise<string>
  /** Ends it; resolves when it is gone. */
  kill(): Promise<unknown>
}

/** Starts this program again; `handlers` are what the new process may ask. */
export function startMember(handlers: (member: () => Member) => Readonly<Record<string, Handler>>): Member {
  const { promise: ended, resolve } = Promise.withResolvers<string>()
  const line = createLine(
    (message) => child.send(message),
    handlers(() => member),
  )
  const child = Bun.spawn(wholeSelfCommand(FURTHER_COMMAND), {
    env: process.env, // as it is now
    stdio: ['ignore', 'inherit', 'inherit'],
    ipc: (message) => line.received(message),
    onExit(_child, code, signal) {
      line.close()
      resolve(signal === null ? `exit code ${code}` : `signal ${signal}`)
    },
  })
  const member: Member = {
    pid: child.pid,
    line,
    phase: 'opening',
    counted: undefined,
    answeredAt: 0,
    ended,
    kill() {
      child.kill('SIGKILL')
      return ended
    },
  }
  return member
}
