/** Brokers, vhost rules, and the decision they lead to: which rights somebody has in one concrete vhost of one broker. */
import { insert, type Page, type Storage, take, update } from '#plugin'
import type { Audit, AuditName } from '../audit/audit.ts'
import { newId } from '../identifier.ts'
import { Problem } from '../problem.ts'
import { repository } from '../storage/repository.ts'
import type { Caller, World } from '../world.ts'
import { cached } from '../memory/cached.ts'
import { type Broker, type Rule, rules, type SubjectKind } from './records.ts'
import { indexRules, isForBroker, namedVhosts } from './rule-index.ts'
import { ruleFields } from './rule-input.ts'
import { vhostFault } from './scope.ts'

/** Who is asked about. Rules for `group` and `role` apply through `groups` and `roles`. */
export interface RuleSubject {
  readonly kind: 'user' | 'client'
  readonly name: string
  readonly groups: readonly string[]
  readonly roles: readonly string[]
}

export type Permission = 'configure' | 'write' | 'read'

/** Rights in one concrete vhost, the union of every rule that applies. */
export interface VhostGrant {
  readonly broker: Broker
  readonly vhost: string
  /** Deduplicated, sorted patterns `name` or `name/routing-key` as in the rules. */
  readonly patterns: Readonly<Record<Permission, readonly string[]>>
  readonly tags: readonly string[]
  /** The rules that gave something. */
  readonly rules: readonly Rule[]
}

export interface NewRule {
  readonly subjectKind: SubjectKind
  readonly subject: string
  readonly vhost: string
  readonly broker?: string | null
  readonly configure?: readonly string[]
  readonly write?: readonly string[]
  readonly read?: readonly string[]
  readonly tags?: readonly string[]
  /** Fills patterns and tags that are not given: `producer`, `consumer`, `owner`, `monitoring`. */
  readonly preset?: string | null
  /** The preset is about names that begin with this; without it about all names. Not kept: the patterns are. */
  readonly prefix?: string
  readonly note?: string
}

export interface Rules {
  create(input: NewRule, caller: Caller): Promise<Rule>
  get(id: string): Promise<Rule | undefined>
  list(page: { readonly limit: number; readonly after?: string }): Promise<Page<Rule>>
  update(id: string, change: Partial<NewRule>, caller: Caller): Promise<Rule>
  delete(id: string, caller: Caller): Promise<void>
  /** `undefined` when no rule gives anything: no rule, no token. Answered from memory. */
  decide(subject: RuleSubject, vhost: string, broker: Broker): Promise<VhostGrant | undefined>
  /** Every rule, from memory. */
  all(): Promise<readonly Rule[]>
  /** Concrete vhosts (no patterns) that rules name on this broker, for whomever. */
  vhosts(broker: Broker): Promise<readonly string[]>
  /** The same of the rules for this subject. */
  vhostsOf(subject: RuleSubject, broker: Broker): Promise<readonly string[]>
  /** Tags of every rule for this subject on this broker, whatever the vhost; `undefined` when there is no such rule. */
  tagsOf(subject: RuleSubject, broker: Broker): Promise<readonly string[] | undefined>
  /** Forgets what is in memory (another process changed rules). */
  invalidate(): void
}

export interface NewBroker {
  readonly name: string
  readonly resourceServerId: string
  readonly version: string
  /** Milliseconds; default from the settings. */
  readonly tokenTtl?: number
  readonly description?: string
  /** Where people open its management UI; `null` takes it back. */
  readonly managementUrl?: string | null
}
export interface Brokers {
  create(input: NewBroker, caller: Caller): Promise<Broker>
  get(name: string): Promise<Broker | undefined>
  list(): Promise<readonly Broker[]>
  update(name: string, change: Partial<Omit<NewBroker, 'name'>>, caller: Caller): Promise<Broker>
  delete(name: string, caller: Caller): Promise<void>
  /** By name; without one the default of the settings, else the only broker. Refuses with a `Problem` that says which there are. */
  choose(name: string | undefined): Promise<Broker>
  invalidate(): void
}

/** The claims of an access token for a broker (notes on RabbitMQ: `aud`, `scope`, `client_id` = `sub`, integer times). */
export interface BrokerClaims {
  readonly iss: string
  readonly sub: string
  readonly aud: readonly string[]
  readonly iat: number
  readonly nbf: number
  readonly exp: number
  readonly jti: string
  readonly client_id: string
  readonly preferred_username: string
  readonly vhost: string
  readonly scope: string
}

export interface RulesDeps {
  readonly storage: Storage
  readonly world: World
  readonly audit: Pick<Audit, 'record'>
  readonly brokers: Pick<Brokers, 'get'>
}

/** How often a change is tried again when somebody else changed the same rule in between. */
const ATTEMPTS = 5

export function createRules({ storage, world, audit, brokers }: RulesDeps): Rules {
  const stored = repository(storage, rules)
  const index = cached(async () => indexRules(await stored.list()))

  function changed(event: AuditName & `rule.${string}`, rule: Rule, caller: Caller): void {
    index.forget()
    const { subjectKind, subject, vhost, broker, preset } = rule
    const detail = { subject: `${subjectKind}:${subject}`, vhost, broker, preset }
    audit.record({ event, outcome: 'ok', target: `rule:${rule.id}`, caller, detail })
  }

  async function existing(id: string): Promise<Rule> {
    const rule = await stored.get({ id })
    if (!rule) throw new Problem('not_found', `There is no rule "${id}"`)
    return rule
  }

  async function checkBroker(name: string | null): Promise<void> {
    if (name === null || (await brokers.get(name)) !== undefined) return
    const message = `There is no broker "${name}"`
    throw new Problem('invalid_request', message, { faults: [{ path: 'broker', message }] })
  }

  return {
    async create(input, caller) {
      const fields = ruleFields(input)
      await checkBroker(fields.broker)
      const now = world.now()
      const rule: Rule = { id: newId('r', world), ...fields, createdAt: now, updatedAt: now }
      const done = await storage.commit([insert(rules, rule)])
      if (!done.ok) throw new Problem('conflict', 'Cannot create the rule: its id is taken')
      changed('rule.created', rule, caller)
      return rule
    },
    get: (id) => stored.get({ id }),
    list: (page) => stored.find(page),
    async update(id, change, caller) {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const before = await existing(id)
        const fields = ruleFields(change, before)
        await checkBroker(fields.broker)
        const set = { ...fields, updatedAt: Math.max(world.now(), before.updatedAt + 1) }
        const done = await storage.commit([update(rules, { id }, { set, when: { updatedAt: before.updatedAt } })])
        if (!done.ok) continue
        const after = { ...before, ...set }
        changed('rule.changed', after, caller)
        return after
      }
      throw new Problem('conflict', `Rule "${id}" is being changed by somebody else: try again`)
    },
    async delete(id, caller) {
      const rule = await existing(id)
      const done = await storage.commit([take(rules, { id })])
      if (!done.ok) throw new Problem('not_found', `There is no rule "${id}"`)
      changed('rule.deleted', rule, caller)
    },
    async decide(subject, vhost, broker) {
      if (vhostFault(vhost) !== undefined) return undefined
      return (await index()).grant(subject, vhost, broker)
    },
    all: async () => (await index()).all,
    async tagsOf(subject, broker) {
      const theirs = (await index()).of(subject).filter((rule) => isForBroker(rule, broker))
      return theirs.length === 0 ? undefined : [...new Set(theirs.flatMap((rule) => rule.tags))].toSorted()
    },
    vhosts: async (broker) => namedVhosts((await index()).all, broker),
    vhostsOf: async (subject, broker) => namedVhosts((await index()).of(subject), broker),
    invalidate: () => index.forget(),
  }
}
