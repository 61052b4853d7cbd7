/** Giving users to another login source. */
import { describe, expect, test } from 'bun:test'
import type { Verdict } from '#plugin'
import { openAccounts, OPERATOR, OTHER_PASSWORD, PASSWORD, refusal, testDirectory } from '../harness/core-accounts.ts'

const ALICE = { externalId: 'corp-alice', username: 'Alice', password: 'directory secret', groups: ['staff'] }

/** A user who is managed here and a directory that knows her as well; `finds` if it can be asked by name. */
async function open({ finds = true } = {}) {
  const directory = testDirectory([ALICE])
  const lookup = async ({ username }: { readonly username: string }): Promise<Verdict> => {
    const person = directory.people.find((each) => each.username.toLowerCase() === username.toLowerCase())
    if (!person) return { ok: false, why: 'credentials', detail: 'no such entry' }
    const { password: _secret, ...identity } = person
    return { ok: true, identity }
  }
  const source = finds ? { ...directory.source, lookup } : directory.source
  const accounts = await openAccounts({ sources: [{ id: 'corp', source, provision: true }] })
  const alice = await accounts.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
  return Object.assign(accounts, { directory, alice })
}

describe('a user who is given to a directory', () => {
  test('logs in there from then on, as the same user, and no longer here', async () => {
    await using accounts = await open()
    const { alice, users } = accounts
    expect(await users.move(alice.id, { source: 'corp' }, OPERATOR)).toMatchObject({
      id: alice.id,
      source: 'corp',
      externalId: 'corp-alice',
      passwordChangedAt: null,
    })
    expect((await refusal(accounts.logIn('alice', PASSWORD))).code).toBe('invalid_credentials')
    expect((await accounts.logIn('alice', ALICE.password)).user).toMatchObject({ id: alice.id, username: 'Alice' })
    expect(await users.groupsOf(alice.id)).toEqual(['staff'])
    expect(await accounts.context.credentials.get(alice.id)).toBeUndefined()
    const [change] = (await accounts.events({ event: 'user.changed' })).slice(0, 1)
    expect(change?.detail).toMatchObject({ from: 'local', to: 'corp', externalId: 'corp-alice' })
  })

  test('and back needs a new password and loses what the directory granted', async () => {
    await using accounts = await open()
    const { alice, users } = accounts
    await users.move(alice.id, { source: 'corp' }, OPERATOR)
    await accounts.logIn('alice', ALICE.password)
    const back = await users.move(alice.id, { source: 'local' }, OPERATOR)
    expect(back).toMatchObject({ source: 'local', externalId: alice.id, activated: false })
    expect(await users.groupsOf(alice.id)).toEqual([])
    for (const password of [PASSWORD, ALICE.password]) {
      expect((await refusal(accounts.logIn('alice', password))).code).toBe('invalid_credentials')
    }
    await users.setPassword(alice.id, OTHER_PASSWORD, OPERATOR)
    expect((await accounts.logIn('alice', OTHER_PASSWORD)).user.id).toBe(alice.id)
  })

  test('keeps an administrator’s word, not that of the old directory', async () => {
    await using accounts = await open()
    const { alice, users } = accounts
    await users.update(alice.id, { disabled: true }, OPERATOR)
    expect(await users.move(alice.id, { source: 'corp' }, OPERATOR)).toMatchObject({ disabled: true })
  })
})

describe('refuses', () => {
  test('a source that is not configured', async () => {
    await using accounts = await open()
    const { faults } = await refusal(accounts.users.move(accounts.alice.id, { source: 'crop' }, OPERATOR))
    expect(faults).toEqual([{ path: '/source', message: 'Must be a configured login source: local, corp' }])
  })

  test('a name that the source does not know, or cannot look for', async () => {
    await using accounts = await open()
    accounts.directory.people.length = 0
    const unknown = await refusal(accounts.users.move(accounts.alice.id, { source: 'corp' }, OPERATOR))
    expect([unknown.code, unknown.detail]).toEqual(['conflict', expect.stringContaining('no such entry')])
    await using blind = await open({ finds: false })
    const { detail } = await refusal(blind.users.move(blind.alice.id, { source: 'corp' }, OPERATOR))
    expect(detail).toContain('say the external id')
    const told = { source: 'corp', externalId: 'corp-alice' }
    expect(await blind.users.move(blind.alice.id, told, OPERATOR)).toMatchObject({ externalId: 'corp-alice' })
  })

  test('an external id that somebody has, and one that cannot be stored', async () => {
    await using accounts = await open()
    const { users, alice } = accounts
    await users.move(alice.id, { source: 'corp' }, OPERATOR)
    const bob = await users.create({ username: 'bob', password: PASSWORD }, OPERATOR)
    const held = await refusal(users.move(bob.id, { source: 'corp', externalId: 'corp-alice' }, OPERATOR))
    expect([held.code, held.detail]).toEqual(['conflict', 'corp-alice of login source corp is the user alice already'])
    for (const externalId of ['a\0b', 'x'.repeat(191)]) {
      expect((await refusal(users.move(bob.id, { source: 'corp', externalId }, OPERATOR))).code).toBe('invalid_request')
    }
  })

  test('to leave nobody who can administer', async () => {
    await using accounts = await open()
    const { users, alice } = accounts
    await users.move(alice.id, { source: 'corp' }, OPERATOR)
    await accounts.groups.create({ name: 'admin' }, OPERATOR)
    await accounts.groups.addMember('admin', 'alice', OPERATOR)
    expect((await refusal(users.move(alice.id, { source: 'local' }, OPERATOR))).code).toBe('conflict')
  })

  test('somebody who is not there', async () => {
    await using accounts = await open()
    expect((await refusal(accounts.users.move('u_nobody', { source: 'corp' }, OPERATOR))).code).toBe('not_found')
  })
})
