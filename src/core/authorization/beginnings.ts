/**
 * What strangers can have kept here without proving anything: logins on their way, requests of clients that anybody can
 * name. Bounded for each network, so that nobody fills the storage.
 */
import { defineCounter, type Storage } from '#plugin'
import { networkOf } from '../address.ts'
import { Problem } from '../problem.ts'
import type { Caller, World } from '../world.ts'

export const begunByStrangers = defineCounter('begun_by_stranger')

export interface Beginnings {
  /** Throws `too_many_attempts` when the network has begun too much lately. */
  count(caller: Caller): Promise<void>
}

const WINDOW = 10 * 60_000
/** More than a large office begins in the morning. */
const MOST = 5_000

export function createBeginnings({ storage, world }: { readonly storage: Storage; readonly world: World }): Beginnings {
  return {
    async count({ ip }) {
      const key = ip === undefined ? 'local' : (networkOf(ip) ?? 'unknown')
      const now = world.now()
      const by = { by: 1, limit: MOST, now, expiresAt: now + WINDOW }
      const { ok, expiresAt } = await storage.increment(begunByStrangers, { key }, by)
      if (ok) return
      const retryAfter = Math.max(1, Math.ceil((expiresAt - now) / 1_000))
      throw new Problem('too_many_attempts', 'Too many logins were begun from this network; wait a while', {
        retryAfter,
      })
    },
  }
}
