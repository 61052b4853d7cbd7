/** Which clients a person has given access, as the living grants say, and taking it back. */
import { type Step, type Storage } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import type { Clients } from '../clients/clients.ts'
import type { Client } from '../clients/records.ts'
import { repository } from '../storage/repository.ts'
import { endGrant } from '../token/families.ts'
import { type Grant, grants } from '../token/records.ts'
import type { User } from '../users/records.ts'
import type { Caller, World } from '../world.ts'

export interface Application {
  readonly client: Client
  /** Of all its grants together. */
  readonly scopes: readonly string[]
  readonly vhosts: readonly { readonly vhost: string; readonly broker: string | null }[]
  readonly grantedAt: number
}

export interface Applications {
  list(userId: string): Promise<readonly Application[]>
  /** Ends every grant of a client with the tokens made of it. False when there is none. */
  revoke(user: User, clientId: string, caller: Caller): Promise<boolean>
  /** Steps that end every grant of a user. */
  endAll(userId: string): Promise<readonly Step[]>
}

export function createApplications(deps: {
  readonly storage: Storage
  readonly world: World
  readonly audit: Audit
  readonly clients: Pick<Clients, 'get'>
}): Applications {
  const { storage, world, audit, clients } = deps
  const records = repository(storage, grants)

  async function of(userId: string, clientId?: string): Promise<readonly Grant[]> {
    const equals = { userId, ...(clientId !== undefined && { clientId }) }
    const found: Grant[] = []
    for await (const grant of records.all({ by: ['userId', 'clientId'], equals })) found.push(grant)
    return found
  }

  async function describe(clientId: string, given: readonly Grant[]): Promise<Application | undefined> {
    const client = await clients.get(clientId)
    if (!client) return undefined
    const bound = given.flatMap(({ vhost, broker }) => (vhost === null ? [] : [{ vhost, broker }]))
    return {
      client,
      scopes: [...new Set(given.flatMap(({ scopes }) => scopes))],
      vhosts: [...new Map(bound.map((each) => [JSON.stringify(each), each])).values()],
      grantedAt: Math.min(...given.map(({ createdAt }) => createdAt)),
    }
  }

  return {
    async list(userId) {
      const living = (await of(userId)).filter(({ expiresAt }) => expiresAt > world.now())
      const byClient = Map.groupBy(living, ({ clientId }) => clientId)
      const found = await Promise.all([...byClient].map(([clientId, given]) => describe(clientId, given)))
      return found.filter((application) => application !== undefined)
    },
    async revoke(user, clientId, caller) {
      const given = await of(user.id, clientId)
      if (given.length === 0) return false
      await storage.commit(given.flatMap(({ id }) => endGrant(id)))
      const detail = { client: clientId }
      audit.record({ event: 'consent.revoked', outcome: 'ok', target: `user:${user.username}`, caller, detail })
      return true
    },
    async endAll(userId) {
      return (await of(userId)).flatMap(({ id }) => endGrant(id))
    },
  }
}
