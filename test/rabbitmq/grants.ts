import type { Broker, Rule } from '../../src/core/rabbitmq/records.ts'
import type { RuleSubject, VhostGrant } from '../../src/core/rabbitmq/rules.ts'

export function aBroker(fields: Partial<Broker> = {}): Broker {
  return {
    name: 'main',
    resourceServerId: 'rabbitmq',
    version: '3.10',
    tokenTtl: 300_000,
    description: '',
    managementUrl: null,
    createdAt: 0,
    updatedAt: 0,
    ...fields,
  }
}

export function aGrant(fields: Partial<VhostGrant> = {}): VhostGrant {
  return {
    broker: aBroker(),
    vhost: 'prod',
    patterns: { configure: [], write: [], read: [] },
    tags: [],
    rules: [],
    ...fields,
  }
}

export function aRule(fields: Partial<Rule> = {}): Rule {
  return {
    id: 'r_1',
    subjectKind: 'group',
    subject: 'billing',
    vhost: 'prod',
    broker: null,
    configure: [],
    write: [],
    read: [],
    tags: [],
    preset: null,
    note: '',
    createdAt: 0,
    updatedAt: 0,
    ...fields,
  }
}

export function alice(fields: Partial<RuleSubject> = {}): RuleSubject {
  return { kind: 'user', name: 'alice', groups: ['billing'], roles: [], ...fields }
}
