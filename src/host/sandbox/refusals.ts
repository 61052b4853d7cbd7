/** What a plugin tried and was refused, in the server's own words: each thing once in the log, all of them counted. */
import type { Logger } from '#plugin'
import { oneLine } from '../plugin-error.ts'
import type { Watched } from '../process/child.ts'
import type { Attempt } from './attempt.ts'
import type { Told } from './watch.ts'
import { watch } from './watcher.ts'

/** Different things that are said of one plugin, as long as it is open. */
export const MOST_SAID = 100

/** One thing that was refused so many times. */
export interface Refused {
  /** The login source or storage as the configuration calls it. */
  readonly plugin: string
  /** What would have let it; `none` if nothing does. */
  readonly permission: NonNullable<Attempt['permission']> | 'none'
  readonly sentence: string
  readonly times: number
}

interface Reporting {
  /** What the plugin calls itself. */
  readonly name: string
  readonly id: string
  readonly log: Logger
  readonly refused?: ((refused: Refused) => void) | undefined
}

/** Has the server hear what a plugin tries, through all its starts. Throws an `Error` with one sentence if it cannot. */
export function watchedPlugin(reporting: Reporting): Watched & { readonly token: string } {
  const { name, id, log, refused } = reporting
  const said = new Set<string>()
  let greetedAt = Number.POSITIVE_INFINITY
  let blind = false
  let lost: (() => void) | undefined

  function tell(permission: Refused['permission'], sentence: string, times: number): void {
    if (!said.has(sentence)) log.warn(sentence, permission === 'none' ? {} : { permission })
    said.add(sentence)
    refused?.({ plugin: id, permission, sentence, times })
  }
  const more = `plugin "${name}" tried more that it may not do; it was refused, and is only counted from here on`

  function hear(told: Told): void {
    if ('attempt' in told) {
      const { attempt, at, times } = told
      if (attempt.usual === true && at < greetedAt) return
      const sentence = sentenceOf(name, attempt)
      tell(attempt.permission ?? 'none', said.has(sentence) || said.size < MOST_SAID ? sentence : more, times)
    } else if ('others' in told) tell('none', more, told.others)
    else {
      if (told.over) lost?.()
      if (blind) return
      blind = true
      log.warn('what the plugin may not do is refused, but not reported', { reason: told.blind })
    }
  }

  const { socket, token, [Symbol.dispose]: dispose } = watch(hear)
  return {
    socket,
    token,
    starts(ifLost) {
      greetedAt = Number.POSITIVE_INFINITY
      lost = ifLost
    },
    greets: () => void (greetedAt = performance.timeOrigin + performance.now()),
    killed: () =>
      tell('none', `plugin "${name}" tried what no plugin may do, or to start a process; its sandbox ended it`, 1),
    [Symbol.dispose]: dispose,
  }
}

function sentenceOf(name: string, { permission, deed }: Attempt): string {
  const why = permission === undefined ? 'no plugin may do' : `its manifest does not permit (${permission})`
  return `plugin "${name}" tried to ${oneLine(deed)}, which ${why}; it was refused`
}
