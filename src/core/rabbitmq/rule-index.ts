/** Rules in memory, found by subject, and the decision they lead to. */
import { comparisonKey } from '../users/names.ts'
import type { Broker, Rule, SubjectKind } from './records.ts'
import type { Permission, RuleSubject, VhostGrant } from './rules.ts'
import { isVhostPattern, matchesVhost } from './vhost-pattern.ts'

export interface RuleIndex {
  readonly all: readonly Rule[]
  /** Rules about this user or client, one of its groups or one of its roles, each once. */
  of(subject: RuleSubject): readonly Rule[]
}

export function indexRules(all: readonly Rule[]): RuleIndex {
  const bySubject = Map.groupBy(all, (rule) => subjectKey(rule.subjectKind, rule.subject))
  return {
    all,
    of: (subject) => [...new Set(subjectKeys(subject))].flatMap((key) => bySubject.get(key) ?? []),
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
