/** Brokers, vhost rules, and the decision they lead to: which rights somebody has in one concrete vhost of one broker. */
import type { Page } from '#plugin'
import type { Caller } from '../world.ts'
import type { Broker, Rule, SubjectKind } from './records.ts'

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
  /** Concrete vhosts (no patterns) that rules name for this subject on this broker. */
  vhostsOf(subject: RuleSubject, broker: Broker): Promise<readonly string[]>
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
