import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  expandVariables,
  permissionScopes,
  resourceAccess,
  tagsOf,
  topicAccess,
  vhostAccess,
  wildcardMatch,
} from '../../src/core/rabbitmq/matcher.ts'
import { encodeName } from '../../src/core/rabbitmq/scope.ts'
import { erlangMatch } from './erlang-oracle.ts'

const smallText = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '%', '+', '2', 'F', 'é'), maxLength: 8 })

describe('wildcardMatch()', () => {
  for (const [subject, pattern, matches] of [
    ['prod', 'prod', true],
    ['prod', 'pro', false],
    ['prod', 'prod2', false],
    ['app-1', 'app-*', true],
    ['app-', 'app-*', true],
    ['', '*', true],
    ['', '', true],
    ['a', '', false],
    ['a.b.c', 'a.*.c', true],
    ['abab', '*b', false],
    ['ab', '*b', true],
    ['abab', 'a*b', false],
    ['a', 'a*', true],
    ['a', 'a**', false],
    ['ab', 'a**', true],
    ['a/b', 'a%2Fb', true],
    ['a b', 'a+b', true],
    ['a+b', 'a+b', false],
    ['100%', '100%', false],
    ['100%', '100%25', true],
    ['été', '%C3%A9t%c3%a9', true],
    ['été', '*%A9', false],
    ['é', '*%A9', true],
  ] as const) {
    test(`${JSON.stringify(subject)} ${matches ? 'matches' : 'does not match'} ${JSON.stringify(pattern)}`, () => {
      expect(wildcardMatch(subject, pattern)).toBe(matches)
    })
  }

  test('agrees with a literal transcription of the broker’s matcher', () => {
    const property = fc.property(smallText, smallText, (subject, pattern) => {
      expect(wildcardMatch(subject, pattern)).toBe(erlangMatch(subject, pattern))
    })
    fc.assert(property, { numRuns: 5000 })
  })

  test('agrees with it where patterns do match', () => {
    const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 3 }), {
      minLength: 1,
      maxLength: 5,
    })
    const property = fc.property(pieces, fc.array(fc.boolean()), (parts, wild) => {
      const pattern = parts.map((part, index) => (wild[index] ? '*' : part)).join('')
      expect(wildcardMatch(parts.join(''), pattern)).toBe(erlangMatch(parts.join(''), pattern))
    })
    fc.assert(property, { numRuns: 5000 })
  })

  test('takes any encoded name as that name and no other', () => {
    const name = fc.string({ unit: 'binary', maxLength: 20 })
    const property = fc.property(name, name, (one, other) => {
      expect(wildcardMatch(one, encodeName(one))).toBe(true)
      expect(wildcardMatch(other, encodeName(one))).toBe(one === other)
    })
    fc.assert(property, { numRuns: 2000 })
  })
})

const SCOPES = [
  'rabbitmq.configure:prod/app-*/*',
  'rabbitmq.write:prod/events/eu.*',
  'rabbitmq.read:prod/app-*',
  'rabbitmq.read:a/b/c/d',
  'rabbitmq.read:short',
  'rabbitmq.tag:management',
  'rabbitmq.delete:prod/x/*',
  'rabbitmq-2.read:other/*/*',
  'openid',
]

describe('scopes', () => {
  const scopes = permissionScopes(SCOPES, 'rabbitmq')

  test('permissionScopes() keeps what the broker would not ignore', () => {
    expect(scopes).toEqual([
      {
        scope: 'rabbitmq.configure:prod/app-*/*',
        permission: 'configure',
        vhost: 'prod',
        name: 'app-*',
        routingKey: '*',
      },
      {
        scope: 'rabbitmq.write:prod/events/eu.*',
        permission: 'write',
        vhost: 'prod',
        name: 'events',
        routingKey: 'eu.*',
      },
      { scope: 'rabbitmq.read:prod/app-*', permission: 'read', vhost: 'prod', name: 'app-*', routingKey: undefined },
    ])
    expect(tagsOf(SCOPES, 'rabbitmq')).toEqual(['management'])
  })

  test('vhostAccess() takes any permission in the vhost', () => {
    expect(vhostAccess('prod', scopes)?.permission).toBe('configure')
    expect(vhostAccess('test', scopes)).toBeUndefined()
  })

  test('resourceAccess() looks at vhost, name and permission, not at the routing key', () => {
    expect(resourceAccess({ vhost: 'prod', name: 'app-1' }, 'configure', scopes)?.name).toBe('app-*')
    expect(resourceAccess({ vhost: 'prod', name: 'app-1' }, 'write', scopes)).toBeUndefined()
    expect(resourceAccess({ vhost: 'test', name: 'app-1' }, 'configure', scopes)).toBeUndefined()
    expect(resourceAccess({ vhost: 'prod', name: 'events' }, 'write', scopes)?.routingKey).toBe('eu.*')
  })

  test('topicAccess() refuses scopes of two segments', () => {
    expect(topicAccess({ vhost: 'prod', name: 'events', routingKey: 'eu.de' }, 'write', scopes)).toBeDefined()
    expect(topicAccess({ vhost: 'prod', name: 'events', routingKey: 'us' }, 'write', scopes)).toBeUndefined()
    expect(topicAccess({ vhost: 'prod', name: 'app-1', routingKey: 'k' }, 'read', scopes)).toBeUndefined()
    expect(topicAccess({ vhost: 'prod', name: 'app-1', routingKey: 'k' }, 'configure', scopes)).toBeDefined()
  })
})

describe('expandVariables()', () => {
  test('replaces the vhost and claims, keeps unknown names, drops what is not closed', () => {
    const claims = { sub: 'alice', exp: 1 }
    expect(expandVariables('rabbitmq.read:{vhost}/{sub}-{exp}-{none}/*', 'prod', claims)).toBe(
      'rabbitmq.read:prod/alice-exp-none/*',
    )
    expect(expandVariables('rabbitmq.read:prod/*/*', 'prod', claims)).toBe('rabbitmq.read:prod/*/*')
    expect(expandVariables('rabbitmq.read:{vhost', 'prod', claims)).toBe('rabbitmq.read:prod')
    expect(expandVariables('rabbitmq.read:{vhost/*', 'prod', claims)).toBe('')
    expect(expandVariables('rabbitmq.read:}x/{}', 'prod', claims)).toBe('rabbitmq.read:}x/')
  })
})
