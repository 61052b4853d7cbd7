import type { Broker } from '../../src/core/rabbitmq/records.ts'
import type { VhostGrant } from '../../src/core/rabbitmq/rules.ts'

export function aBroker(fields: Partial<Broker> = {}): Broker {
  return {
    name: 'main',
    resourceServerId: 'rabbitmq',
    version: '3.10',
    tokenTtl: 300_000,
    description: '',
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
