/** Which clients a person has given access, as consents and living grants say, and taking it back. */
import type { Step, Storage } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import { forgetConsent } from '../authorization/consents.ts'
import { type Consent, consents } from '../authorization/records.ts'
import type { Clients } from '../clients/clients.ts'
import type { Client } from '../clients/records.ts'
import { repository } from '../storage/repository.ts'
import { endGrant } from '../token/families.ts'
import { type Grant, grants } from '../token/records.ts'
import { endAllowedDevices } from '../users/guards.ts'
import type { User } from '../users/records.ts'
import type { Caller, World } from '../world.ts'

export interface Application {
  readonly client: Client
  /** Of its consent and all its grants together. */
  readonly scopes: readonly string[]
  readonly vhosts: readonly BoundTo[]
  readonly grantedAt: number
}
export interface BoundTo {
  readonly vhost: string
  readonly broker: string | null
}

export interface Applications {
  list(userId: string): Promise<readonly Application[]>
  /** Ends every grant of a client with the tokens made of it; it has to ask anew. False when it had no access. */
  revoke(user: User, clientId: string, caller: Caller): Promise<boolean>
  /** Steps that end every grant of a user. What was allowed stays allowed. */
  endGrants(userId: string): Promise<readonly Step[]>
}

export function createApplications(deps: {
  readonly storage: Storage
  readonly world: World
  readonly audit: Audit
  readonly clients: Pick<Clients, 'get'>
}): Applications {
  const { storage, world, audit, clients } = deps
  const given = repository(storage, grants)
  const allowed = repository(storage, consents)

  function grantsOf(userId: string, clientId?: string): Promise<readonly Grant[]> {
    const equals = { userId, ...(clientId !== undefined && { clientId }) }
    return given.list({ by: ['userId', 'clientId'], equals })
  }

  async function describe(clientId: string, access: readonly (Grant | Consent)[]): Promise<Application | undefined> {
    const client = await clients.get(clientId)
    const bound = access.flatMap(boundTo)
    return (
      client && {
        client,
        scopes: [...new Set(access.flatMap(({ scopes }) => scopes))],
        vhosts: [...new Map(bound.map((each) => [JSON.stringify(each), each])).values()],
        grantedAt: Math.min(...access.map((each) => ('grantedAt' in each ? each.grantedAt : each.createdAt))),
      }
    )
  }

  return {
    async list(userId) {
      const remembered = await allowed.list({ equals: { userId } })
      const living = (await grantsOf(userId)).filter(({ expiresAt }) => expiresAt > world.now())
      const byClient = Map.groupBy([...remembered, ...living], ({ clientId }) => clientId)
      const found = await Promise.all([...byClient].map(([clientId, access]) => describe(clientId, access)))
      return found.filter((application) => application !== undefined)
    },
    async revoke(user, clientId, caller) {
      const consent = await allowed.get({ userId: user.id, clientId })
      const living = await grantsOf(user.id, clientId)
      if (!consent && living.length === 0) return false
      const allowedDevices = endAllowedDevices(user.id, clientId)
      const ended = living.flatMap(({ id }) => endGrant(id))
      await storage.commit([forgetConsent(user.id, clientId), allowedDevices, ...ended])
      const detail = { client: clientId }
      audit.record({ event: 'consent.revoked', outcome: 'ok', target: `user:${user.username}`, caller, detail })
      return true
    },
    async endGrants(userId) {
      return (await grantsOf(userId)).flatMap(({ id }) => endGrant(id))
    },
  }
}

/** Where rights were given: a grant says it by itself, a consent in its targets. */
function boundTo(access: Grant | Consent): readonly BoundTo[] {
  if (!('targets' in access)) return access.vhost === null ? [] : [{ vhost: access.vhost, broker: access.broker }]
  return access.targets.flatMap((target) => {
    const { vhost, broker }: Partial<Record<string, unknown>> = JSON.parse(target)
    return typeof vhost === 'string' && typeof broker === 'string' ? [{ vhost, broker }] : []
  })
}
