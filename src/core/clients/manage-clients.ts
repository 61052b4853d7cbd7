/** Clients in storage, answered from memory: every grant asks for one. */
import { insert, remove, type Storage, take, update } from '#plugin'
import { consents, sessionClients } from '../authorization/records.ts'
import type { Audit, AuditName } from '../audit/audit.ts'
import { newId } from '../identifier.ts'
import type { Sealer } from '../keys/sealing.ts'
import { Problem } from '../problem.ts'
import { cached } from '../memory/cached.ts'
import { commitOrAgain } from '../storage/commit.ts'
import { repository } from '../storage/repository.ts'
import { grants } from '../token/records.ts'
import { claimName } from '../users/claimed-names.ts'
import { userFinder } from '../users/find-users.ts'
import { nextVersion } from '../users/guards.ts'
import { type Fault, refuseFaults } from '../users/names.ts'
import type { Caller, World } from '../world.ts'
import { acceptClient, CLIENT_DEFAULTS, type ClientFields, clientIdFault, fieldsOf } from './client-input.ts'
import { makeSecret, SECRET_METHODS, sharedSecretsOf } from './client-secret.ts'
import type { ClientInput, Clients, MadeBy, NewClient, Registered } from './clients.ts'
import { createApplyConfigured } from './configured-clients.ts'
import { type Client, clients } from './records.ts'

const JANITOR: Caller = { actor: 'system', requestId: 'janitor' }
/** Of one round of the janitor. */
const MOST_REMOVED = 500

export interface ClientsDeps {
  readonly storage: Storage
  readonly world: World
  readonly audit: Pick<Audit, 'record'>
  readonly sealer: Sealer
}

export function createClients(deps: ClientsDeps): Clients {
  const { storage, world, audit, sealer } = deps
  const stored = repository(storage, clients)
  const finder = userFinder(storage)
  const known = cached(async () => new Map((await stored.list()).map((client) => [client.id, client])))

  type Changed = AuditName & `client.${string}`
  function changed(event: Changed, { id, name, managedBy }: Client, caller: Caller, more: { why?: string } = {}): void {
    known.forget()
    audit.record({ event, outcome: 'ok', target: `client:${id}`, caller, detail: { name, managedBy, ...more } })
  }

  async function existing(id: string): Promise<Client> {
    const client = await stored.get({ id })
    if (!client) throw new Problem('not_found', 'There is no such client')
    return client
  }

  /** What the file keeps is changed in the file, and what registered itself changes by its registration token or here. */
  function refuseForeign(client: Client, made: MadeBy | undefined): void {
    if (client.managedBy !== 'config' || made?.managedBy === 'config') return
    throw new Problem('conflict', 'This client stands in the configuration file: change it there')
  }

  async function ownerFaults({ ownerId }: ClientFields): Promise<Fault[]> {
    if (ownerId === null || (await finder.byId(ownerId)) !== undefined) return []
    return [{ path: '/ownerId', message: 'Must be the id of a user' }]
  }

  /** Brokers show a client by its id and a person by the user name: one name must not be both. */
  async function idFaults(id: string): Promise<Fault[]> {
    const message = clientIdFault(id) ?? ((await finder.byName(id)) ? 'This is the name of a user' : undefined)
    return message === undefined ? [] : [{ path: '/id', message }]
  }

  async function create(input: NewClient, caller: Caller, made?: MadeBy, secret?: string): Promise<Registered> {
    const { id = newId('c', world), ...change } = input
    const { fields, faults } = acceptClient({ ...CLIENT_DEFAULTS, name: input.name }, change)
    refuseFaults([...faults, ...(await idFaults(id)), ...(await ownerFaults(fields))])
    const now = world.now()
    const wanted = SECRET_METHODS.has(fields.authMethod)
    const own = wanted ? makeSecret({ world, sealer }, { id, authMethod: fields.authMethod }, secret) : undefined
    const client: Client = {
      id,
      ...fields,
      managedBy: made?.managedBy ?? 'admin',
      registrationDigest: made?.registrationDigest ?? null,
      unusedSince: made?.open ? now : null,
      secrets: own ? [own.kept] : [],
      createdAt: now,
      updatedAt: now,
    }
    await commitOrAgain(storage, async () => {
      // An id that is made here nobody else could be giving.
      const claim = input.id === undefined ? [] : [await claimName(storage, id, now)]
      refuseFaults(await idFaults(id))
      if (await stored.get({ id })) throw new Problem('conflict', `There is a client "${id}" already`)
      return [...claim, insert(clients, client), ...((await made?.along?.()) ?? [])]
    })
    changed('client.created', client, caller)
    return { client, secret: own?.text }
  }

  /** Applies `decide` to the client as it is, again if somebody else was faster. */
  async function change(id: string, decide: (before: Client) => Promise<Client>, caller: Caller): Promise<Client> {
    let after = await existing(id)
    await commitOrAgain(storage, async () => {
      const before = await existing(id)
      after = { ...(await decide(before)), updatedAt: nextVersion(world.now(), before.updatedAt) }
      const { id: _id, ...set } = after
      return [update(clients, { id }, { set, when: { updatedAt: before.updatedAt } })]
    })
    changed('client.changed', after, caller)
    return after
  }

  async function changeFields(id: string, input: ClientInput, caller: Caller, made?: MadeBy): Promise<Client> {
    const decide = async (before: Client): Promise<Client> => {
      refuseForeign(before, made)
      const { fields, faults } = acceptClient(fieldsOf(before), input)
      refuseFaults([...faults, ...(await ownerFaults(fields))])
      const registrationDigest = made?.registrationDigest ?? before.registrationDigest
      // Whom an administrator has cared about stays.
      return { ...before, ...fields, registrationDigest, unusedSince: made ? before.unusedSince : null }
    }
    return await change(id, decide, caller)
  }

  /** False when it is gone, or not as guarded. */
  async function ended({ id }: Client, when?: Partial<Client>): Promise<boolean> {
    const equals = { clientId: id }
    const steps = [
      take(clients, { id }, when),
      remove(grants, { by: ['clientId'], equals }),
      remove(consents, { by: ['clientId'], equals }),
      remove(sessionClients, { by: ['clientId'], equals }),
    ]
    return (await storage.commit(steps)).ok
  }

  async function end(client: Client, caller: Caller): Promise<void> {
    if (!(await ended(client))) throw new Problem('not_found', 'There is no such client')
    changed('client.deleted', client, caller)
  }

  async function markUsed(id: string): Promise<boolean> {
    let there = true
    await commitOrAgain(storage, async () => {
      const client = await stored.get({ id })
      there = client !== undefined
      if (!client || client.unusedSince === null) return undefined
      const set = { unusedSince: null, updatedAt: nextVersion(world.now(), client.updatedAt) }
      return [update(clients, { id }, { set, when: { updatedAt: client.updatedAt } })]
    })
    known.forget()
    return there
  }

  async function removeUnused(before: number): Promise<void> {
    const { rows } = await stored.find({ by: ['unusedSince'], range: { to: before }, limit: MOST_REMOVED })
    for (const client of rows)
      if (await ended(client, { unusedSince: client.unusedSince }))
        changed('client.deleted', client, JANITOR, { why: 'never used' })
  }

  const applyConfigured = createApplyConfigured({
    find: (id) => stored.get({ id }),
    configured: () => stored.all({ by: ['managedBy'], equals: { managedBy: 'config' } }),
    idFaults,
    create: ({ secret, ...input }, caller, made) => create(input, caller, made, secret),
    change,
    makeSecret: (client, text) => makeSecret({ world, sealer }, client, text).kept,
    end,
  })

  return {
    create: (input, caller, made) => create(input, caller, made),
    get: async (id) => (await known()).get(id),
    list: ({ limit, after, owner }) => {
      const where = owner === undefined ? {} : { by: ['ownerId'] as const, equals: { ownerId: owner } }
      return stored.find({ limit, ...where, ...(after !== undefined && { after }) })
    },
    update: changeFields,
    async delete(id, caller) {
      const client = await existing(id)
      refuseForeign(client, undefined)
      await end(client, caller)
    },
    async rotateSecret(id, { overlap }, caller) {
      let text = ''
      const client = await change(
        id,
        async (before) => {
          refuseForeign(before, undefined)
          if (!SECRET_METHODS.has(before.authMethod))
            throw new Problem('conflict', `This client authenticates with ${before.authMethod} and has no secret`)
          const made = makeSecret({ world, sealer }, before)
          text = made.text
          const [current] = before.secrets.filter(({ expiresAt }) => expiresAt === null)
          const old = current && overlap > 0 ? [{ ...current, expiresAt: world.now() + overlap }] : []
          return { ...before, secrets: [made.kept, ...old] }
        },
        caller,
      )
      return { client, secret: text }
    },
    applyConfigured,
    markUsed,
    removeUnused,
    sharedSecrets: (client) => sharedSecretsOf(client, sealer, world.now()),
    invalidate: () => known.forget(),
  }
}
