/** Passkeys, as second factor and as the only one, with an authenticator in software. */
import { expect, test } from 'bun:test'
import { passkeyChallenges } from '../../src/core/factors/records.ts'
import { type Behaviour, createSoftwarePasskey } from '../harness/authenticator.ts'
import { testDirectory } from '../harness/core-accounts.ts'
import { CALLER, openFactors } from '../harness/core-factors.ts'

const HERE: Behaviour = { origin: 'https://login.example', rpId: 'login.example' }
const passkey = (response: unknown) => ({ method: 'passkey', response }) as const

async function withPasskey(behaviour: Behaviour = HERE) {
  const at = await openFactors()
  const key = createSoftwarePasskey()
  const added = await at.factors.addPasskey(
    at.alice,
    key.create(await at.factors.passkeyCreation(at.alice), behaviour),
    'Laptop',
    CALLER,
  )
  const sign = async (how: Partial<Behaviour> = {}) =>
    key.get(await at.factors.passkeyOptions(at.alice), { ...behaviour, ...how })
  const signAlone = async (how: Partial<Behaviour> = {}) =>
    key.get(await at.factors.passkeyOptions(undefined), { ...behaviour, ...how })
  return { ...at, key, added, sign, signAlone }
}

test('a passkey is added and proves its owner; amr says what kind it is', async () => {
  await using at = await withPasskey()
  expect(at.added).toEqual({ ok: true, amr: ['hwk'] })
  expect(await at.factors.next(at.alice, { groups: async () => [] })).toEqual({ step: 'verify', methods: ['passkey'] })
  expect(await at.factors.verify(at.alice, passkey(await at.sign()), CALLER)).toEqual({
    ok: true,
    amr: ['hwk', 'user'],
  })
  const without = await at.sign({ userVerified: false })
  expect(await at.factors.verify(at.alice, passkey(without), CALLER)).toEqual({ ok: true, amr: ['hwk'] })
  const [listed] = await at.factors.list(at.alice)
  expect(listed).toMatchObject({ method: 'passkey', name: 'Laptop', lastUsedAt: at.clock.now })
})

test('a synchronised passkey is software', async () => {
  await using at = await withPasskey({ ...HERE, synced: true })
  expect(await at.factors.verify(at.alice, passkey(await at.sign()), CALLER)).toEqual({
    ok: true,
    amr: ['swk', 'user'],
  })
})

test('an answer works once, also when it is sent twice at the same time', async () => {
  await using at = await withPasskey()
  const answer = passkey(await at.sign())
  const both = await Promise.all([1, 2].map(() => at.factors.verify(at.alice, answer, CALLER)))
  expect(both.filter(({ ok }) => ok)).toHaveLength(1)
})

test.each<[string, Partial<Behaviour>]>([
  ['another origin', { origin: 'https://login.example.evil' }],
  ['another relying party', { rpId: 'evil.example' }],
  ['a counter that went back', { counter: 0 }],
])('an answer with %s is refused', async (_, how) => {
  await using at = await withPasskey()
  expect(await at.factors.verify(at.alice, passkey(await at.sign()), CALLER)).toMatchObject({ ok: true })
  expect(await at.factors.verify(at.alice, passkey(await at.sign(how)), CALLER)).toMatchObject({ ok: false })
})

test('answers to a challenge of another kind, of another user, too old or not ours are refused', async () => {
  await using at = await withPasskey()
  const bob = await at.users.create({ username: 'bob', password: 'correct horse battery' }, CALLER)
  const tried = async (response: unknown) => (await at.factors.verify(at.alice, passkey(response), CALLER)).ok
  expect(await tried(await at.signAlone())).toBe(false)
  expect(await tried(at.key.get(await at.factors.passkeyCreation(at.alice), HERE))).toBe(false)
  expect(await tried(at.key.get(await at.factors.passkeyOptions(bob), HERE))).toBe(false)
  expect(await tried(at.key.get({ challenge: 'bm90IG91cnM' }, HERE))).toBe(false)
  const late = await at.sign()
  at.clock.now += 6 * 60_000
  expect(await tried(late)).toBe(false)
  expect(await at.storage.deleteExpired(passkeyChallenges, at.clock.now, 100)).toBeGreaterThan(0)
})

test('the passkey of one user does not prove another', async () => {
  await using at = await withPasskey()
  const bob = await at.users.create({ username: 'bob', password: 'correct horse battery' }, CALLER)
  const key = createSoftwarePasskey()
  await at.factors.addPasskey(bob, key.create(await at.factors.passkeyCreation(bob), HERE), '', CALLER)
  const answer = key.get(await at.factors.passkeyOptions(at.alice), HERE)
  expect(await at.factors.verify(at.alice, passkey(answer), CALLER)).toMatchObject({ ok: false })
})

test.each([[null], ['text'], [{}], [{ id: 'x', rawId: 'x', type: 'public-key', response: {} }]])(
  '%j is no answer of a passkey',
  async (response) => {
    await using at = await withPasskey()
    expect(await at.factors.verify(at.alice, passkey(response), CALLER)).toMatchObject({ ok: false })
    expect(await at.factors.addPasskey(at.alice, response, '', CALLER)).toMatchObject({ ok: false })
    expect(await at.factors.passkeyLogin(response, CALLER)).toEqual({ ok: false })
  },
)

test('certificates of an authenticator are refused unread', async () => {
  await using at = await openFactors()
  const key = createSoftwarePasskey()
  const options = await at.factors.passkeyCreation(at.alice)
  const certified = key.create(options, { ...HERE, certificates: [new Uint8Array(64)] })
  expect(await at.factors.addPasskey(at.alice, certified, '', CALLER)).toMatchObject({ ok: false })
})

test('a passkey alone logs in, as two factors, when it checked the person', async () => {
  await using at = await withPasskey()
  expect(await at.factors.passkeyLogin(await at.signAlone(), CALLER)).toMatchObject({
    ok: true,
    user: { username: 'alice' },
    amr: ['hwk', 'user', 'mfa'],
    authTime: at.clock.now,
  })
  expect(await at.factors.passkeyLogin(await at.signAlone({ userVerified: false }), CALLER)).toEqual({ ok: false })
  expect(await at.factors.passkeyLogin(await at.sign(), CALLER)).toEqual({ ok: false })
})

test('who is disabled does not log in with a passkey, and no passkey survives its owner', async () => {
  await using at = await withPasskey()
  await at.users.update(at.alice.id, { disabled: true }, CALLER)
  expect(await at.factors.passkeyLogin(await at.signAlone(), CALLER)).toEqual({ ok: false })
  await at.users.delete(at.alice.id, CALLER)
  expect(await at.factors.list(at.alice)).toEqual([])
})

test('a passkey logs in nobody whom their directory no longer knows, and nobody at all where it must not stand alone', async () => {
  const person = { externalId: 'c-1', username: 'carol', password: 'correct horse battery', groups: [] }
  const people = [person]
  const directory = testDirectory(people)
  const settings = { factors: { demandGroups: [], rpId: 'login.example', passwordless: true } }
  await using at = await openFactors({ settings, sources: [{ id: 'corp', source: directory.source, provision: true }] })
  const { user } = await at.logIn('carol', person.password)
  const key = createSoftwarePasskey()
  await at.factors.addPasskey(user, key.create(await at.factors.passkeyCreation(user), HERE), '', CALLER)
  const alone = async () => at.factors.passkeyLogin(key.get(await at.factors.passkeyOptions(undefined), HERE), CALLER)
  expect(await alone()).toMatchObject({ ok: true, user: { username: 'carol' } })
  settings.factors.passwordless = false
  expect(await alone()).toEqual({ ok: false })
  settings.factors.passwordless = true
  people.length = 0
  expect(await alone()).toEqual({ ok: false })
})

test('a passkey made for another domain cannot be asked for, and nobody comes in without it', async () => {
  await using at = await withPasskey()
  await using moved = await openFactors({
    storage: at.storage,
    settings: { factors: { demandGroups: [], rpId: 'new.example', passwordless: true } },
    existing: true,
  })
  expect(await moved.factors.list(at.alice)).toMatchObject([{ method: 'passkey' }])
  expect(await moved.factors.next(at.alice, { groups: async () => [] })).toEqual({ step: 'verify', methods: [] })
})
