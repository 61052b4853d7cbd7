/**
 * How many attempts of one network may fail over all names. An attempt in doubt counts as failed in this process, so that
 * parallel guesses cannot outrun the count; one that succeeds writes nothing, because a whole office logs in from one network.
 */
import { defineCounter, type Storage } from '#plugin'
import { repository } from '../storage/repository.ts'
import type { World } from '../world.ts'
import { createDoubts } from './doubts.ts'

export const networkFailures = defineCounter('network_failure')

export interface NetworkCeiling {
  /** An attempt in doubt, or for how many milliseconds none is possible. */
  enter(network: string): Promise<Doubt | { readonly wait: number }>
  /** Something that failed in a way of its own; never in doubt. */
  failed(key: string): Promise<void>
  /** For how many milliseconds nothing more of this may fail; zero when it may. */
  waitOf(key: string): Promise<number>
}

/** Counts as a failure when disposed of, unless it was dismissed. */
export interface Doubt extends AsyncDisposable {
  dismiss(): void
}

/** Short, because everybody behind one address waits for it. */
const WINDOW = 10 * 60_000

export function createNetworkCeiling(deps: {
  readonly storage: Storage
  readonly world: World
  readonly limit: () => number
}): NetworkCeiling {
  const { storage, world, limit } = deps
  const counters = repository(storage, networkFailures)
  const doubts = createDoubts()

  async function waitOf(key: string, inDoubt: () => number): Promise<number> {
    const row = await counters.get({ key })
    const now = world.now()
    const live = row && row.expiresAt > now ? row : { count: 0, expiresAt: now + 1 }
    return live.count + inDoubt() >= limit() ? live.expiresAt - now : 0
  }

  async function failed(key: string): Promise<void> {
    const now = world.now()
    await storage.increment(networkFailures, { key }, { by: 1, limit: limit(), now, expiresAt: now + WINDOW })
  }

  function doubtOf(network: string): Doubt {
    const release = doubts.add(network)
    let open = true
    return {
      dismiss() {
        open = false
        release()
      },
      async [Symbol.asyncDispose]() {
        if (!open) return
        open = false
        try {
          await failed(network)
        } finally {
          release()
        }
      },
    }
  }

  return {
    async enter(network) {
      const wait = await waitOf(network, () => doubts.of(network))
      return wait > 0 ? { wait } : doubtOf(network)
    },
    failed,
    waitOf: (key) => waitOf(key, () => 0),
  }
}
