/** The brokers that take our tokens: each a resource server with its own id, version and token life. */
import { insert, type Storage, take, update } from '#plugin'
import type { Audit, AuditName } from '../audit/audit.ts'
import { Problem } from '../problem.ts'
import type { Settings } from '../settings.ts'
import { repository } from '../storage/repository.ts'
import type { Caller, World } from '../world.ts'
import { cached } from '../memory/cached.ts'
import { managementUrlFault, managementUrlOf } from './management-url.ts'
import { type Broker, brokers, rules } from './records.ts'
import type { Brokers, NewBroker } from './rules.ts'
import { BROKER_VERSIONS, minorOf } from './versions.ts'

export interface BrokersDeps {
  readonly storage: Storage
  readonly world: Pick<World, 'now'>
  readonly settings: () => Settings
  readonly audit: Pick<Audit, 'record'>
}

type BrokerFields = Omit<Broker, 'name' | 'createdAt' | 'updatedAt'>

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const MIN_TTL = 10_000
const MAX_TTL = 24 * 3_600_000
const ATTEMPTS = 5

export function createBrokers({ storage, world, settings, audit }: BrokersDeps): Brokers {
  const stored = repository(storage, brokers)
  const known = cached(async () => new Map((await stored.list()).map((broker) => [broker.name, broker])))

  function changed(event: AuditName & `broker.${string}`, broker: Broker, caller: Caller): void {
    known.forget()
    const { resourceServerId, version, tokenTtl } = broker
    const detail = { resourceServerId, version, tokenTtl }
    audit.record({ event, outcome: 'ok', target: `broker:${broker.name}`, caller, detail })
  }

  async function existing(name: string): Promise<Broker> {
    const broker = await stored.get({ name })
    if (!broker) throw new Problem('not_found', `There is no broker "${name}"`)
    return broker
  }

  async function taken(name: string, fields: BrokerFields): Promise<Problem> {
    const other = await stored.findOne({
      by: ['resourceServerId'],
      equals: { resourceServerId: fields.resourceServerId },
    })
    if (other && other.name !== name) {
      const message = `The resource server id "${fields.resourceServerId}" belongs to broker "${other.name}"`
      return new Problem('conflict', message, { faults: [{ path: 'resourceServerId', message }] })
    }
    return new Problem('conflict', `There is a broker "${name}" already, or somebody else is changing it`)
  }

  return {
    async create(input, caller) {
      const fields: BrokerFields = {
        resourceServerId: input.resourceServerId,
        version: input.version,
        tokenTtl: input.tokenTtl ?? settings().session.accessTokenTtl,
        description: input.description ?? '',
        managementUrl: accepted(input.managementUrl ?? null),
      }
      check(input.name, fields)
      const now = world.now()
      const broker: Broker = { name: input.name, ...fields, createdAt: now, updatedAt: now }
      const done = await storage.commit([insert(brokers, broker)])
      if (!done.ok) throw await taken(input.name, fields)
      changed('broker.created', broker, caller)
      return broker
    },
    get: async (name) => (await known()).get(name),
    list: async () => [...(await known()).values()],
    async update(name, change, caller) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const before = await existing(name)
        const fields = applied(before, change)
        check(name, fields)
        const set = { ...fields, updatedAt: Math.max(world.now(), before.updatedAt + 1) }
        const done = await storage.commit([update(brokers, { name }, { set, when: { updatedAt: before.updatedAt } })])
        if (done.ok) {
          const after = { ...before, ...set }
          changed('broker.changed', after, caller)
          return after
        }
        if (fields.resourceServerId !== before.resourceServerId) throw await taken(name, fields)
      }
      throw new Problem('conflict', `Broker "${name}" is being changed by somebody else: try again`)
    },
    async delete(name, caller) {
      const broker = await existing(name)
      const naming = (await repository(storage, rules).list()).filter((rule) => rule.broker === name)
      if (naming.length > 0) {
        const ids = naming.map((rule) => rule.id).join(', ')
        throw new Problem('conflict', `Broker "${name}" is named by rules: delete or change ${ids} first`)
      }
      const done = await storage.commit([take(brokers, { name })])
      if (!done.ok) throw new Problem('not_found', `There is no broker "${name}"`)
      changed('broker.deleted', broker, caller)
    },
    async choose(name) {
      const all = await known()
      const wanted = name ?? settings().session.defaultBroker ?? (all.size === 1 ? [...all.keys()][0] : undefined)
      const chosen = wanted === undefined ? undefined : all.get(wanted)
      if (chosen) return chosen
      throw cannotChoose(wanted, [...all.keys()])
    },
    invalidate: () => known.forget(),
  }
}

function applied(before: Broker, change: Partial<Omit<NewBroker, 'name'>>): BrokerFields {
  return {
    resourceServerId: change.resourceServerId ?? before.resourceServerId,
    version: change.version ?? before.version,
    tokenTtl: change.tokenTtl ?? before.tokenTtl,
    description: change.description ?? before.description,
    managementUrl: change.managementUrl === undefined ? before.managementUrl : accepted(change.managementUrl),
  }
}

/** As it is kept; what cannot be is left for `check` to name. */
function accepted(url: string | null): string | null {
  return url === null || managementUrlFault(url) !== undefined ? url : managementUrlOf(url)
}

function cannotChoose(wanted: string | undefined, names: readonly string[]): Problem {
  if (names.length === 0) return new Problem('not_found', 'There is no broker yet: an administrator has to add one')
  const known = names.join(', ')
  if (wanted === undefined) return new Problem('invalid_request', `Say which broker: there are ${known}`)
  return new Problem('not_found', `There is no broker "${wanted}": there are ${known}`)
}

function check(name: string, fields: BrokerFields): void {
  const faults = [...faultsOf(name, fields)]
  if (faults.length === 0) return
  const list = faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ')
  throw new Problem('invalid_request', `Cannot use this broker: ${list}`, { faults })
}

function* faultsOf(name: string, fields: BrokerFields): Iterable<{ readonly path: string; readonly message: string }> {
  const spelling = 'Use 1 to 64 letters, digits, ".", "_" and "-", beginning with a letter or digit'
  if (!NAME.test(name)) yield { path: 'name', message: spelling }
  if (!NAME.test(fields.resourceServerId)) yield { path: 'resourceServerId', message: spelling }
  if (minorOf(fields.version) === undefined) {
    yield { path: 'version', message: `Use one of ${BROKER_VERSIONS.join(', ')}, with or without the patch level` }
  }
  if (!Number.isInteger(fields.tokenTtl) || fields.tokenTtl < MIN_TTL || fields.tokenTtl > MAX_TTL) {
    yield { path: 'tokenTtl', message: 'Use 10 seconds to 24 hours' }
  }
  const fault = fields.managementUrl === null ? undefined : managementUrlFault(fields.managementUrl)
  if (fault !== undefined) yield { path: 'managementUrl', message: fault }
  if (fields.description.length > 500) yield { path: 'description', message: 'Use at most 500 characters' }
}
