/** Waiting in line: how many attempts at one thing are looked at together, and how many wait meanwhile. */
import { type Schedule, timers } from '../schedule.ts'

export interface Turns {
  /** Resolves when it is this one's turn, `undefined` if too many wait or the wait gets too long. Disposing ends the turn. */
  take(key: string, atOnce: number): Promise<Disposable | undefined>
}

interface Line {
  underWay: number
  readonly waiting: Set<() => void>
}

export function createTurns({
  waiting,
  patience,
  schedule = timers,
}: {
  /** How many may wait for one key. */
  readonly waiting: number
  /** Milliseconds. */
  readonly patience: number
  readonly schedule?: Schedule
}): Turns {
  const lines = new Map<string, Line>()

  function leave(key: string, line: Line): void {
    const [next] = line.waiting
    if (next) {
      line.waiting.delete(next)
      next()
    } else if (--line.underWay === 0) lines.delete(key)
  }

  function turn(key: string, line: Line): Disposable {
    let over = false
    return {
      [Symbol.dispose]() {
        if (!over) leave(key, line)
        over = true
      },
    }
  }

  return {
    async take(key, atOnce) {
      const line = lines.get(key) ?? { underWay: 0, waiting: new Set() }
      lines.set(key, line)
      if (line.underWay < atOnce) {
        line.underWay++
        return turn(key, line)
      }
      if (line.waiting.size >= waiting) return undefined
      const { promise, resolve } = Promise.withResolvers<Disposable | undefined>()
      const start = () => {
        callOff()
        resolve(turn(key, line))
      }
      const callOff = schedule(() => {
        line.waiting.delete(start)
        resolve(undefined)
      }, patience)
      line.waiting.add(start)
      return promise
    },
  }
}
