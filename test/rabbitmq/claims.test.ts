import { describe, expect, test } from 'bun:test'
import { brokerClaims, brokerScopes, checkTokenFits, maxTokenBytes } from '../../src/core/rabbitmq/claims.ts'
import { Problem } from '../../src/core/problem.ts'
import { aBroker, aGrant } from './grants.ts'

describe('brokerScopes()', () => {
  test('writes three segments for every pattern, and the tags', () => {
    const grant = aGrant({
      patterns: { configure: ['app-*'], write: ['amq.default', 'app-*'], read: ['events/eu.*', 'app-*'] },
      tags: ['management'],
    })
    expect(brokerScopes(grant)).toEqual([
      'rabbitmq.configure:prod/app-*/*',
      'rabbitmq.write:prod/amq.default/*',
      'rabbitmq.write:prod/app-*/*',
      'rabbitmq.read:prod/app-*/*',
      'rabbitmq.read:prod/events/eu.*',
      'rabbitmq.tag:management',
    ])
  })

  test('leaves out what a pattern for everything covers', () => {
    const grant = aGrant({ patterns: { configure: [], write: ['*', 'a', 'b/*'], read: ['*/*', '*', 'x'] } })
    expect(brokerScopes(grant)).toEqual(['rabbitmq.write:prod/*/*', 'rabbitmq.read:prod/*/*'])
  })

  test('keeps a pattern for all names and one routing key beside others', () => {
    const grant = aGrant({ patterns: { configure: [], write: [], read: ['*/eu', 'x'] } })
    expect(brokerScopes(grant)).toEqual(['rabbitmq.read:prod/*/eu', 'rabbitmq.read:prod/x/*'])
  })

  for (const [vhost, encoded] of [
    ['/', '%2F'],
    ['{vhost}', '%7Bvhost%7D'],
    ['*', '%2A'],
    ['a b', 'a%20b'],
    ['a+b', 'a%2Bb'],
    ['été', '%C3%A9t%C3%A9'],
    ['a:b', 'a%3Ab'],
    ['100%', '100%25'],
  ] as const) {
    test(`never lets vhost ${vhost} mean anything but itself`, () => {
      const grant = aGrant({ vhost, patterns: { configure: [], write: [], read: ['*'] } })
      expect(brokerScopes(grant)).toEqual([`rabbitmq.read:${encoded}/*/*`])
    })
  }

  test('never lets a name of a rule become a variable or a further segment', () => {
    const grant = aGrant({ patterns: { configure: [], write: [], read: ['{vhost}*/a%2Fb'] } })
    expect(brokerScopes(grant)).toEqual(['rabbitmq.read:prod/%7Bvhost%7D*/a%2Fb'])
  })
})

describe('brokerClaims()', () => {
  test('has whole seconds, one audience, and the same name in sub and client_id', () => {
    const grant = aGrant({ patterns: { configure: [], write: [], read: ['*'] } })
    const claims = brokerClaims({
      issuer: 'https://tokens.example',
      subject: 'alice',
      grant,
      now: 1_700_000_000_999,
      ttl: 300_900,
      jti: 'j1',
    })
    expect(claims).toEqual({
      iss: 'https://tokens.example',
      sub: 'alice',
      aud: ['rabbitmq'],
      iat: 1_700_000_000,
      nbf: 1_700_000_000,
      exp: 1_700_000_300,
      jti: 'j1',
      client_id: 'alice',
      preferred_username: 'alice',
      vhost: 'prod',
      scope: 'rabbitmq.read:prod/*/*',
    })
  })
})

describe('checkTokenFits()', () => {
  test('takes 3,500 bytes up to 4.0 and 7,500 from 4.1 on', () => {
    expect(['3.10', '3.13', '4.0', '4.0.9', '4.1', '4.3'].map(maxTokenBytes)).toEqual([
      3500, 3500, 3500, 3500, 7500, 7500,
    ])
    expect(() => checkTokenFits('x'.repeat(3500), aBroker())).not.toThrow()
    expect(() => checkTokenFits('x'.repeat(3501), aBroker())).toThrow(Problem)
    expect(() => checkTokenFits('x'.repeat(3501), aBroker({ version: '4.1' }))).not.toThrow()
  })
})
