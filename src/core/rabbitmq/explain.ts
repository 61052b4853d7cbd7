/** Why somebody may or may not do something in a vhost: the rules that gave, those that nearly did, and the broker's own check. */
import { Problem } from '../problem.ts'
import { resourceRefused, topicRefused, vhostRefused } from './broker-words.ts'
import { brokerScopes } from './claims.ts'
import { permissionScopes, resourceAccess, topicAccess, vhostAccess } from './matcher.ts'
import type { Broker, Rule } from './records.ts'
import { concerns, grantOf, isForBroker } from './rule-index.ts'
import type { Permission, RuleSubject } from './rules.ts'
import { vhostFault } from './scope.ts'
import { matchesVhost } from './vhost-pattern.ts'

export interface Question {
  readonly subject: RuleSubject
  readonly vhost: string
  readonly broker: Broker
  /** Without one only the rules and scopes are explained. */
  readonly attempt?: Attempt
}

export interface Attempt {
  readonly action: Permission
  /** `queue:orders`, `exchange:events`. The default exchange is `exchange:amq.default`. */
  readonly resource: string
  /** Given for topic exchanges: the broker then checks it as well. */
  readonly routingKey?: string
}

export interface NearMiss {
  readonly rule: Rule
  /** Each a sentence. */
  readonly why: readonly string[]
}

export interface Outcome {
  readonly allowed: boolean
  /** The scope that allows, or the last one that was needed and found. */
  readonly by?: string
  readonly brokerSays?: string
  readonly hint?: string
}

export interface Explanation {
  readonly granted: boolean
  readonly rules: readonly Rule[]
  readonly near: readonly NearMiss[]
  readonly scopes: readonly string[]
  readonly outcome?: Outcome
}

const MAX_NEAR = 20

export function explain({ subject, vhost, broker, attempt }: Question, rules: readonly Rule[]): Explanation {
  const fault = vhostFault(vhost)
  if (fault !== undefined) throw new Problem('invalid_request', `Cannot explain this vhost: ${fault}`)
  const grant = grantOf(
    rules.filter((rule) => concerns(rule, subject)),
    vhost,
    broker,
  )
  const scopes = grant ? brokerScopes(grant) : []
  return {
    granted: grant !== undefined,
    rules: grant?.rules ?? [],
    near: rules.flatMap((rule) => nearMiss(rule, { subject, vhost, broker })).slice(0, MAX_NEAR),
    scopes,
    ...(attempt && { outcome: replay(attempt, { subject, vhost, broker }, scopes) }),
  }
}

/** A rule that fails in one point only. */
function nearMiss(rule: Rule, { subject, vhost, broker }: Question): readonly NearMiss[] {
  const why: string[] = []
  if (!matchesVhost(vhost, rule.vhost)) why.push(`It is for vhost "${rule.vhost}", not for "${vhost}"`)
  if (!isForBroker(rule, broker)) why.push(`It is for broker "${rule.broker}", not for "${broker.name}"`)
  if (!concerns(rule, subject)) why.push(notConcerned(rule, subject))
  return why.length === 1 ? [{ rule, why }] : []
}

function notConcerned(rule: Rule, subject: RuleSubject): string {
  const who = `${subject.kind} "${subject.name}"`
  if (rule.subjectKind === 'group') return `It is for group "${rule.subject}", in which ${who} is not`
  if (rule.subjectKind === 'role') return `It is for role "${rule.subject}", which ${who} does not hold`
  return `It is for ${rule.subjectKind} "${rule.subject}", not for ${who}`
}

/** The checks of a broker in its order: vhost at login, then the resource, then on topic exchanges the routing key. */
function replay(attempt: Attempt, { subject, vhost, broker }: Question, tokenScopes: readonly string[]): Outcome {
  const { kind, name } = parseResource(attempt.resource)
  const scopes = permissionScopes(tokenScopes, broker.resourceServerId)
  const refused = { version: broker.version, user: subject.name, vhost, permission: attempt.action, kind, name }
  if (tokenScopes.length === 0) {
    return { allowed: false, hint: `No rule gives ${subject.name} anything in vhost "${vhost}": there is no token` }
  }
  if (!vhostAccess(vhost, scopes)) {
    const hint = `Only tags are granted in vhost "${vhost}"; opening it needs a pattern`
    return { allowed: false, brokerSays: vhostRefused(vhost, subject.name), hint }
  }
  const access = resourceAccess({ vhost, name }, attempt.action, scopes)
  if (!access) {
    const hint = `Needs a rule with ${attempt.action} on a pattern that covers "${name}"`
    return { allowed: false, brokerSays: resourceRefused(refused), hint }
  }
  const { routingKey } = attempt
  if (routingKey === undefined) return { allowed: true, by: access.scope }
  const topic = topicAccess({ vhost, name, routingKey }, attempt.action, scopes)
  if (topic) return { allowed: true, by: topic.scope }
  const hint = `Needs a rule with ${attempt.action} on "${name}/…" that covers routing key "${routingKey}"`
  return { allowed: false, by: access.scope, brokerSays: topicRefused(refused, routingKey), hint }
}

function parseResource(resource: string): { readonly kind: 'queue' | 'exchange'; readonly name: string } {
  const [, kind, name = ''] = /^(queue|exchange|topic):(.*)$/s.exec(resource) ?? []
  if (kind === undefined) {
    throw new Problem('invalid_request', `Cannot explain resource "${resource}": write queue:NAME or exchange:NAME`)
  }
  if (kind === 'queue') return { kind, name }
  return { kind: 'exchange', name: name === '' ? 'amq.default' : name }
}
