/** Authenticator apps: what counts, once, within its step, and what is stored of it. */
import { expect, test } from 'bun:test'
import { totpFactors } from '../../src/core/factors/records.ts'
import { appOf, CALLER, codeOf, openFactors, wrong } from '../harness/core-factors.ts'

const otp = (code: string) => ({ method: 'otp', code }) as const

test('an authenticator counts once its code was shown, and not before', async () => {
  await using at = await openFactors()
  const { id, uri, secret } = await at.factors.enrolTotp(at.alice)
  expect(await at.factors.next(at.alice, { groups: async () => [] })).toEqual({ step: 'none', methods: [] })
  const app = appOf(uri)
  expect(app.secret.base32).toBe(secret)
  expect(app.issuer).toBe('login.example')
  const code = codeOf(app, at.clock.now)
  expect(await at.factors.verify(at.alice, otp(code), CALLER)).toMatchObject({ ok: false })
  expect(await at.factors.confirmTotp(at.alice, { id, code: wrong(code) }, CALLER)).toBe(false)
  expect(await at.factors.confirmTotp(at.alice, { id, code, name: 'Telephone' }, CALLER)).toBe(true)
  expect(await at.factors.next(at.alice, { groups: async () => [] })).toEqual({ step: 'verify', methods: ['otp'] })
  expect(await at.factors.list(at.alice)).toMatchObject([{ method: 'otp', name: 'Telephone', lastUsedAt: null }])
})

test('the code that confirmed an authenticator does not log in', async () => {
  await using at = await openFactors()
  const { id, uri } = await at.factors.enrolTotp(at.alice)
  const code = codeOf(appOf(uri), at.clock.now)
  await at.factors.confirmTotp(at.alice, { id, code, name: 'Telephone' }, CALLER)
  expect(await at.factors.verify(at.alice, otp(code), CALLER)).toMatchObject({ ok: false })
})

test('a code works once, also when it is shown twice at the same time', async () => {
  await using at = await openFactors()
  const code = codeOf(await at.withApp(), at.clock.now)
  const both = await Promise.all([
    at.factors.verify(at.alice, otp(code), CALLER),
    at.factors.verify(at.alice, otp(code), CALLER),
  ])
  expect(both.filter(({ ok }) => ok)).toEqual([{ ok: true, amr: ['otp'] }])
  expect(await at.factors.verify(at.alice, otp(code), CALLER)).toMatchObject({ ok: false })
})

test('a code works one step early and one step late, not two; and none older than the last one taken', async () => {
  await using at = await openFactors()
  const app = await at.withApp()
  const start = (at.clock.now += 10 * 30_000)
  const tried = async (steps: number) =>
    (await at.factors.verify(at.alice, otp(codeOf(app, start + steps * 30_000)), CALLER)).ok
  expect([await tried(-2), await tried(2), await tried(-1), await tried(1), await tried(0)]).toEqual([
    false,
    false,
    true,
    true,
    false,
  ])
})

test('codes are typed with blanks; letters, other lengths and other digits are wrong', async () => {
  await using at = await openFactors({
    settings: { throttle: { freeAttempts: 50, firstDelay: 1, maxDelay: 1, forgetAfter: 1, networkAttempts: 200 } },
  })
  const code = codeOf(await at.withApp(), at.clock.now)
  for (const bad of ['', '12345', `${code}0`, 'abcdef', '１２３４５６', `${code}\0`])
    expect(await at.factors.verify(at.alice, otp(bad), CALLER)).toMatchObject({ ok: false })
  expect(await at.factors.verify(at.alice, otp(`${code.slice(0, 3)} ${code.slice(3)}`), CALLER)).toMatchObject({
    ok: true,
  })
})

test('somebody else’s code, and the code of a removed authenticator, are wrong', async () => {
  await using at = await openFactors()
  const bob = await at.users.create({ username: 'bob', password: 'correct horse battery' }, CALLER)
  const app = await at.withApp()
  await at.withApp(bob)
  expect(await at.factors.verify(bob, otp(codeOf(app, at.clock.now)), CALLER)).toMatchObject({ ok: false })
  const [factor] = await at.factors.list(at.alice)
  expect(await at.factors.remove(bob, factor?.id ?? '', CALLER)).toBe(false)
  expect(await at.factors.remove(at.alice, factor?.id ?? '', CALLER)).toBe(true)
  expect(await at.factors.verify(at.alice, otp(codeOf(app, at.clock.now)), CALLER)).toMatchObject({ ok: false })
})

test('the secret is not in the store', async () => {
  await using at = await openFactors()
  const { secret } = await at.factors.enrolTotp(at.alice)
  const { rows } = await at.storage.find(totpFactors, { limit: 10 })
  expect(rows).toHaveLength(1)
  expect(JSON.stringify(rows)).not.toContain(secret)
})

test('an enrolment that nobody finishes in time cannot be finished', async () => {
  await using at = await openFactors()
  const { id, uri } = await at.factors.enrolTotp(at.alice)
  at.clock.now += 16 * 60_000
  expect(await at.factors.confirmTotp(at.alice, { id, code: codeOf(appOf(uri), at.clock.now) }, CALLER)).toBe(false)
  expect(await at.storage.deleteExpired(totpFactors, at.clock.now, 10)).toBe(1)
})

test('adding and using are in the audit trail, wrong codes as refused', async () => {
  await using at = await openFactors()
  const app = await at.withApp()
  await at.factors.verify(at.alice, otp(wrong(codeOf(app, at.clock.now))), CALLER)
  await at.factors.verify(at.alice, otp(codeOf(app, at.clock.now)), CALLER)
  const events = await at.events({ target: 'user:alice' })
  expect(events.map(({ event, outcome }) => `${event} ${outcome}`)).toEqual([
    'user.created ok',
    'factor.added ok',
    'factor.verified refused',
    'factor.verified ok',
  ])
})
