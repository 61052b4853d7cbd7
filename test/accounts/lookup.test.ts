/** One source proves people, another one knows them. */
import { expect, test } from 'bun:test'
import type { LoginSource, Verdict } from '#plugin'
import { withLookup } from '../../src/core/login/lookup.ts'
import { openAccounts, PASSWORD, type Person, refusal, STRANGER, testDirectory } from '../harness/core-accounts.ts'

const alice = (more: Partial<Person> = {}): Person => ({
  externalId: 'alice@TEST.LOCAL',
  username: 'alice',
  password: PASSWORD,
  groups: [],
  ...more,
})

async function openWith(known: Verdict) {
  const realm = testDirectory([alice()])
  const negotiate: LoginSource['negotiate'] = {
    step: async () => ({
      verdict: { ok: true, identity: { ...alice(), amr: ['kerberos'] } },
      reply: new Uint8Array([1]),
    }),
  }
  const directory = { answer: known, asked: [] as string[] }
  const lookup: NonNullable<LoginSource['lookup']> = async ({ username }) => {
    directory.asked.push(username)
    return directory.answer
  }
  const source = withLookup({ ...realm.source, negotiate }, lookup)
  const later = testDirectory([alice({ externalId: 'somebody else' })])
  const accounts = await openAccounts({
    sources: [
      { id: 'realm', source, provision: true },
      { id: 'later', source: later.source, provision: true },
    ],
  })
  return Object.assign(accounts, { directory, later })
}

const IN_DIRECTORY: Verdict = {
  ok: true,
  identity: {
    externalId: 'uuid-1',
    username: 'Alice',
    groups: ['billing'],
    email: 'alice@corp.example',
    displayName: 'Alice Example',
  },
}

test('groups, mail and name are those of the directory, who it is stays what was proven', async () => {
  await using accounts = await openWith(IN_DIRECTORY)
  const { user } = await accounts.logIn('alice', PASSWORD)
  expect(user).toMatchObject({ source: 'realm', externalId: 'alice@TEST.LOCAL', username: 'alice' })
  expect(user).toMatchObject({ email: 'alice@corp.example', displayName: 'Alice Example' })
  expect((await accounts.groups.members('billing', { limit: 9 })).rows).toMatchObject([{ username: 'alice' }])
  const { authentication, reply } = await accounts.login.withNegotiate(new Uint8Array([7]), STRANGER)
  expect(authentication).toMatchObject({ user: { id: user.id }, amr: ['kerberos'] })
  expect(reply).toEqual(new Uint8Array([1]))
  expect(accounts.directory.asked).toEqual(['alice', 'alice'])
})

test.each<[string, Verdict, string]>([
  ['knows nobody of the name', { ok: false, why: 'credentials' }, 'not-allowed'],
  ['finds somebody else', { ok: true, identity: { ...alice(), username: 'boss', groups: [] } }, 'not-allowed'],
  ['does not let in', { ok: false, why: 'disabled' }, 'disabled'],
])('whom the directory %s is refused, and no other source is asked', async (_, known, reason) => {
  await using accounts = await openWith(known)
  expect((await refusal(accounts.logIn('alice', PASSWORD))).code).toBe('invalid_credentials')
  const token = new Uint8Array([7])
  expect((await refusal(accounts.login.withNegotiate(token, STRANGER))).code).toBe('invalid_credentials')
  const events = await accounts.events({ event: 'login' })
  expect(events.map(({ detail }) => detail?.['reason'])).toEqual([reason, reason])
  expect(accounts.later.asked).toEqual([])
})

test('while the directory is down nobody is let in, and nothing is counted', async () => {
  await using accounts = await openWith({ ok: false, why: 'unavailable' })
  accounts.sourceList.pop()
  expect((await refusal(accounts.logIn('alice', PASSWORD))).code).toBe('unavailable')
  expect(await accounts.throttle.status('alice')).toEqual([])
})

test('a wrong password is not looked up', async () => {
  await using accounts = await openWith(IN_DIRECTORY)
  expect((await refusal(accounts.logIn('alice', 'wrong password'))).code).toBe('invalid_credentials')
  expect(accounts.directory.asked).toEqual([])
})

test('a session goes on with the groups of the directory, and ends with it', async () => {
  await using accounts = await openWith(IN_DIRECTORY)
  const { user } = await accounts.logIn('alice', PASSWORD)
  accounts.directory.answer = { ok: true, identity: { ...alice(), groups: ['shipping'] } }
  await accounts.login.recheck(user, STRANGER)
  expect((await accounts.groups.members('billing', { limit: 9 })).rows).toEqual([])
  accounts.directory.answer = { ok: false, why: 'credentials' }
  expect((await refusal(accounts.login.recheck(user, STRANGER))).code).toBe('invalid_token')
})
