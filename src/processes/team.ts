/**
 * The first process of a server starts the further ones, keeps them running, and passes on what one of them has to tell
 * the others. They share the port and the storage; what is held in memory is forgotten everywhere before a change of it is
 * answered.
 */
import { setTimeout as wait } from 'node:timers/promises'
import type { Config } from '../config/schema.ts'
import { REMEMBERED } from '../core/core.ts'
import { within } from '../host/deadline.ts'
import type { Handler } from '../host/process/calls.ts'
import type { BuildInfo, Counts } from '../http/metrics.ts'
import type { Logger } from '../plugin/index.ts'
import { announcing } from './announcing.ts'
import { NOTHING, remains, total } from './counts.ts'
import { type Member, startMember } from './member.ts'
import { nextTurn, PROMPTLY, type Siblings } from './siblings.ts'
import { writeWholeLines } from './whole-lines.ts'

/** The first process itself. */
export interface First {
  readonly log: Logger
  hear(collections: readonly string[]): Promise<void>
  counts(): Counts
}

export interface Team {
  /** Of the first process. */
  readonly options: { readonly siblings: Siblings; readonly writeLog: (lines: string) => void }
  /** Resolves when every process answers; throws if one ends before. `urls` says where the first one listens. */
  start(first: First, config: Config, urls: readonly string[]): Promise<void>
  /** Has every further process finish what is under way and end. */
  stop(): Promise<void>
}

const START_DEADLINE = 60_000
const RELOAD_DEADLINE = 30_000
/** A further process that ran for so long did not end because it cannot run. */
const STEADY = 10_000
const FIRST_PAUSE = 250
const LONGEST_PAUSE = 30_000
/** How often further processes are asked what they counted: what one of them counted since is lost if it is killed. */
const LOOK = 1_000
/** A process that does not answer for so long hangs, and whoever is connected to it with it. */
const PATIENCE = 10_000
/** Beyond the deadline of the requests, for closing what is open. */
const CLOSING = 3_000

export function createTeam(size: number, build: BuildInfo): Team {
  const members = new Set<Member>()
  const stopping = new AbortController()
  let first: First | undefined
  let config: Config | undefined
  let reloaded: Config | undefined
  let departed = NOTHING
  let looking: ReturnType<typeof setInterval> | undefined
  let kept: readonly Promise<void>[] = []

  const serving = () => [...members].filter(({ phase }) => phase === 'serving')
  const state = () => ({ up: 1 + serving().length, of: size })

  function begun(): { first: First; config: Config } {
    if (!first || !config) throw new Error('Cannot answer a further process before the first one listens')
    return { first, config }
  }

  /** Ends it; another one is started in its place. */
  async function replace(member: Member, why: string, cause?: unknown): Promise<void> {
    const reason = cause instanceof Error ? cause.message : undefined
    if (members.has(member))
      first?.log.warn(`a process of the server ${why} and is replaced`, { pid: member.pid, reason })
    await member.kill()
  }

  /** One that has not loaded yet hears of it before it answers anybody: its messages come in order. */
  async function tellOne(member: Member, collections: readonly string[]): Promise<void> {
    const heard = member.line.ask('changed', { collections }, PROMPTLY)
    const unheard = async (error: Error) => {
      if (member.phase === 'opening') return
      await replace(member, 'did not take over a change', error)
    }
    if (member.phase === 'opening') void heard.catch(unheard)
    else await heard.catch(unheard)
  }

  async function tell(collections: readonly string[], from?: Member): Promise<void> {
    const others = [...members].filter((member) => member !== from).map((member) => tellOne(member, collections))
    const own = from && nextTurn().then(() => begun().first.hear(collections))
    await Promise.all([own, ...others])
  }

  async function look(member: Member): Promise<void> {
    const counted = await member.line.ask('counts', {}, PROMPTLY).catch(() => undefined)
    if (counted !== undefined) {
      member.counted = counted as Counts // our own program
      member.answeredAt = performance.now()
    } else if (members.has(member) && performance.now() - member.answeredAt > PATIENCE) {
      await replace(member, 'does not answer')
    }
  }

  async function counts(): Promise<Counts> {
    const { first: own } = begun()
    await Promise.all(serving().map(look))
    const living = [...members].flatMap(({ counted }) => (counted ? [counted] : []))
    return { ...total([own.counts(), ...living, departed]), processes: state().up }
  }

  function announceState(): void {
    for (const { line } of members) line.ask('state', state(), PROMPTLY).catch(() => undefined)
  }

  function handlersOf(member: () => Member, up: () => void): Readonly<Record<string, Handler>> {
    return {
      begin: async () => ({ config: begun().config, build, state: state() }),
      async loaded() {
        member().phase = 'loaded'
      },
      async listening() {
        member().phase = 'serving'
        member().answeredAt = performance.now()
        up()
        announceState()
      },
      tell: ({ collections }) => tell(collections as readonly string[], member()),
      counts,
    }
  }

  /** Runs one after the other until the server stops; `ready` is about the very first. */
  async function keep(ready: PromiseWithResolvers<void>): Promise<void> {
    let started = false
    for (let failures = 0; !stopping.signal.aborted; ) {
      const since = performance.now()
      const member = startMember((self) => handlersOf(self, ready.resolve))
      members.add(member)
      const late = setTimeout(() => void (member.phase !== 'serving' && member.kill()), START_DEADLINE)
      const reason = await member.ended
      clearTimeout(late)
      started ||= member.phase === 'serving'
      members.delete(member)
      if (member.counted) departed = total([departed, remains(member.counted)])
      if (stopping.signal.aborted) return
      if (!started) return ready.reject(new Error(`a further process ended before it listened: ${reason}`))
      announceState()
      failures = performance.now() - since > STEADY ? 1 : failures + 1
      const pause = failures === 1 ? 0 : Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (failures - 2))
      const { pid } = member
      first?.log.warn('a process of the server ended and is started again', { pid, reason, afterMilliseconds: pause })
      await wait(pause, undefined, { signal: stopping.signal }).catch(() => undefined)
    }
  }

  async function reloadOne(member: Member, next: Config): Promise<void> {
    try {
      await member.line.ask('reload', { config: next }, RELOAD_DEADLINE)
    } catch (error) {
      await replace(member, 'did not reload', error)
    }
  }

  const siblings: Siblings = {
    further: false,
    around: (storage) => announcing(storage, REMEMBERED, (collections) => tell(collections)),
    counts,
    state,
    async reloaded(next) {
      reloaded = next
      if (!config) return
      const renewed = forFurther(next, config.listen.port)
      config = renewed
      await Promise.all([...members].map((member) => reloadOne(member, renewed)))
    },
  }

  return {
    options: { siblings, writeLog: writeWholeLines },
    async start(own, configured, [url = '']) {
      first = own
      config = forFurther(reloaded ?? configured, Number(/\d+$/.exec(url)?.[0]))
      const all = Array.from({ length: size - 1 }, () => Promise.withResolvers<void>())
      kept = all.map(keep)
      looking = setInterval(() => void counts(), LOOK)
      looking.unref()
      await Promise.all(all.map(({ promise }) => promise))
    },
    async stop() {
      stopping.abort()
      clearInterval(looking)
      const deadline = (config?.limits.shutdown ?? 0) + CLOSING
      for (const { line } of members) line.ask('stop', {}, deadline).catch(() => undefined)
      await within(deadline, Promise.all(kept))
      await Promise.all([...members].map((member) => member.kill()))
    },
  }
}

/** What only one process may have is the first one's: unix socket, a listener for the metrics alone. */
function forFurther(config: Config, boundPort: number): Config {
  const { unix: _unix, ...listen } = config.listen
  const { port, ...metrics } = config.metrics
  return {
    ...config,
    listen: { ...listen, port: boundPort, reusePort: true },
    metrics: { ...metrics, enabled: metrics.enabled && port === undefined },
  }
}
