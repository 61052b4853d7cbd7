import { describe, expect, test } from 'bun:test'
import { Problem } from '../../src/core/problem.ts'
import { explain } from '../../src/core/rabbitmq/explain.ts'
import { aBroker, alice, aRule } from './grants.ts'

const broker = aBroker()
const billing = aRule({ write: ['billing.*', 'events/eu.*'], read: ['*'] })

describe('explain()', () => {
  test('names the rules that gave something and the scopes they lead to', () => {
    const elsewhere = aRule({ id: 'r_2', subject: 'ops', vhost: 'test', read: ['*'] })
    expect(explain({ subject: alice(), vhost: 'prod', broker }, [billing, elsewhere])).toEqual({
      granted: true,
      rules: [billing],
      near: [],
      scopes: ['rabbitmq.write:prod/billing.*/*', 'rabbitmq.write:prod/events/eu.*', 'rabbitmq.read:prod/*/*'],
    })
  })

  test('says of a rule that fails in one point which one it is', () => {
    const rules = [
      aRule({ id: 'vhost', vhost: 'test', read: ['*'] }),
      aRule({ id: 'broker', broker: 'other', read: ['*'] }),
      aRule({ id: 'group', subject: 'ops', read: ['*'] }),
      aRule({ id: 'role', subjectKind: 'role', subject: 'admin', read: ['*'] }),
      aRule({ id: 'user', subjectKind: 'user', subject: 'bob', read: ['*'] }),
      aRule({ id: 'client', subjectKind: 'client', subject: 'alice', read: ['*'] }),
      aRule({ id: 'two', subject: 'ops', vhost: 'test', read: ['*'] }),
    ]
    const { granted, near } = explain({ subject: alice(), vhost: 'prod', broker }, rules)
    expect(granted).toBe(false)
    expect(near.map(({ rule, why }) => [rule.id, ...why])).toEqual([
      ['vhost', 'It is for vhost "test", not for "prod"'],
      ['broker', 'It is for broker "other", not for "main"'],
      ['group', 'It is for group "ops", in which user "alice" is not'],
      ['role', 'It is for role "admin", which user "alice" does not hold'],
      ['user', 'It is for user "bob", not for user "alice"'],
      ['client', 'It is for client "alice", not for user "alice"'],
    ])
  })

  for (const { name, version = '3.10', attempt, rules = [billing], outcome } of [
    {
      name: 'allows by the scope that matched',
      attempt: { action: 'write', resource: 'queue:billing.eu' },
      outcome: { allowed: true, by: 'rabbitmq.write:prod/billing.*/*' },
    },
    {
      name: 'refuses a queue in the words of 3.10',
      attempt: { action: 'configure', resource: 'queue:orders' },
      outcome: {
        allowed: false,
        brokerSays: "ACCESS_REFUSED - access to queue 'orders' in vhost 'prod' refused for user 'alice'",
        hint: 'Needs a rule with configure on a pattern that covers "orders"',
      },
    },
    {
      name: 'refuses a queue in the words of 4.0',
      version: '4.0',
      attempt: { action: 'configure', resource: 'queue:orders' },
      outcome: {
        allowed: false,
        brokerSays: "ACCESS_REFUSED - configure access to queue 'orders' in vhost 'prod' refused for user 'alice'",
        hint: 'Needs a rule with configure on a pattern that covers "orders"',
      },
    },
    {
      name: 'allows a routing key on a topic exchange',
      attempt: { action: 'write', resource: 'topic:events', routingKey: 'eu.de' },
      outcome: { allowed: true, by: 'rabbitmq.write:prod/events/eu.*' },
    },
    {
      name: 'refuses another routing key',
      attempt: { action: 'write', resource: 'exchange:events', routingKey: 'us' },
      outcome: {
        allowed: false,
        by: 'rabbitmq.write:prod/events/eu.*',
        brokerSays:
          "ACCESS_REFUSED - access to topic 'us' in exchange 'events' in vhost 'prod' refused for user 'alice'",
        hint: 'Needs a rule with write on "events/…" that covers routing key "us"',
      },
    },
    {
      name: 'calls the default exchange by the name that brokers check',
      attempt: { action: 'write', resource: 'exchange:' },
      outcome: {
        allowed: false,
        brokerSays: "ACCESS_REFUSED - access to exchange 'amq.default' in vhost 'prod' refused for user 'alice'",
        hint: 'Needs a rule with write on a pattern that covers "amq.default"',
      },
    },
    {
      name: 'tells a missing token',
      rules: [],
      attempt: { action: 'read', resource: 'queue:q' },
      outcome: { allowed: false, hint: 'No rule gives alice anything in vhost "prod": there is no token' },
    },
    {
      name: 'tells tags from permissions',
      rules: [aRule({ tags: ['monitoring'] })],
      attempt: { action: 'read', resource: 'queue:q' },
      outcome: {
        allowed: false,
        brokerSays: "NOT_ALLOWED - access to vhost 'prod' refused for user 'alice'",
        hint: 'Only tags are granted in vhost "prod"; opening it needs a pattern',
      },
    },
    {
      name: 'refuses what the first match of the broker misses',
      rules: [aRule({ read: ['*.dlq'] })],
      attempt: { action: 'read', resource: 'queue:a.dlq.dlq' },
      outcome: {
        allowed: false,
        brokerSays: "ACCESS_REFUSED - access to queue 'a.dlq.dlq' in vhost 'prod' refused for user 'alice'",
        hint: 'Needs a rule with read on a pattern that covers "a.dlq.dlq"',
      },
    },
  ] as const) {
    test(name, () => {
      const question = { subject: alice(), vhost: 'prod', broker: aBroker({ version }), attempt }
      expect(explain(question, rules).outcome).toEqual(outcome)
    })
  }

  test('refuses questions that make no sense', () => {
    const attempt = { action: 'read', resource: 'orders' } as const
    expect(() => explain({ subject: alice(), vhost: 'prod', broker, attempt }, [billing])).toThrow(Problem)
    expect(() => explain({ subject: alice(), vhost: '', broker }, [])).toThrow(Problem)
  })
})
