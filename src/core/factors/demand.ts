/** Who has to show a second factor. */
import { insert, remove, type Storage } from '#plugin'
import type { Settings } from '../settings.ts'
import { commitOrAgain } from '../storage/commit.ts'
import { repository } from '../storage/repository.ts'
import type { User } from '../users/records.ts'
import type { World } from '../world.ts'
import { satisfies, SINGLE_FACTOR } from './acr.ts'
import { noteFactors } from './on-record.ts'
import { factorDemands } from './records.ts'

/** What a login for a client asks. */
export interface Asked {
  /** Of the user; read only if there are groups that need a second factor. */
  readonly groups: () => Promise<readonly string[]>
  /** `secondFactor` of the client. */
  readonly client?: { readonly secondFactor: boolean } | undefined
  /** `acr_values` of the request. */
  readonly acrValues?: readonly string[] | undefined
}

export interface Demands {
  /** Whether one factor is not enough, whatever is enrolled. */
  demanded(user: User, asked: Asked): Promise<boolean>
  isSet(userId: string): Promise<boolean>
  set(userId: string, demanded: boolean): Promise<void>
}

export function createDemands(deps: {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
}): Demands {
  const { storage, world, settings } = deps
  const records = repository(storage, factorDemands)
  const isSet = async (userId: string) => (await records.get({ userId })) !== undefined

  return {
    isSet,
    async demanded(user, { groups, client, acrValues = [] }) {
      if (client?.secondFactor || !satisfies(SINGLE_FACTOR, acrValues)) return true
      const demanding = settings().factors.demandGroups
      const named = demanding.length > 0 && (await groups()).some((group) => demanding.includes(group))
      return named || (user.factorsOnRecord && (await isSet(user.id)))
    },
    async set(userId, demanded) {
      if (!demanded) {
        await storage.commit([remove(factorDemands, { equals: { userId } })])
        return
      }
      await commitOrAgain(storage, async () =>
        (await isSet(userId))
          ? undefined
          : [insert(factorDemands, { userId, createdAt: world.now() }), noteFactors(userId)],
      )
    },
  }
}
