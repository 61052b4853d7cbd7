/** Clients of the configuration: what the file says is what there is, after every fault in it was named. */
import { Problem } from '../problem.ts'
import { type Fault, refuseFaults } from '../users/names.ts'
import type { Caller } from '../world.ts'
import { acceptClient, CLIENT_DEFAULTS, type ClientFields, fieldsOf } from './client-input.ts'
import { SECRET_METHODS } from './client-secret.ts'
import type { ConfiguredClient, MadeBy, Registered } from './clients.ts'
import type { Client, ClientSecret } from './records.ts'

export interface ConfiguredClientsDeps {
  readonly find: (id: string) => Promise<Client | undefined>
  readonly configured: () => AsyncIterable<Client>
  readonly idFaults: (id: string) => Promise<readonly Fault[]>
  readonly create: (client: ConfiguredClient, caller: Caller, made: MadeBy) => Promise<Registered>
  readonly change: (id: string, decide: (before: Client) => Promise<Client>, caller: Caller) => Promise<Client>
  readonly makeSecret: (client: Pick<Client, 'id' | 'authMethod'>, text: string) => ClientSecret
  readonly end: (client: Client, caller: Caller) => Promise<void>
}

/** A secret that people chose is guessed sooner than one of 32 random bytes. */
const SHORTEST_SECRET = 16
const MADE_BY: MadeBy = { managedBy: 'config' }

/** Everything that is wrong with the client in itself, whatever is stored. */
export function configuredClientFaults(declared: ConfiguredClient): readonly Fault[] {
  const { fields, faults } = accepted(declared)
  return [...faults, ...secretFaults(fields, declared.secret)]
}

export function createApplyConfigured(deps: ConfiguredClientsDeps) {
  const { find, configured, idFaults, create, change, makeSecret, end } = deps

  async function faultsOf(declared: ConfiguredClient): Promise<readonly Fault[]> {
    const own = configuredClientFaults(declared)
    const before = await find(declared.id)
    if (before && before.managedBy !== 'config')
      return [...own, { path: '/id', message: 'There is a client of this name that was not made by the configuration' }]
    return [...own, ...(before ? [] : await idFaults(declared.id))]
  }

  async function applyOne(declared: ConfiguredClient, caller: Caller): Promise<void> {
    const { id, secret } = declared
    const before = await find(id)
    if (!before) return void (await create(declared, caller, MADE_BY))
    const { fields } = accepted(declared)
    const kept = secret === undefined ? [] : [makeSecret({ id, authMethod: fields.authMethod }, secret)]
    if (sameSecrets(before.secrets, kept) && Bun.deepEquals(fieldsOf(before), fields)) return
    await change(id, async (now) => ({ ...now, ...fields, secrets: kept }), caller)
  }

  /** Of servers that start at once, one creates or removes it; the others find it done. */
  async function orDoneByAnother(act: () => Promise<void>, again: () => Promise<void>, code: Problem['code']) {
    try {
      await act()
    } catch (error) {
      if (!(error instanceof Problem && error.code === code)) throw error
      await again()
    }
  }

  return async (declared: readonly ConfiguredClient[], caller: Caller): Promise<void> => {
    const faults: Fault[] = []
    for (const [index, each] of declared.entries()) {
      const twice = declared.findIndex(({ id }) => id === each.id) < index
      if (twice) faults.push({ path: `/${index}/id`, message: 'Must differ from that of every other client' })
      else faults.push(...(await faultsOf(each)).map(({ path, message }) => ({ path: `/${index}${path}`, message })))
    }
    refuseFaults(faults)
    for (const each of declared) {
      const apply = () => applyOne(each, caller)
      await orDoneByAnother(apply, apply, 'conflict')
    }
    const names = new Set(declared.map(({ id }) => id))
    for await (const client of configured())
      if (!names.has(client.id))
        await orDoneByAnother(
          () => end(client, caller),
          async () => undefined,
          'not_found',
        )
  }
}

function accepted({ id: _id, secret: _secret, ...input }: ConfiguredClient) {
  return acceptClient({ ...CLIENT_DEFAULTS, name: input.name }, input)
}

function secretFaults({ authMethod }: ClientFields, secret: string | undefined): readonly Fault[] {
  const path = '/secret'
  if (!SECRET_METHODS.has(authMethod))
    return secret === undefined ? [] : [{ path, message: `Leave it out: ${authMethod} has none` }]
  if (secret === undefined) return [{ path, message: `Say where it is: ${authMethod} needs one` }]
  return secret.length >= SHORTEST_SECRET
    ? []
    : [{ path, message: `Must be at least ${SHORTEST_SECRET} characters: openssl rand -base64 32` }]
}

/** The same secrets, kept in the same way: one to sign with is kept so that it can be read again. */
function sameSecrets(before: readonly ClientSecret[], after: readonly ClientSecret[]): boolean {
  return (
    before.length === after.length &&
    before.every(({ digest, sealed }, index) => {
      const next = after[index]
      return next?.digest === digest && (next.sealed === null) === (sealed === null)
    })
  )
}
