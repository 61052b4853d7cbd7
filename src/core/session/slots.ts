/** How many identity tokens a user may have alive: (user, slot) is unique, so the bound holds under any race. */
import { insert, remove, type Step, type Storage, take, update } from '#plugin'
import { repository } from '../storage/repository.ts'
import { type User, users } from '../users/records.ts'
import { type IdentityToken, identityTokens } from './records.ts'

export interface SlotRequest {
  /** As it was when the password was verified. */
  readonly user: User
  readonly token: Omit<IdentityToken, 'slot'>
  readonly limit: number
}

/** A slot, and what has to go for it. */
interface Room {
  readonly slot: number
  readonly steps: readonly Step[]
}

/** After this many lost races the oldest token gives way without a further look. */
const FAIR_ATTEMPTS = 8

/**
 * Stores a token, ending the oldest if there are too many. `false` if the user was disabled, deleted or given another
 * password since the login, or has got a first second factor: the token would outlive what revoked all others.
 */
export async function storeInSlot(storage: Storage, { user, token, limit }: SlotRequest): Promise<boolean> {
  const { passwordChangedAt, factorsOnRecord } = user
  const unchanged = update(
    users,
    { id: user.id },
    {
      set: { lastLoginAt: token.createdAt },
      when: { disabled: false, activated: true, passwordChangedAt, factorsOnRecord },
    },
  )
  const own = { by: ['userId', 'slot'], equals: { userId: user.id } } as const

  async function roomAmong(attempt: number): Promise<Room> {
    const { rows } = await repository(storage, identityTokens).find({ ...own, limit: 1000 })
    const choice = chooseSlot(rows, { limit, now: token.createdAt })
    const given =
      attempt >= FAIR_ATTEMPTS
        ? [remove(identityTokens, { ...own, equals: { userId: user.id, slot: choice.slot } })]
        : choice.end
    // Left from when there might be more of them.
    const surplus = rows.some(({ slot }) => slot >= limit)
      ? [remove(identityTokens, { ...own, range: { from: limit } })]
      : []
    return { slot: choice.slot, steps: [...surplus, ...given] }
  }

  for (let attempt = 0; ; attempt++) {
    const room = limit === 1 ? { slot: 0, steps: [remove(identityTokens, own)] } : await roomAmong(attempt)
    const stored = insert(identityTokens, { ...token, slot: room.slot })
    const outcome = await storage.commit([unchanged, ...room.steps, stored])
    if (outcome.ok) return true
    if (outcome.failed === 0) return false
  }
}

/** A free slot, else that of a token whose time is over, else that of the oldest. */
function chooseSlot(
  rows: readonly IdentityToken[],
  { limit, now }: { readonly limit: number; readonly now: number },
): { readonly slot: number; readonly end: readonly Step[] } {
  const held = rows.filter(({ slot }) => slot < limit)
  const free = Array.from({ length: limit }, (_, slot) => slot).find((slot) => held.every((row) => row.slot !== slot))
  const age = (row: IdentityToken) => (row.validUntil <= now ? Number.NEGATIVE_INFINITY : row.createdAt)
  const [oldest] = held.toSorted((a, b) => age(a) - age(b))
  if (free !== undefined || !oldest) return { slot: free ?? 0, end: [] }
  return { slot: oldest.slot, end: [take(identityTokens, { id: oldest.id })] }
}
