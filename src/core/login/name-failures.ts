/**
 * Failed attempts per (name, network), with a rising delay. While a name has free attempts left, one in doubt is counted in
 * this process only, so that a login that succeeds writes nothing; from then on each is written before the secret is looked
 * at, and no number of processes gives a guesser more.
 */
import { Type as t } from '@sinclair/typebox'
import { defineCollection, insert, remove, type RowOf, type Storage, take, update } from '#plugin'
import type { Settings } from '../settings.ts'
import { commitOrAgain } from '../storage/commit.ts'
import { repository } from '../storage/repository.ts'
import type { World } from '../world.ts'
import { createDoubts } from './doubts.ts'

export const loginFailures = defineCollection({
  name: 'login_failure',
  fields: t.Object({
    /** Digest of the name's comparison key; the name itself is not kept. */
    name: t.String({ maxLength: 64 }),
    network: t.String({ maxLength: 64 }),
    /** Attempts that failed, or were written ahead and are under way. */
    count: t.Integer(),
    /** No further attempt before this. */
    nextAt: t.Integer(),
    expiresAt: t.Integer(),
  }),
  key: ['name', 'network'],
  indexes: [['expiresAt']],
  expiresAt: 'expiresAt',
})
type Failures = RowOf<typeof loginFailures>

interface Key {
  readonly name: string
  readonly network: string
}

/** One attempt, counted. Fails when it is disposed of, unless it succeeded or was undone before. */
export interface NameAttempt extends AsyncDisposable {
  /** Attempts at this name including this one, as far as they are known. */
  readonly count: number
  /** The secret was right: what failed before is forgotten. */
  succeed(): Promise<void>
  /** It proved nothing: as if it had not been made. */
  undo(): Promise<void>
}

export interface NameFailures {
  /** An attempt, or for how many milliseconds none is possible. */
  enter(key: Key): Promise<NameAttempt | { readonly wait: number }>
}

export function createNameFailures(deps: {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
}): NameFailures {
  const { storage, world, settings } = deps
  const failures = repository(storage, loginFailures)
  const doubts = createDoubts()

  /** Milliseconds to wait after this many attempts. */
  function delayAfter(count: number): number {
    const { freeAttempts, firstDelay, maxDelay } = settings().throttle
    return count <= freeAttempts ? 0 : Math.min(maxDelay, firstDelay * 2 ** (count - freeAttempts - 1))
  }

  async function liveRow(
    key: Key,
  ): Promise<{ readonly row: Failures | undefined; readonly live: Failures | undefined }> {
    const row = await failures.get(key)
    return { row, live: row && row.expiresAt > world.now() ? row : undefined }
  }

  /** Of parallel attempts each wins its own count or reads anew; none is counted while it would have to wait. */
  async function write(key: Key, heedsDelay: boolean): Promise<{ readonly count: number } | { readonly wait: number }> {
    let count = 0
    let wait = 0
    await commitOrAgain(storage, async () => {
      const now = world.now()
      const { row, live } = await liveRow(key)
      wait = heedsDelay && live ? Math.max(0, live.nextAt - now) : 0
      if (wait > 0) return undefined
      count = (live?.count ?? 0) + 1
      // Those in doubt may all fail: the next one waits as if they had.
      const nextAt = now + delayAfter(count + (heedsDelay ? doubts.of(placeOf(key)) : 0))
      const next = { ...key, count, nextAt, expiresAt: nextAt + settings().throttle.forgetAfter }
      return [...(row ? [take(loginFailures, key, guardOf(row))] : []), insert(loginFailures, next)]
    })
    return wait > 0 ? { wait } : { count }
  }

  async function takeBack(key: Key, count: number): Promise<void> {
    await commitOrAgain(storage, async () => {
      const row = await failures.get(key)
      if (!row) return undefined
      if (row.count <= 1) return [take(loginFailures, key, guardOf(row))]
      const nextAt = row.count === count ? world.now() : row.nextAt
      const change = { set: { count: row.count - 1, nextAt }, when: guardOf(row) }
      return [update(loginFailures, key, change)]
    })
  }

  async function forget(key: Key): Promise<void> {
    await storage.commit([remove(loginFailures, { equals: { name: key.name, network: key.network } })])
  }

  function free(key: Key, { count, known }: { readonly count: number; readonly known: boolean }): NameAttempt {
    const release = doubts.add(placeOf(key))
    let open = true
    const settle = async (work: () => Promise<unknown>): Promise<void> => {
      if (!open) return
      open = false
      try {
        await work()
      } finally {
        release()
      }
    }
    return {
      count,
      succeed: () => settle(async () => (known ? forget(key) : undefined)),
      undo: () => settle(async () => undefined),
      [Symbol.asyncDispose]: () => settle(() => write(key, false)),
    }
  }

  return {
    async enter(key) {
      const { row, live } = await liveRow(key)
      const wait = (live?.nextAt ?? 0) - world.now()
      if (wait > 0) return { wait }
      const count = (live?.count ?? 0) + doubts.of(placeOf(key)) + 1
      if (count <= settings().throttle.freeAttempts) return free(key, { count, known: row !== undefined })
      const written = await write(key, true)
      if ('wait' in written) return written
      return {
        count: written.count,
        succeed: () => forget(key),
        undo: () => takeBack(key, written.count),
        async [Symbol.asyncDispose]() {},
      }
    },
  }
}

function guardOf({ count, nextAt, expiresAt }: Failures) {
  return { count, nextAt, expiresAt }
}

function placeOf({ name, network }: Key): string {
  return `${name} ${network}`
}
