/** Where logins on their way are kept. Each belongs to one browser: whoever else opens its address finds nothing. */
import { insert, remove, type Step, type Storage, update } from '#plugin'
import { digestOf, isSameDigest } from '../digest.ts'
import { repository } from '../storage/repository.ts'
import { newToken } from '../token/token-text.ts'
import type { Caller, World } from '../world.ts'
import type { Beginnings } from './beginnings.ts'
import {
  type AuthorizationRequest,
  INTERACTION_LIFE,
  type Interaction,
  interactions,
  pushedRequests,
} from './records.ts'

/** A login that goes on at a path of ours. */
export interface LocalLogin {
  readonly next: string
  /** Although somebody is logged in. */
  readonly again?: boolean
  /** Whose demands have to be met. */
  readonly forClient?: string
}

export interface Started {
  readonly id: string
  readonly interaction: Interaction
}

export type Change = Partial<Omit<Interaction, 'digest' | 'bindingDigest' | 'request' | 'next'>>

export interface Interactions {
  /** Not stored yet. Without a binding the first browser that opens it is the one. */
  draft(purpose: Purpose, binding: string | undefined): Started
  /** Throws `too_many_attempts` for a network that begins too many. */
  keep(started: Started, caller: Caller): Promise<void>
  /** `undefined` if it is over, or of another browser. */
  find(id: string, binding: string): Promise<Started | undefined>
  change(started: Started, change: Change): Promise<Started>
  /** Steps that end it, and the pushed request that it came of. */
  endOf(started: Started): readonly Step[]
}

type Purpose = { readonly request: AuthorizationRequest } | LocalLogin

export function createInteractions({
  storage,
  world,
  beginnings,
}: {
  readonly storage: Storage
  readonly world: World
  readonly beginnings: Beginnings
}): Interactions {
  const stored = repository(storage, interactions)

  async function bind(started: Started, bindingDigest: string): Promise<Started | undefined> {
    const { digest } = started.interaction
    const first = update(interactions, { digest }, { set: { bindingDigest }, when: { bindingDigest: null } })
    const { ok } = await storage.commit([first])
    return ok ? { ...started, interaction: { ...started.interaction, bindingDigest } } : undefined
  }

  return {
    draft(purpose, binding) {
      const now = world.now()
      const id = newToken('', world)
      const interaction: Interaction = {
        digest: digestOf(id),
        bindingDigest: binding === undefined ? null : digestOf(binding),
        request: 'request' in purpose ? purpose.request : null,
        next: 'next' in purpose ? purpose.next : null,
        forClient: ('forClient' in purpose && purpose.forClient) || null,
        proven: null,
        loginSid: null,
        consentSid: null,
        switching: 'again' in purpose && purpose.again === true,
        enrolling: null,
        upstream: null,
        createdAt: now,
        expiresAt: now + INTERACTION_LIFE,
      }
      return { id, interaction }
    },
    async keep({ interaction }, caller) {
      await beginnings.count(caller)
      await storage.commit([insert(interactions, interaction)])
    },
    async find(id, binding) {
      const interaction = await stored.get({ digest: digestOf(id) })
      if (!interaction || interaction.expiresAt <= world.now()) return undefined
      const [started, bound] = [{ id, interaction }, digestOf(binding)]
      if (interaction.bindingDigest === null) return await bind(started, bound)
      return isSameDigest(interaction.bindingDigest, bound) ? started : undefined
    },
    async change(started, change) {
      const { digest } = started.interaction
      await storage.commit([update(interactions, { digest }, { set: change })])
      return { ...started, interaction: { ...started.interaction, ...change } }
    },
    endOf({ interaction: { digest, request } }) {
      const pushed = request?.pushed ?? undefined
      return [
        remove(interactions, { equals: { digest } }),
        ...(pushed === undefined ? [] : [remove(pushedRequests, { equals: { digest: pushed } })]),
      ]
    },
  }
}
