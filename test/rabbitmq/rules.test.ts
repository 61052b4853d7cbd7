import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import type { NewRule } from '../../src/core/rabbitmq/rules.ts'
import { matchesVhost } from '../../src/core/rabbitmq/vhost-pattern.ts'
import { OPERATOR, openDomain, refusal } from './domain.ts'
import { alice } from './grants.ts'

const billing: NewRule = {
  subjectKind: 'group',
  subject: 'billing',
  vhost: 'prod',
  configure: ['billing.*'],
  write: ['billing.*', 'amq.default'],
  read: ['*'],
  tags: ['management'],
}
const main = { name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }
const other = { name: 'other', resourceServerId: 'rabbitmq-2', version: '4.3' }

async function openWithBrokers() {
  const domain = await openDomain()
  return {
    ...domain,
    main: await domain.brokers.create(main, OPERATOR),
    other: await domain.brokers.create(other, OPERATOR),
  }
}

describe('rules', () => {
  test('create() keeps a rule, its patterns sorted and each once', async () => {
    await using domain = await openWithBrokers()
    const rule = await domain.rules.create({ ...billing, write: ['b', 'a', 'b'] }, OPERATOR)
    expect(rule).toEqual({
      id: expect.stringMatching(/^r_[0-9a-f]{30}$/),
      subjectKind: 'group',
      subject: 'billing',
      vhost: 'prod',
      broker: null,
      configure: ['billing.*'],
      write: ['a', 'b'],
      read: ['*'],
      tags: ['management'],
      preset: null,
      note: '',
      createdAt: domain.clock.now,
      updatedAt: domain.clock.now,
    })
    expect(await domain.rules.get(rule.id)).toEqual(rule)
    expect(await domain.rules.list({ limit: 10 })).toEqual({ rows: [rule] })
    expect(await domain.rules.all()).toEqual([rule])
  })

  const FAULTY: readonly (readonly [paths: readonly string[], change: object])[] = [
    [['subjectKind'], { subjectKind: 'person' }],
    [['subject'], { subject: '' }],
    [['subject'], { subject: 'a\nb' }],
    [['vhost'], { vhost: '' }],
    [['vhost'], { vhost: 'a\0' }],
    [['vhost'], { vhost: 'é'.repeat(128) }],
    [['vhost'], { vhost: '\ud800' }],
    [['broker'], { broker: 'none' }],
    [['configure[0]'], { configure: ['a/b/c'] }],
    [['write[1]'], { write: ['a', 'b%'] }],
    [['write[0]'], { write: ['/key'] }],
    [['write[0]'], { write: [''] }],
    [['read[0]'], { read: ['a%00'] }],
    [['read[0]'], { read: ['x'.repeat(256)] }],
    [['read'], { read: Array.from({ length: 101 }, (_, index) => `q${index}`) }],
    [['tags[0]'], { tags: ['root'] }],
    [['tags[0]'], { tags: ['administrator'] }],
    [['tags[1]'], { tags: ['management', 'monitoring'] }],
    [['preset'], { preset: 'boss' }],
    [['note'], { note: 'x'.repeat(501) }],
    [['read'], { configure: [], write: [], read: [], tags: [] }],
    [['subject', 'vhost', 'read[0]'], { subject: '', vhost: '', read: ['a/b/c'] }],
  ]
  for (const [paths, change] of FAULTY) {
    test(`create() refuses faults in ${paths.join(', ')}: ${JSON.stringify(change).slice(0, 60)}`, async () => {
      await using domain = await openWithBrokers()
      const problem = await refusal(domain.rules.create({ ...billing, ...change }, OPERATOR))
      expect(problem.code).toBe('invalid_request')
      expect(problem.faults?.map((fault) => fault.path)).toEqual([...paths])
    })
  }

  test('create() takes tags beyond the vhost in a rule without patterns', async () => {
    await using domain = await openWithBrokers()
    const rule = await domain.rules.create(
      { subjectKind: 'user', subject: 'root', vhost: '*', tags: ['administrator', 'management'] },
      OPERATOR,
    )
    expect(rule.tags).toEqual(['administrator', 'management'])
  })

  for (const [preset, prefix, rights] of [
    ['producer', 'app-', { configure: [], write: ['amq.default', 'app-*'], read: [], tags: [] }],
    ['consumer', 'app-', { configure: ['app-*'], write: ['app-*'], read: ['app-*'], tags: [] }],
    ['owner', 'app-', { configure: ['app-*'], write: ['amq.default', 'app-*'], read: ['app-*'], tags: ['management'] }],
    ['owner', undefined, { configure: ['*'], write: ['*', 'amq.default'], read: ['*'], tags: ['management'] }],
    ['monitoring', 'app-', { configure: [], write: [], read: [], tags: ['monitoring'] }],
  ] as const) {
    test(`preset ${preset} for "${prefix ?? ''}" fills in what is not given`, async () => {
      await using domain = await openWithBrokers()
      const subject = { subjectKind: 'group', subject: 'app', vhost: 'prod' } as const
      const input = { ...subject, preset, ...(prefix !== undefined && { prefix }) }
      expect(await domain.rules.create(input, OPERATOR)).toMatchObject({ ...rights, preset })
    })
  }

  test('what is given beats the preset, and update() can apply one', async () => {
    await using domain = await openWithBrokers()
    const { rules } = domain
    const subject = { subjectKind: 'group', subject: 'app', vhost: 'prod' } as const
    const rule = await rules.create({ ...subject, preset: 'owner', prefix: 'a.', read: ['*'], tags: [] }, OPERATOR)
    expect(rule).toMatchObject({ configure: ['a.*'], write: ['a.*', 'amq.default'], read: ['*'], tags: [] })
    const changed = await rules.update(rule.id, { preset: 'producer', prefix: 'b.', read: [] }, OPERATOR)
    expect(changed).toMatchObject({ configure: [], write: ['amq.default', 'b.*'], read: [], preset: 'producer' })
  })

  test('update() changes what is given, checks the whole, and counts at once', async () => {
    await using domain = await openWithBrokers()
    const { rules } = domain
    const rule = await rules.create(billing, OPERATOR)
    expect(await rules.decide(alice(), 'prod', domain.main)).toBeDefined()
    const changed = await rules.update(rule.id, { vhost: 'test', note: 'moved' }, OPERATOR)
    expect(changed).toEqual({ ...rule, vhost: 'test', note: 'moved', updatedAt: rule.updatedAt + 1 })
    expect(await rules.decide(alice(), 'prod', domain.main)).toBeUndefined()
    expect((await refusal(rules.update(rule.id, { tags: ['monitoring'] }, OPERATOR))).faults?.[0]?.path).toBe('tags[0]')
    expect((await refusal(rules.update('r_none', {}, OPERATOR))).code).toBe('not_found')
  })

  test('delete() takes the rights away at once', async () => {
    await using domain = await openWithBrokers()
    const { rules } = domain
    const rule = await rules.create(billing, OPERATOR)
    await rules.delete(rule.id, OPERATOR)
    expect(await rules.decide(alice(), 'prod', domain.main)).toBeUndefined()
    expect((await refusal(rules.delete(rule.id, OPERATOR))).code).toBe('not_found')
    expect(await domain.events()).toContain(`operator rule.deleted rule:${rule.id}`)
  })

  test('invalidate() lets in what another process changed', async () => {
    await using domain = await openWithBrokers()
    const { rules } = domain
    expect(await rules.decide(alice(), 'prod', domain.main)).toBeUndefined()
    await domain.elsewhere().create(billing, OPERATOR)
    expect(await rules.decide(alice(), 'prod', domain.main)).toBeUndefined()
    rules.invalidate()
    expect(await rules.decide(alice(), 'prod', domain.main)).toBeDefined()
  })
})

describe('decide()', () => {
  test('is the union of the rules for user, groups and roles', async () => {
    await using domain = await openWithBrokers()
    const { rules } = domain
    const user = await rules.create({ subjectKind: 'user', subject: 'ALICE', vhost: 'p*', write: ['u'] }, OPERATOR)
    const group = await rules.create({ ...billing, tags: [] }, OPERATOR)
    const role = await rules.create(
      { subjectKind: 'role', subject: 'dev', vhost: '*', tags: ['policymaker'] },
      OPERATOR,
    )
    await rules.create({ subjectKind: 'client', subject: 'alice', vhost: 'prod', read: ['no'] }, OPERATOR)
    await rules.create({ subjectKind: 'group', subject: 'Billing', vhost: 'prod', read: ['no'] }, OPERATOR)
    const grant = await rules.decide(alice({ roles: ['dev'] }), 'prod', domain.main)
    expect(grant).toEqual({
      broker: domain.main,
      vhost: 'prod',
      patterns: { configure: ['billing.*'], write: ['amq.default', 'billing.*', 'u'], read: ['*'] },
      tags: ['policymaker'],
      rules: expect.arrayContaining([user, group, role]),
    })
    expect(grant?.rules).toHaveLength(3)
  })

  test('counts a rule for another broker out', async () => {
    await using domain = await openWithBrokers()
    await domain.rules.create({ ...billing, broker: 'other' }, OPERATOR)
    expect(await domain.rules.decide(alice(), 'prod', domain.main)).toBeUndefined()
    expect(await domain.rules.decide(alice(), 'prod', domain.other)).toBeDefined()
  })

  test('gives nothing for a vhost that cannot be', async () => {
    await using domain = await openWithBrokers()
    await domain.rules.create({ ...billing, vhost: '*' }, OPERATOR)
    for (const vhost of ['', 'a\nb', 'x'.repeat(256), '\ud800']) {
      expect(await domain.rules.decide(alice(), vhost, domain.main)).toBeUndefined()
    }
    expect((await domain.rules.decide(alice(), '*', domain.main))?.vhost).toBe('*')
  })

  test('tells clients from users', async () => {
    await using domain = await openWithBrokers()
    await domain.rules.create({ subjectKind: 'client', subject: 'App', vhost: 'prod', read: ['*'] }, OPERATOR)
    const client = { kind: 'client', name: 'App', groups: [], roles: [] } as const
    expect(await domain.rules.decide(client, 'prod', domain.main)).toBeDefined()
    expect(await domain.rules.decide({ ...client, name: 'app' }, 'prod', domain.main)).toBeUndefined()
    expect(await domain.rules.decide({ ...client, kind: 'user' }, 'prod', domain.main)).toBeUndefined()
  })
})

describe('vhostsOf() and tagsOf()', () => {
  test('name what the rules for this subject and broker name', async () => {
    await using domain = await openWithBrokers()
    const { rules } = domain
    await rules.create({ ...billing, vhost: 'b' }, OPERATOR)
    await rules.create({ ...billing, vhost: 'a', tags: ['policymaker'] }, OPERATOR)
    await rules.create({ ...billing, vhost: 'p*' }, OPERATOR)
    await rules.create({ ...billing, vhost: 'c', broker: 'other' }, OPERATOR)
    await rules.create({ ...billing, vhost: 'd', subject: 'ops' }, OPERATOR)
    expect(await rules.vhostsOf(alice(), domain.main)).toEqual(['a', 'b'])
    expect(await rules.vhostsOf(alice(), domain.other)).toEqual(['a', 'b', 'c'])
    expect(await rules.tagsOf(alice(), domain.main)).toEqual(['management', 'policymaker'])
    expect(await rules.tagsOf(alice({ groups: [] }), domain.main)).toBeUndefined()
  })
})

describe('matchesVhost()', () => {
  test('finds every match that a regular expression finds', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*'), maxLength: 8 })
    const property = fc.property(text, text, (vhost, pattern) => {
      const parts = pattern.split('*').map((part) => RegExp.escape(part))
      expect(matchesVhost(vhost, pattern)).toBe(new RegExp(`^${parts.join('.*')}$`, 's').test(vhost))
    })
    fc.assert(property, { numRuns: 3000 })
  })
})
