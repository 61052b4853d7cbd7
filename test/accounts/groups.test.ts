import { describe, expect, test } from 'bun:test'
import { insert } from '#plugin'
import { memberships } from '../../src/core/users/records.ts'
import { openAccounts, OPERATOR, PASSWORD, refusal } from '../harness/core-accounts.ts'

describe('groups', () => {
  test('are created, found, listed, changed and deleted', async () => {
    await using accounts = await openAccounts()
    const { groups } = accounts
    await groups.create({ name: 'billing', description: 'Invoices', roles: ['auditor', 'auditor'] }, OPERATOR)
    await groups.create({ name: 'backend' }, OPERATOR)
    await groups.create({ name: 'admin' }, OPERATOR)
    expect(await groups.get('billing')).toMatchObject({ name: 'billing', description: 'Invoices', roles: ['auditor'] })
    expect((await groups.list({ limit: 9, prefix: 'b' })).rows.map(({ name }) => name)).toEqual(['backend', 'billing'])
    const first = await groups.list({ limit: 2 })
    expect((await groups.list({ limit: 2, after: first.next ?? '' })).rows.map(({ name }) => name)).toEqual(['billing'])
    expect(await groups.update('billing', { description: 'Money' }, OPERATOR)).toMatchObject({
      description: 'Money',
      roles: ['auditor'],
    })
    expect(await groups.update('billing', { roles: [] }, OPERATOR)).toMatchObject({ description: 'Money', roles: [] })
    await groups.delete('billing', OPERATOR)
    expect(await groups.get('billing')).toBeUndefined()
    expect((await accounts.events({ target: 'group:billing' })).map(({ event }) => event)).toEqual([
      'group.created',
      'group.changed',
      'group.changed',
      'group.deleted',
    ])
  })

  test('of one name made twenty times at once are one', async () => {
    await using accounts = await openAccounts()
    const made = await Promise.allSettled(
      Array.from({ length: 20 }, () => accounts.groups.create({ name: 'billing' }, OPERATOR)),
    )
    expect(made.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(made.flatMap((one) => (one.status === 'rejected' ? [one.reason.code] : []))).toEqual(
      Array(19).fill('conflict'),
    )
  })

  test('have names by the pattern, and every fault is named', async () => {
    await using accounts = await openAccounts()
    const input = { name: 'no spaces', description: 'two\nlines', roles: Array<string>(1_001).fill('x') }
    const { faults } = await refusal(accounts.groups.create(input, OPERATOR))
    expect(faults?.map(({ path }) => path)).toEqual(['/name', '/description', '/roles'])
    await accounts.groups.create({ name: 'billing' }, OPERATOR)
    const change = { description: 'a\0', roles: ['\n'] }
    expect((await refusal(accounts.groups.update('billing', change, OPERATOR))).faults).toHaveLength(2)
  })

  test('that do not exist are not_found in every method', async () => {
    await using accounts = await openAccounts()
    const { groups, users } = accounts
    await users.create({ username: 'alice' }, OPERATOR)
    for (const name of ['nowhere', 'no\0where']) {
      const calls = [
        groups.update(name, { description: '' }, OPERATOR),
        groups.members(name, { limit: 5 }),
        groups.addMember(name, 'alice', OPERATOR),
        groups.removeMember(name, 'alice', OPERATOR),
      ]
      for (const call of calls) expect((await refusal(call)).code).toBe('not_found')
    }
    expect((await refusal(groups.delete('nowhere', OPERATOR))).code).toBe('not_found')
  })
})

describe('members', () => {
  test('are added once, listed and removed, by name in any spelling', async () => {
    await using accounts = await openAccounts()
    const { groups, users } = accounts
    await groups.create({ name: 'billing', roles: ['auditor'] }, OPERATOR)
    const alice = await users.create({ username: 'alice' }, OPERATOR)
    await groups.addMember('billing', 'Alice', OPERATOR)
    await groups.addMember('billing', 'alice', OPERATOR)
    expect((await groups.members('billing', { limit: 5 })).rows).toEqual([alice])
    expect((await users.subject(alice)).roles).toEqual(['auditor'])
    await groups.removeMember('billing', 'ALICE', OPERATOR)
    expect((await groups.members('billing', { limit: 5 })).rows).toEqual([])
    expect((await refusal(groups.removeMember('billing', 'alice', OPERATOR))).code).toBe('not_found')
    expect((await refusal(groups.addMember('billing', 'nobody', OPERATOR))).code).toBe('not_found')
    const changes = (await accounts.events({ target: 'group:billing' })).map(({ event }) => event)
    expect(changes).toEqual(['group.created', 'group.member-added', 'group.member-removed'])
  })

  test('leave with their group', async () => {
    await using accounts = await openAccounts()
    const { groups, users } = accounts
    await groups.create({ name: 'billing' }, OPERATOR)
    const alice = await users.create({ username: 'alice', groups: ['billing'] }, OPERATOR)
    await groups.delete('billing', OPERATOR)
    expect(await users.groupsOf(alice.id)).toEqual([])
    await groups.create({ name: 'billing' }, OPERATOR)
    expect((await groups.members('billing', { limit: 5 })).rows).toEqual([])
  })

  test('of a group that is deleted at the same moment are not left behind', async () => {
    await using accounts = await openAccounts()
    const { groups, users, storage } = accounts
    await groups.create({ name: 'billing' }, OPERATOR)
    const names = Array.from({ length: 10 }, (_, index) => `user${index}`)
    await Promise.all(names.map((username) => users.create({ username }, OPERATOR)))
    const work = names.map((username) => groups.addMember('billing', username, OPERATOR))
    await Promise.allSettled([...work.slice(0, 5), groups.delete('billing', OPERATOR), ...work.slice(5)])
    expect(await groups.get('billing')).toBeUndefined()
    expect((await storage.find(memberships, { limit: 10 })).rows).toEqual([])
  })

  test('by several words are listed once, also across pages', async () => {
    await using accounts = await openAccounts()
    const { groups, users, storage, clock } = accounts
    await groups.create({ name: 'billing' }, OPERATOR)
    for (const username of ['alice', 'bob', 'carol']) {
      const { id } = await users.create({ username, groups: ['billing'] }, OPERATOR)
      const row = { groupName: 'billing', userId: id, source: 'corp', createdAt: clock.now }
      expect(await storage.commit([insert(memberships, row)])).toMatchObject({ ok: true })
    }
    const seen: string[] = []
    let after: string | undefined
    do {
      const page = await groups.members('billing', { limit: 1, ...(after !== undefined && { after }) })
      seen.push(...page.rows.map(({ username }) => username))
      after = page.next
    } while (after !== undefined)
    expect(seen.toSorted()).toEqual(['alice', 'bob', 'carol'])
  })

  test('whom a login source put there stay until the source says otherwise', async () => {
    await using accounts = await openAccounts()
    const { groups, users, storage } = accounts
    await groups.create({ name: 'billing' }, OPERATOR)
    const { id } = await users.create({ username: 'alice' }, OPERATOR)
    await storage.commit([insert(memberships, { groupName: 'billing', userId: id, source: 'corp', createdAt: 0 })])
    const refused = await refusal(groups.removeMember('billing', 'alice', OPERATOR))
    expect([refused.code, refused.detail.includes('corp')]).toEqual(['conflict', true])
  })
})

describe('administrators', () => {
  test('ensureFirstAdmin() makes one, and only while nobody can administer', async () => {
    await using accounts = await openAccounts()
    const { users } = accounts
    const root = await users.ensureFirstAdmin({ username: 'root', password: PASSWORD }, OPERATOR)
    if (!root) throw new Error('Expected an administrator')
    const subject = await users.subject(root)
    expect([users.isAdmin(subject), (await accounts.logIn('root', PASSWORD)).user.id]).toEqual([true, root.id])
    expect(await users.ensureFirstAdmin({ username: 'second', password: PASSWORD }, OPERATOR)).toBeUndefined()
    expect(await users.get('second')).toBeUndefined()
    const alice = await users.create({ username: 'alice' }, OPERATOR)
    expect(users.isAdmin(await users.subject(alice))).toBe(false)
  })

  test('the last one who can log in cannot be deleted, disabled, deactivated or taken out of the group', async () => {
    await using accounts = await openAccounts()
    const { users, groups } = accounts
    const root = await users.ensureFirstAdmin({ username: 'root', password: PASSWORD }, OPERATOR)
    const id = root?.id ?? ''
    await users.create({ username: 'sleeping', password: PASSWORD, groups: ['admin'], disabled: true }, OPERATOR)
    await users.create({ username: 'unborn', groups: ['admin'] }, OPERATOR)
    const calls = [
      users.delete(id, OPERATOR),
      users.update(id, { disabled: true }, OPERATOR),
      users.update(id, { activated: false }, OPERATOR),
      groups.removeMember('admin', 'root', OPERATOR),
      groups.delete('admin', OPERATOR),
    ]
    for (const call of calls) expect((await refusal(call)).code).toBe('conflict')
    expect(await users.get('root')).toMatchObject({ id, disabled: false, activated: true })
    expect(await users.groupsOf(id)).toEqual(['admin'])
    await users.update(id, { displayName: 'Root' }, OPERATOR)
    await groups.removeMember('admin', 'sleeping', OPERATOR)
    await users.create({ username: 'heir', password: PASSWORD, groups: ['admin'] }, OPERATOR)
    await users.delete(id, OPERATOR)
    expect(await users.get('root')).toBeUndefined()
  })

  test('two who end each other at the same moment leave one', async () => {
    for (const end of ['disable', 'delete', 'leave'] as const) {
      await using accounts = await openAccounts()
      const { users, groups } = accounts
      await users.ensureFirstAdmin({ username: 'one', password: PASSWORD }, OPERATOR)
      await users.create({ username: 'two', password: PASSWORD, groups: ['admin'] }, OPERATOR)
      const outcomes = await Promise.allSettled(
        ['one', 'two'].map(async (username) => {
          const id = (await users.get(username))?.id ?? ''
          if (end === 'disable') await users.update(id, { disabled: true }, OPERATOR)
          if (end === 'delete') await users.delete(id, OPERATOR)
          if (end === 'leave') await groups.removeMember('admin', username, OPERATOR)
        }),
      )
      expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      const { rows } = await groups.members('admin', { limit: 9 })
      expect(rows.filter(({ disabled }) => !disabled)).toHaveLength(1)
    }
  })

  test('one who is an administrator by the word of a directory too may lose the word given here', async () => {
    await using accounts = await openAccounts()
    const { users, groups, storage } = accounts
    const root = await users.ensureFirstAdmin({ username: 'root', password: PASSWORD }, OPERATOR)
    const userId = root?.id ?? ''
    await storage.commit([insert(memberships, { groupName: 'admin', userId, source: 'corp', createdAt: 0 })])
    await groups.removeMember('admin', 'root', OPERATOR)
    expect(await users.groupsOf(userId)).toEqual(['admin'])
  })
})
