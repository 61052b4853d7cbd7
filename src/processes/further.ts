/** A further process of a server: the same instance over the same storage, on the same port, led by the first process. */
import type { Config } from '../config/schema.ts'
import { REMEMBERED } from '../core/core.ts'
import { Problem } from '../core/problem.ts'
import type { BuildInfo, Counts } from '../http/metrics.ts'
import { type Instance, openInstance } from '../server.ts'
import { announcing } from './announcing.ts'
import { createLine } from './line.ts'
import { nextTurn, PROMPTLY, type Siblings } from './siblings.ts'
import { writeWholeLines } from './whole-lines.ts'

/** The first process waits for the others, each for as long as `PROMPTLY`, and then for those it replaces to be gone. */
const TELL_DEADLINE = 5 * PROMPTLY
/** Until the first process has taken in that this one is there. */
const BEGIN_DEADLINE = 30_000
const CLOSING = 3_000

type State = ReturnType<Siblings['state']>
interface Beginning {
  readonly config: Config
  readonly build: BuildInfo
  readonly state: State
}

export interface FurtherOptions {
  /** What else this process serves once it listens. */
  readonly listening?: (instance: Instance) => void
}

/** Runs until the first process says so or is gone; ends the process. */
export async function furtherMain({ listening }: FurtherOptions = {}): Promise<void> {
  if (!process.send) {
    process.stderr.write('leveret: this command is started by "leveret serve" only\n')
    process.exit(2)
  }
  // A terminal and a service manager signal the whole group; when to end is said by the first process.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined)
  const opening = Promise.withResolvers<Instance>()
  const missed = new Set<string>()
  const hearing = new Set<Promise<void>>()
  let instance: Instance | undefined
  let state: State = { up: 0, of: 0 }
  let shutdown = 0

  async function hear(collections: readonly string[]): Promise<void> {
    if (!instance) return collections.forEach((name) => missed.add(name))
    await nextTurn()
    await instance.hear(collections)
  }

  async function finish(): Promise<never> {
    setTimeout(() => process.exit(1), shutdown + CLOSING).unref()
    await instance?.drain()
    await instance?.[Symbol.asyncDispose]()
    process.exit(0)
  }

  let ending: Promise<never> | undefined
  const end = () => (ending ??= finish())

  const line = createLine((message) => void process.send?.(message), {
    changed({ collections }) {
      const heard = hear(collections as readonly string[]).finally(() => hearing.delete(heard))
      hearing.add(heard)
      return heard
    },
    reload: async ({ config }) => (await opening.promise).reload(config as Config),
    counts: async () => (await opening.promise).counts(),
    async state(next) {
      state = next as unknown as State
    },
    stop: end,
  })
  process.on('message', (message: unknown) => line.received(message))
  process.on('disconnect', () => {
    line.close()
    void end()
  })

  const beginning = (await line.ask('begin', {}, BEGIN_DEADLINE)) as Beginning // our own program
  const { config, build } = beginning
  ;({ state } = beginning)
  shutdown = config.limits.shutdown
  const tell = async (collections: readonly string[]): Promise<void> => {
    await line.ask('tell', { collections }, TELL_DEADLINE).catch((error: unknown) => {
      instance?.log.error('the other processes may not know of a change yet', { reason: String(error) })
    })
  }
  const counts = async (): Promise<Counts> => {
    const counted = await line.ask('counts', {}, TELL_DEADLINE).catch((cause: unknown) => {
      throw new Problem('unavailable', 'The other processes do not say what they counted', { cause, retryAfter: 1 })
    })
    return counted as Counts
  }
  const siblings: Siblings = {
    further: true,
    around: (storage) => announcing(storage, REMEMBERED, tell),
    counts,
    state: () => state,
    reloaded: async () => undefined,
  }
  try {
    instance = await openInstance(config, { siblings, build, writeLog: writeWholeLines })
    await instance.hear([...missed])
    opening.resolve(instance)
    await line.ask('loaded', {}, BEGIN_DEADLINE)
    await Promise.all(hearing)
    await instance.listen()
    listening?.(instance)
    await line.ask('listening', {}, BEGIN_DEADLINE)
  } catch (error) {
    writeWholeLines(
      `leveret: a further process cannot serve: ${error instanceof Error ? error.message : String(error)}\n`,
    )
    process.exit(1)
  }
}
