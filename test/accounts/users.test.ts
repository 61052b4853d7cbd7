import { describe, expect, test } from 'bun:test'
import { insert } from '#plugin'
import { identityTokens } from '../../src/core/session/records.ts'
import { repository } from '../../src/core/storage/repository.ts'
import { credentials, memberships, users as userRecords } from '../../src/core/users/records.ts'
import { openAccounts, OPERATOR, OTHER_PASSWORD, PASSWORD, refusal } from '../harness/core-accounts.ts'

type Accounts = Awaited<ReturnType<typeof openAccounts>>

/** An identity token of this user, as a session would have made it. */
async function giveToken({ storage, clock }: Accounts, userId: string, slot = 0): Promise<void> {
  const validUntil = clock.now + 1_000_000
  const times = { createdAt: clock.now, validUntil, lastUsedAt: clock.now }
  const row = {
    id: `t_${userId}_${slot}`,
    userId,
    slot,
    vhost: 'prod',
    broker: 'b',
    ip: null,
    algorithm: 'ES256',
    ...times,
  }
  expect(await storage.commit([insert(identityTokens, row)])).toMatchObject({ ok: true })
}

async function tokensOf({ storage }: Accounts, userId: string): Promise<number> {
  const by = ['userId', 'slot'] as const
  return (await repository(storage, identityTokens).find({ by, equals: { userId }, limit: 100 })).rows.length
}

describe('creating a user', () => {
  test('with a password gives an activated record that can log in', async () => {
    await using accounts = await openAccounts()
    const alice = await accounts.users.create(
      { username: 'Alice', email: 'Alice@Example.com', password: PASSWORD },
      OPERATOR,
    )
    expect(alice).toMatchObject({
      username: 'Alice',
      usernameKey: 'alice',
      email: 'Alice@Example.com',
      emailKey: 'alice@example.com',
      activated: true,
      disabled: false,
      technicalUser: false,
      source: 'local',
      externalId: alice.id,
    })
    expect((await accounts.logIn('alice', PASSWORD)).user.id).toBe(alice.id)
  })

  test('without a password gives one that cannot log in before a password was set', async () => {
    await using accounts = await openAccounts()
    const bob = await accounts.users.create({ username: 'bob' }, OPERATOR)
    expect(bob.activated).toBe(false)
    expect((await refusal(accounts.logIn('bob', PASSWORD))).code).toBe('invalid_credentials')
    await accounts.users.setPassword(bob.id, PASSWORD, OPERATOR)
    expect((await accounts.logIn('bob', PASSWORD)).user).toMatchObject({ id: bob.id, activated: true })
  })

  test('keeps what else was said of it', async () => {
    await using accounts = await openAccounts()
    await accounts.groups.create({ name: 'billing', roles: ['auditor'] }, OPERATOR)
    const given = { displayName: 'Robot', technicalUser: true, roles: ['reader'], claims: { locale: 'de' } }
    const robot = await accounts.users.create({ username: 'robot', groups: ['billing'], ...given }, OPERATOR)
    expect(await accounts.users.get('robot')).toMatchObject({ id: robot.id, ...given })
    const subject = await accounts.users.subject(robot)
    expect(subject).toEqual({ kind: 'user', user: robot, groups: ['billing'], roles: ['auditor', 'reader'] })
  })

  test('of one name fifty times at once makes exactly one, and tells the others why', async () => {
    await using accounts = await openAccounts()
    const spellings = Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? 'carol' : 'CAROL'))
    const made = await Promise.allSettled(spellings.map((username) => accounts.users.create({ username }, OPERATOR)))
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    const codes = made.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))
    expect(new Set(codes)).toEqual(new Set(['conflict']))
    expect((await accounts.users.list({ limit: 100 })).rows).toHaveLength(1)
  })

  test('of one mail address twice at once makes exactly one', async () => {
    await using accounts = await openAccounts()
    const create = (username: string) => accounts.users.create({ username, email: 'x@example.com' }, OPERATOR)
    const made = await Promise.allSettled([create('dave'), create('erin')])
    expect(made.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
  })

  test('names every fault at once, by its path', async () => {
    await using accounts = await openAccounts()
    const input = {
      username: 'no spaces',
      email: 'nobody',
      displayName: 'two\nlines',
      roles: ['ok', ''],
      claims: { a: 'x'.repeat(20_000) },
    }
    const { code, faults } = await refusal(accounts.users.create(input, OPERATOR))
    expect(code).toBe('invalid_request')
    expect(faults?.map(({ path }) => path)).toEqual(['/displayName', '/roles/1', '/claims', '/username', '/email'])
  })

  test('in a group that does not exist is refused and makes nothing', async () => {
    await using accounts = await openAccounts()
    const refused = await refusal(accounts.users.create({ username: 'frank', groups: ['nowhere'] }, OPERATOR))
    expect(refused.faults).toEqual([{ path: '/groups/0', message: 'There is no such group' }])
    expect(await accounts.users.get('frank')).toBeUndefined()
  })

  test.each(['a\0b', 'a\u0007b', '', 'x'.repeat(191), '\u200B', 'ab\u2028c', '\uD800'])(
    'refuses the name %j',
    async (username) => {
      await using accounts = await openAccounts({
        settings: { patterns: { username: '.*', email: '.*', group: '.*', password: '.*' } },
      })
      expect((await refusal(accounts.users.create({ username }, OPERATOR))).faults?.[0]?.path).toBe('/username')
    },
  )

  test('is not possible when no login source keeps passwords here', async () => {
    await using accounts = await openAccounts()
    accounts.sourceList.length = 0
    expect((await refusal(accounts.users.create({ username: 'gina' }, OPERATOR))).code).toBe('conflict')
  })
})

describe('finding users', () => {
  test('by id, by name and by mail, without regard to case and width', async () => {
    await using accounts = await openAccounts()
    const alice = await accounts.users.create({ username: 'alice', email: 'alice@example.com' }, OPERATOR)
    for (const spelling of [alice.id, 'alice', 'ALICE', 'ａｌｉｃｅ', 'Alice@EXAMPLE.com']) {
      expect((await accounts.users.get(spelling))?.id).toBe(alice.id)
    }
    for (const nobody of ['', 'bob', 'alice\0', 'x'.repeat(100_000), '\uD800']) {
      expect(await accounts.users.get(nobody)).toBeUndefined()
    }
  })

  test('list() pages through all of them in the order of their names, or those with a prefix', async () => {
    await using accounts = await openAccounts()
    for (const username of ['Bob', 'alice', 'albert', 'carol']) await accounts.users.create({ username }, OPERATOR)
    const first = await accounts.users.list({ limit: 3 })
    const second = await accounts.users.list({ limit: 3, ...(first.next !== undefined && { after: first.next }) })
    expect([...first.rows, ...second.rows].map(({ username }) => username)).toEqual(['albert', 'alice', 'Bob', 'carol'])
    expect((await accounts.users.list({ limit: 9, prefix: 'AL' })).rows.map(({ username }) => username)).toEqual([
      'albert',
      'alice',
    ])
  })
})

describe('changing a user', () => {
  test('renames and keeps identity, password and memberships', async () => {
    await using accounts = await openAccounts()
    const { id } = await accounts.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
    await accounts.groups.create({ name: 'billing' }, OPERATOR)
    await accounts.groups.addMember('billing', 'alice', OPERATOR)
    await accounts.users.update(id, { username: 'alicia', email: 'alicia@example.com' }, OPERATOR)
    expect((await accounts.logIn('alicia', PASSWORD)).user).toMatchObject({ id, email: 'alicia@example.com' })
    expect(await accounts.users.groupsOf(id)).toEqual(['billing'])
    expect((await refusal(accounts.logIn('alice', PASSWORD))).code).toBe('invalid_credentials')
  })

  test('to a name or mail that somebody else has is a conflict', async () => {
    await using accounts = await openAccounts()
    await accounts.users.create({ username: 'alice', email: 'alice@example.com' }, OPERATOR)
    const { id } = await accounts.users.create({ username: 'bob' }, OPERATOR)
    expect((await refusal(accounts.users.update(id, { username: 'ALICE' }, OPERATOR))).code).toBe('conflict')
    expect((await refusal(accounts.users.update(id, { email: 'Alice@example.com' }, OPERATOR))).code).toBe('conflict')
    expect(await accounts.users.update(id, { username: 'BOB' }, OPERATOR)).toMatchObject({ id, username: 'BOB' })
  })

  test('in several ways at once loses none of the changes', async () => {
    await using accounts = await openAccounts()
    const { id } = await accounts.users.create({ username: 'alice' }, OPERATOR)
    const changes = [
      { displayName: 'Alice' },
      { technicalUser: true },
      { roles: ['a'] },
      { claims: { b: 1 } },
      { email: 'a@b.c' },
    ]
    await Promise.all(changes.map((change) => accounts.users.update(id, change, OPERATOR)))
    expect(await accounts.users.get(id)).toMatchObject(Object.assign({}, ...changes))
  })

  test('removes the mail with null', async () => {
    await using accounts = await openAccounts()
    const { id } = await accounts.users.create({ username: 'alice', email: 'alice@example.com' }, OPERATOR)
    expect(await accounts.users.update(id, { email: null }, OPERATOR)).toMatchObject({ email: null, emailKey: null })
  })

  test('that does not exist is not_found', async () => {
    await using accounts = await openAccounts()
    const calls = [
      accounts.users.update('u_none', { disabled: true }, OPERATOR),
      accounts.users.delete('u_none', OPERATOR),
      accounts.users.setPassword('u_none', PASSWORD, OPERATOR),
      accounts.users.changePassword('u_none', PASSWORD, OTHER_PASSWORD, OPERATOR),
    ]
    for (const call of calls) expect((await refusal(call)).code).toBe('not_found')
  })

  test('by disabling or deactivating ends the identity tokens, by other changes does not', async () => {
    await using accounts = await openAccounts()
    const { id } = await accounts.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
    await giveToken(accounts, id)
    await accounts.users.update(id, { displayName: 'Alice' }, OPERATOR)
    expect(await tokensOf(accounts, id)).toBe(1)
    await accounts.users.update(id, { disabled: true }, OPERATOR)
    expect(await tokensOf(accounts, id)).toBe(0)
    await accounts.users.update(id, { disabled: false }, OPERATOR)
    await giveToken(accounts, id)
    await accounts.users.update(id, { activated: false }, OPERATOR)
    expect(await tokensOf(accounts, id)).toBe(0)
  })
})

describe('deleting a user', () => {
  test('removes memberships, secret and identity tokens with the record', async () => {
    await using accounts = await openAccounts()
    await accounts.groups.create({ name: 'billing' }, OPERATOR)
    const { id } = await accounts.users.create({ username: 'alice', password: PASSWORD, groups: ['billing'] }, OPERATOR)
    await giveToken(accounts, id)
    await accounts.users.delete(id, OPERATOR)
    expect(await accounts.users.get('alice')).toBeUndefined()
    for (const collection of [userRecords, credentials, memberships, identityTokens]) {
      expect(await accounts.storage.find(collection, { limit: 10 })).toEqual({ rows: [] })
    }
    expect((await refusal(accounts.logIn('alice', PASSWORD))).code).toBe('invalid_credentials')
  })
})
