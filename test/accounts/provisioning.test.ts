import { describe, expect, test } from 'bun:test'
import { type AnyRow, insert, remove } from '#plugin'
import { CLIENT_DEFAULTS } from '../../src/core/clients/client-input.ts'
import { type Client, clients } from '../../src/core/clients/records.ts'
import { GRANTED, memberships } from '../../src/core/users/records.ts'
import { openAccounts, OPERATOR, PASSWORD, refusal, testDirectory } from '../harness/core-accounts.ts'

const SECRET = 'directory secret'

async function openWithDirectory(...people: Parameters<typeof testDirectory>[0]) {
  const directory = testDirectory(people)
  const accounts = await openAccounts({ sources: [{ id: 'corp', source: directory.source, provision: true }] })
  return Object.assign(accounts, { directory })
}
const bob = (more: object = {}) => ({ externalId: 'corp-1', username: 'Bob', password: SECRET, groups: [], ...more })

test('the first login makes a record with what the source says, patterns of this server notwithstanding', async () => {
  await using accounts = await openWithDirectory(
    bob({ username: 'Jürgen Groß', email: 'J.Gross@corp.example', displayName: 'Jürgen' }),
  )
  const { user } = await accounts.logIn('jürgen groß', SECRET)
  expect(user).toMatchObject({
    username: 'Jürgen Groß',
    email: 'J.Gross@corp.example',
    displayName: 'Jürgen',
    source: 'corp',
    externalId: 'corp-1',
    activated: true,
    technicalUser: false,
  })
  expect((await accounts.logIn('JÜRGEN GROSS', SECRET)).user.id).toBe(user.id)
})

test('fifty first logins at once make one record', async () => {
  await using accounts = await openWithDirectory(bob({ groups: ['billing', 'backend'] }))
  const logins = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      accounts.logIn('bob', SECRET, { actor: 'anonymous', ip: `10.0.${index}.1`, requestId: 'r' }),
    ),
  )
  expect(new Set(logins.map(({ user }) => user.id)).size).toBe(1)
  expect((await accounts.users.list({ limit: 9 })).rows).toHaveLength(1)
  expect(await accounts.users.groupsOf(logins[0]?.user.id ?? '')).toEqual(['backend', 'billing'])
})

describe('a name or mail that somebody else has', () => {
  test('refuses the newcomer, and says so to the operator only', async () => {
    await using accounts = await openWithDirectory(bob())
    const local = await accounts.users.create({ username: 'bob', password: PASSWORD }, OPERATOR)
    await accounts.users.update(local.id, { username: 'carol' }, OPERATOR)
    await accounts.logIn('bob', SECRET)
    accounts.directory.people.push(bob({ externalId: 'corp-2', username: 'carole' }))
    accounts.directory.state.answer = async () => ({
      ok: true,
      identity: { externalId: 'corp-2', username: 'CAROL', groups: [] },
    })
    const refused = await refusal(accounts.logIn('carole', SECRET))
    expect([refused.code, refused.detail]).toEqual(['invalid_credentials', 'User name or password is wrong'])
    const last = (await accounts.events({ event: 'login' })).at(-1)
    expect(last?.detail).toMatchObject({
      reason: 'not-allowed',
      explanation: 'the name belongs to another user or to a client',
    })
    expect(await accounts.users.get('carol')).toMatchObject({ id: local.id, source: 'local' })
  })

  test('that changed hands in the directory does not give the record of the former holder', async () => {
    await using accounts = await openWithDirectory(bob())
    const { user } = await accounts.logIn('bob', SECRET)
    accounts.directory.people[0] = bob({ externalId: 'corp-9' })
    expect((await refusal(accounts.logIn('bob', SECRET))).code).toBe('invalid_credentials')
    expect(await accounts.users.get('bob')).toMatchObject({ id: user.id, externalId: 'corp-1' })
  })

  test('is not given to a person who has the name of a client, at the first login or later', async () => {
    await using accounts = await openWithDirectory(bob())
    const made = {
      managedBy: 'admin',
      registrationDigest: null,
      unusedSince: null,
      createdAt: 0,
      updatedAt: 0,
    } as const
    const client = (id: string): Client => ({ ...CLIENT_DEFAULTS, ...made, id, name: id, secrets: [] })
    await accounts.storage.commit([insert(clients, client('bob')), insert(clients, client('shop'))])
    expect((await refusal(accounts.logIn('bob', SECRET))).code).toBe('invalid_credentials')
    expect(await accounts.users.get('bob')).toBeUndefined()
    await accounts.storage.commit([remove(clients, { equals: { id: 'bob' } })])
    expect((await accounts.logIn('bob', SECRET)).user.username).toBe('Bob')
    accounts.directory.people[0] = bob({ username: 'shop' })
    expect((await accounts.logIn('shop', SECRET)).user.username).toBe('Bob')
  })

  test('leaves the mail of the newcomer empty', async () => {
    await using accounts = await openWithDirectory(bob({ email: 'Taken@example.com' }))
    await accounts.users.create({ username: 'alice', email: 'taken@example.com' }, OPERATOR)
    expect((await accounts.logIn('bob', SECRET)).user).toMatchObject({ email: null, emailKey: null })
  })

  test.each(['', 'no address', 'a@b@c', 'a\0@b', `${'x'.repeat(200)}@example.com`])(
    'leaves out the mail %j, which is none',
    async (email) => {
      await using accounts = await openWithDirectory(bob({ email }))
      expect((await accounts.logIn('bob', SECRET)).user.email).toBeNull()
    },
  )
})

describe('at a later login', () => {
  test('name, mail and display name follow the directory, roles and flags of this server stay', async () => {
    await using accounts = await openWithDirectory(bob({ email: 'bob@example.com' }))
    const { user } = await accounts.logIn('bob', SECRET)
    await accounts.users.update(user.id, { roles: ['reader'], technicalUser: true }, OPERATOR)
    accounts.directory.people[0] = bob({ username: 'Robert', email: 'robert@example.com', displayName: 'Bobby' })
    const later = (await accounts.logIn('Robert', SECRET)).user
    expect(later).toMatchObject({ id: user.id, username: 'Robert', email: 'robert@example.com', displayName: 'Bobby' })
    expect(await accounts.users.get(user.id)).toEqual(later)
    expect(later).toMatchObject({ roles: ['reader'], technicalUser: true })
    expect(await accounts.users.get('bob')).toBeUndefined()
  })

  test('a new name that somebody has keeps the old one', async () => {
    await using accounts = await openWithDirectory(bob())
    const { user } = await accounts.logIn('bob', SECRET)
    await accounts.users.create({ username: 'alice' }, OPERATOR)
    accounts.directory.state.answer = async () => ({
      ok: true,
      identity: { externalId: 'corp-1', username: 'alice', groups: [] },
    })
    expect((await accounts.logIn('bob', SECRET)).user).toMatchObject({ id: user.id, username: 'Bob' })
  })

  test('that changes nothing, nothing but the throttle is written', async () => {
    await using accounts = await openWithDirectory(bob({ groups: ['billing'], email: 'bob@example.com' }))
    const { user } = await accounts.logIn('bob', SECRET)
    const before = await accounts.events()
    accounts.clock.now += 5_000
    expect((await accounts.logIn('bob', SECRET)).user).toEqual(user)
    expect((await accounts.events()).slice(before.length).map(({ event }) => event)).toEqual(['login'])
  })

  test('name and mail cannot be changed here, and its password cannot be set here', async () => {
    await using accounts = await openWithDirectory(bob())
    const { user } = await accounts.logIn('bob', SECRET)
    const { faults } = await refusal(accounts.users.update(user.id, { username: 'x', email: 'x@y.z' }, OPERATOR))
    expect(faults?.map(({ path }) => path)).toEqual(['/username', '/email'])
    expect((await refusal(accounts.users.setPassword(user.id, PASSWORD, OPERATOR))).code).toBe('conflict')
    expect(await accounts.users.update(user.id, { disabled: true }, OPERATOR)).toMatchObject({ disabled: true })
    expect((await refusal(accounts.logIn('bob', SECRET))).code).toBe('invalid_credentials')
  })
})

describe('groups of a directory', () => {
  test('are made when missing, and memberships follow it in both directions', async () => {
    await using accounts = await openWithDirectory(bob({ groups: ['billing', 'backend', 'billing'] }))
    const { user } = await accounts.logIn('bob', SECRET)
    expect(await accounts.users.groupsOf(user.id)).toEqual(['backend', 'billing'])
    accounts.directory.people[0] = bob({ groups: ['frontend', 'billing'] })
    await accounts.logIn('bob', SECRET)
    expect(await accounts.users.groupsOf(user.id)).toEqual(['billing', 'frontend'])
    expect(await accounts.groups.get('backend')).toBeDefined()
    const changes = (await accounts.events({ target: 'group:backend' })).map(({ event, detail }) => [
      event,
      detail.source,
    ])
    expect(changes).toEqual([
      ['group.created', 'corp'],
      ['group.member-added', 'corp'],
      ['group.member-removed', 'corp'],
    ])
  })

  test('touch no membership that was granted here or comes from another source', async () => {
    await using accounts = await openWithDirectory(bob({ groups: ['billing'] }))
    const { user } = await accounts.logIn('bob', SECRET)
    await accounts.groups.create({ name: 'vip' }, OPERATOR)
    await accounts.groups.addMember('vip', 'bob', OPERATOR)
    await accounts.groups.addMember('billing', 'bob', OPERATOR)
    await accounts.storage.commit([
      insert(memberships, { groupName: 'vip', userId: user.id, source: 'other', createdAt: 0 }),
    ])
    accounts.directory.people[0] = bob({ groups: [] })
    await accounts.logIn('bob', SECRET)
    const { rows } = await accounts.storage.find(memberships, { limit: 9 })
    expect(rows.map(({ groupName, source }: AnyRow) => [groupName, source].join(' '))).toEqual([
      `billing ${GRANTED}`,
      `vip ${GRANTED}`,
      'vip other',
    ])
  })

  test('of a source called local leave alone what administrators granted', async () => {
    await using accounts = await openAccounts()
    await accounts.groups.create({ name: 'vip' }, OPERATOR)
    const alice = await accounts.users.create({ username: 'alice', password: PASSWORD, groups: ['vip'] }, OPERATOR)
    await accounts.logIn('alice', PASSWORD)
    expect(await accounts.users.groupsOf(alice.id)).toEqual(['vip'])
  })
})
