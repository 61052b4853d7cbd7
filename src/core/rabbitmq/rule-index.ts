/** Rules in memory, found by subject, and the decision they lead to. */
import { createRecent, type Recent } from '../memory/recent.ts'
import { comparisonKey } from '../users/names.ts'
import type { Broker, Rule, SubjectKind } from './records.ts'
import type { Permission, RuleSubject, VhostGrant } from './rules.ts'
import { isVhostPattern, matchesVhost } from './vhost-pattern.ts'

const REMEMBERED = 2_000

export interface RuleIndex {
  readonly all: readonly Rule[]
  /** Rules about this user or client, one of its groups or one of its roles, each once. */
  of(subject: RuleSubject): readonly Rule[]
  /** What those rules give; `undefined` when that is nothing. The same question gets the same object. */
  grant(subject: RuleSubject, vhost: string, broker: Broker): VhostGrant | undefined
}

export function indexRules(all: readonly Rule[]): RuleIndex {
  const bySubject = Map.groupBy(all, (rule) => subjectKey(rule.subjectKind, rule.subject))
  const of = (subject: RuleSubject) => [...new Set(subjectKeys(subject))].flatMap((key) => bySubject.get(key) ?? [])
  /** Tokens are issued again and again for the same few. A changed broker is another object, changed rules another index. */
  const given = new WeakMap<Broker, Recent<VhostGrant>>()
  return {
    all,
    of,
    grant(subject, vhost, broker) {
      const known = given.get(broker) ?? createRecent<VhostGrant>(REMEMBERED)
      given.set(broker, known)
      const { kind, name, groups, roles } = subject
      const question = JSON.stringify([vhost, kind, name, groups, roles])
      const grant = known.get(question) ?? grantOf(of(subject), vhost, broker)
      if (grant) known.set(question, grant)
      return grant
    },
  }
}

/** User names compare as they do at login. */
function subjectKey(kind: SubjectKind, name: string): string {
  return `${kind}:${kind === 'user' ? comparisonKey(name) : name}`
}

function subjectKeys(subject: RuleSubject): readonly string[] {
  return [
    subjectKey(subject.kind, subject.name),
    ...subject.groups.map((group) => subjectKey('group', group)),
    ...subject.roles.map((role) => subjectKey('role', role)),
  ]
}

export function concerns(rule: Rule, subject: RuleSubject): boolean {
  return subjectKeys(subject).includes(subjectKey(rule.subjectKind, rule.subject))
}

export function isForBroker(rule: Rule, broker: Broker): boolean {
  return rule.broker === null || rule.broker === broker.name
}

/** The union of what these rules give; `undefined` when that is nothing. */
export function grantOf(rules: readonly Rule[], vhost: string, broker: Broker): VhostGrant | undefined {
  const applying = rules.filter((rule) => isForBroker(rule, broker) && matchesVhost(vhost, rule.vhost))
  if (applying.length === 0) return undefined
  const union = (field: Permission | 'tags') => [...new Set(applying.flatMap((rule) => rule[field]))].toSorted()
  return {
    broker,
    vhost,
    patterns: { configure: union('configure'), write: union('write'), read: union('read') },
    tags: union('tags'),
    rules: applying,
  }
}

/** Vhosts that the rules name without a wildcard. */
export function namedVhosts(rules: readonly Rule[], broker: Broker): readonly string[] {
  const named = rules.filter((rule) => isForBroker(rule, broker) && !isVhostPattern(rule.vhost))
  return [...new Set(named.map((rule) => rule.vhost))].toSorted()
}
