import { describe, expect, test } from 'bun:test'
import { OPERATOR, openDomain, refusal } from './domain.ts'

const main = { name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }
const other = { name: 'other', resourceServerId: 'rabbitmq-2', version: '4.3.6', tokenTtl: 60_000, description: 'EU' }

describe('brokers', () => {
  test('create() keeps a broker, with the token life of the settings unless told', async () => {
    await using domain = await openDomain()
    const { brokers, clock } = domain
    await brokers.create(main, OPERATOR)
    await brokers.create(other, OPERATOR)
    const times = { managementUrl: null, createdAt: clock.now, updatedAt: clock.now }
    expect(await brokers.list()).toEqual([
      { ...main, tokenTtl: 300_000, description: '', ...times },
      { ...other, ...times },
    ])
    expect(await brokers.get('other')).toEqual({ ...other, ...times })
    expect(await brokers.get('none')).toBeUndefined()
  })

  for (const [path, input] of [
    ['name', { ...main, name: '' }],
    ['name', { ...main, name: 'a b' }],
    ['resourceServerId', { ...main, resourceServerId: 'a b' }],
    ['resourceServerId', { ...main, resourceServerId: 'x'.repeat(65) }],
    ['version', { ...main, version: '3.9' }],
    ['version', { ...main, version: '4' }],
    ['version', { ...main, version: '4.30' }],
    ['tokenTtl', { ...main, tokenTtl: 9_999 }],
    ['tokenTtl', { ...main, tokenTtl: Number.NaN }],
    ['tokenTtl', { ...main, tokenTtl: 86_400_001 }],
    ['description', { ...main, description: 'x'.repeat(501) }],
    ['managementUrl', { ...main, managementUrl: 'http://rabbit.example:15672' }],
    ['managementUrl', { ...main, managementUrl: 'http://127.0.0.1.evil.example' }],
    ['managementUrl', { ...main, managementUrl: 'https://[::1]:15671' }],
    ['managementUrl', { ...main, managementUrl: 'https://a:b@rabbit.example' }],
    ['managementUrl', { ...main, managementUrl: 'https://rabbit.example/?x' }],
    ['managementUrl', { ...main, managementUrl: 'https://rabbit.example/;script-src' }],
    ['managementUrl', { ...main, managementUrl: 'javascript:alert(1)' }],
    ['managementUrl', { ...main, managementUrl: 'rabbit.example' }],
  ] as const) {
    test(`create() refuses a faulty ${path}: ${JSON.stringify(input)}`, async () => {
      await using domain = await openDomain()
      const problem = await refusal(domain.brokers.create(input, OPERATOR))
      expect(problem.code).toBe('invalid_request')
      expect(problem.faults?.map((fault) => fault.path)).toEqual([path])
    })
  }

  test('create() takes a name and a resource server id once', async () => {
    await using domain = await openDomain()
    const { brokers } = domain
    await brokers.create(main, OPERATOR)
    expect((await refusal(brokers.create({ ...main, resourceServerId: 'new' }, OPERATOR))).code).toBe('conflict')
    const problem = await refusal(brokers.create({ ...main, name: 'new' }, OPERATOR))
    expect(problem.code).toBe('conflict')
    expect(problem.faults?.map((fault) => fault.path)).toEqual(['resourceServerId'])
  })

  test('update() changes what is given and keeps the rest', async () => {
    await using domain = await openDomain()
    const { brokers, clock } = domain
    await brokers.create(other, OPERATOR)
    clock.now += 1000
    const changed = await brokers.update('other', { version: '4.2', tokenTtl: 120_000 }, OPERATOR)
    expect(changed).toEqual({
      ...other,
      version: '4.2',
      tokenTtl: 120_000,
      managementUrl: null,
      createdAt: clock.now - 1000,
      updatedAt: clock.now,
    })
    expect(await brokers.get('other')).toEqual(changed)
    const again = { resourceServerId: 'new', description: '' }
    expect(await brokers.update('other', again, OPERATOR)).toMatchObject(again)
    const managed = await brokers.update('other', { managementUrl: 'https://Rabbit.example:443/mq/' }, OPERATOR)
    expect(managed.managementUrl).toBe('https://rabbit.example/mq')
    expect((await brokers.update('other', {}, OPERATOR)).managementUrl).toBe('https://rabbit.example/mq')
    expect((await brokers.update('other', { managementUrl: null }, OPERATOR)).managementUrl).toBeNull()
  })

  test('update() refuses what create() would, and a broker that is not there', async () => {
    await using domain = await openDomain()
    const { brokers } = domain
    await brokers.create(main, OPERATOR)
    await brokers.create(other, OPERATOR)
    expect((await refusal(brokers.update('main', { version: '5' }, OPERATOR))).code).toBe('invalid_request')
    expect((await refusal(brokers.update('none', {}, OPERATOR))).code).toBe('not_found')
    const taken = await refusal(brokers.update('main', { resourceServerId: 'rabbitmq-2' }, OPERATOR))
    expect(taken.detail).toBe('The resource server id "rabbitmq-2" belongs to broker "other"')
  })

  test('update() loses no change of twenty at once', async () => {
    await using domain = await openDomain()
    const { brokers } = domain
    await brokers.create(main, OPERATOR)
    const changes = Array.from({ length: 20 }, (_, index) =>
      brokers.update('main', index % 2 === 0 ? { tokenTtl: 60_000 } : { description: 'both' }, OPERATOR),
    )
    const outcomes = await Promise.allSettled(changes)
    expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true)
    const done = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value.updatedAt)
    expect(new Set(done).size).toBe(done.length)
  })

  test('delete() removes a broker that no rule names', async () => {
    await using domain = await openDomain()
    const { brokers, rules } = domain
    await brokers.create(main, OPERATOR)
    const rule = await rules.create(
      { subjectKind: 'group', subject: 'ops', vhost: '*', broker: 'main', read: ['*'] },
      OPERATOR,
    )
    expect((await refusal(brokers.delete('main', OPERATOR))).detail).toContain(rule.id)
    await rules.delete(rule.id, OPERATOR)
    await brokers.delete('main', OPERATOR)
    expect(await brokers.get('main')).toBeUndefined()
    expect((await refusal(brokers.delete('main', OPERATOR))).code).toBe('not_found')
  })

  test('choose() takes the named, else the default, else the only one', async () => {
    await using domain = await openDomain()
    const { brokers } = domain
    expect((await refusal(brokers.choose(undefined))).code).toBe('not_found')
    await brokers.create(main, OPERATOR)
    expect((await brokers.choose(undefined)).name).toBe('main')
    await brokers.create(other, OPERATOR)
    expect((await brokers.choose('main')).name).toBe('main')
    const several = await refusal(brokers.choose(undefined))
    expect([several.code, several.detail]).toEqual(['invalid_request', 'Say which broker: there are main, other'])
    expect((await refusal(brokers.choose('none'))).detail).toBe('There is no broker "none": there are main, other')
    domain.useDefaultBroker('other')
    expect((await brokers.choose(undefined)).name).toBe('other')
  })

  test('every change is an audit event', async () => {
    await using domain = await openDomain()
    await domain.brokers.create(main, OPERATOR)
    await domain.brokers.update('main', { version: '4.0' }, OPERATOR)
    await domain.brokers.delete('main', OPERATOR)
    expect(await domain.events()).toEqual([
      'operator broker.created broker:main',
      'operator broker.changed broker:main',
      'operator broker.deleted broker:main',
    ])
  })
})
