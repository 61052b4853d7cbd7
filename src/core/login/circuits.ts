/**
 * A source that keeps everybody waiting and answers nobody is given a rest: its logins are refused at once, but for one now
 * and then that finds out whether it is well again. What waits for it is bounded, so that it holds up nothing else.
 */
import type { World } from '../world.ts'

export interface Circuits {
  /** Asking may begin, or `undefined` and why not. Whoever is let in says how it ended. */
  enter(source: string): Passage | Closed
}
export interface Passage {
  readonly open: true
  /** `silent`: no answer in time, or after so long that nobody should wait like that again. */
  leave(how: 'answered' | 'failed' | 'silent'): void
}
export interface Closed {
  readonly open: false
  readonly reason: string
}

/** Questions under way to one source. */
const AT_ONCE = 256
/** Silences in a row, with no answer between them, after which a source rests. */
const SILENCES = 5
const FIRST_REST = 5_000
const LONGEST_REST = 60_000

interface State {
  underWay: number
  silences: number
  /** Milliseconds of the rest under way, zero when there is none. */
  rest: number
  until: number
  trying: boolean
}

export function createCircuits({ now, log }: Pick<World, 'now' | 'log'>): Circuits {
  const states = new Map<string, State>()

  function stateOf(source: string): State {
    const state = states.get(source) ?? { underWay: 0, silences: 0, rest: 0, until: 0, trying: false }
    states.set(source, state)
    return state
  }

  function silent(source: string, state: State, trial: boolean): void {
    state.silences += 1
    // Those that were asked before the rest began tell nothing new.
    if (state.silences < SILENCES || (state.rest > 0 && !trial)) return
    state.rest = Math.min(LONGEST_REST, state.rest === 0 ? FIRST_REST : state.rest * 2)
    state.until = now() + state.rest
    log.warn('login source answers nobody and is given a rest', { source, milliseconds: state.rest })
  }

  function well(state: State): void {
    state.silences = 0
    state.rest = 0
  }

  return {
    enter(source) {
      const state = stateOf(source)
      if (state.underWay >= AT_ONCE) return { open: false, reason: 'too many wait for its answers already' }
      const trial = state.rest > 0
      if (trial && (state.trying || now() < state.until)) {
        return { open: false, reason: 'it has answered nobody for a while' }
      }
      state.underWay += 1
      if (trial) state.trying = true
      return {
        open: true,
        leave(how) {
          state.underWay -= 1
          if (trial) state.trying = false
          if (how === 'silent') silent(source, state, trial)
          else if (how === 'answered' || trial) well(state)
          if (how === 'answered' && trial) log.info('login source answers again', { source })
        },
      }
    },
  }
}
