/** Guesses at second factors are counted before they are looked at, together over all factors and all networks. */
import { expect, test } from 'bun:test'
import type { Proof } from '../../src/core/factors/factors.ts'
import { refusal } from '../harness/core-accounts.ts'
import { CALLER, codeOf, openFactors, wrong } from '../harness/core-factors.ts'

const PASSWORD = 'correct horse battery'

async function everyFactor() {
  const at = await openFactors()
  const app = await at.withApp()
  const mail = await at.factors.enrolMail(at.alice, CALLER)
  await at.factors.confirmMail(at.alice, mail.handle, await at.mailedCode(), CALLER)
  await at.factors.newRecoveryCodes(at.alice, CALLER)
  const { handle } = await at.factors.challengeMail(at.alice, CALLER)
  const proofs: readonly Proof[] = [
    { method: 'otp', code: wrong(codeOf(app, at.clock.now)) },
    { method: 'email', handle, code: wrong(await at.mailedCode()) },
    { method: 'recovery_code', code: 'aaaa-aaaa-aaaa-aaaa' },
    { method: 'passkey', response: {} },
  ]
  const guess = (proof: Proof, ip: string) => at.factors.verify(at.alice, proof, { ...CALLER, ip })
  /** Guesses that were looked at. */
  const evaluated = async () => {
    const events = await at.events({ target: 'user:alice', event: 'factor.verified' })
    return events.filter(({ detail }) => detail['reason'] === undefined).length
  }
  return { ...at, app, proofs, guess, evaluated }
}

test.each(['otp', 'email', 'recovery_code', 'passkey'] as const)(
  'of 200 parallel guesses at a %s from 200 networks no more than the limit are looked at',
  async (method) => {
    await using at = await everyFactor()
    const proof = at.proofs.find((each) => each.method === method)
    if (!proof) throw new Error('Expected a proof of every kind')
    const guesses = Array.from({ length: 200 }, (_, n) => at.guess(proof, `10.0.${n}.1`))
    const outcomes = await Promise.allSettled(guesses)
    const looked = outcomes.filter(({ status }) => status === 'fulfilled').length
    expect(looked).toBeGreaterThan(0)
    expect(looked).toBeLessThanOrEqual(at.settings().throttle.freeAttempts + 1)
    expect(await at.evaluated()).toBe(looked)
  },
)

test('guesses at different factors add up, and a right password does not forget them', async () => {
  await using at = await everyFactor()
  for (let round = 0; round < 2; round += 1)
    for (const proof of at.proofs.slice(0, 3)) {
      expect(await at.guess(proof, '10.0.0.1')).toMatchObject({ ok: false })
      await at.logIn('alice', PASSWORD)
    }
  const right = { method: 'otp', code: codeOf(at.app, at.clock.now) } as const
  expect(await refusal(at.guess(right, '10.9.9.9'))).toMatchObject({ code: 'too_many_attempts' })
  await at.logIn('alice', PASSWORD)
  at.clock.now += 60_000
  expect(await at.guess({ method: 'otp', code: codeOf(at.app, at.clock.now) }, '10.9.9.9')).toMatchObject({ ok: true })
})

test('guesses at one user’s factors hold up nobody else', async () => {
  await using at = await everyFactor()
  const bob = await at.users.create({ username: 'bob', password: PASSWORD }, CALLER)
  const app = await at.withApp(bob)
  const [proof] = at.proofs
  if (!proof) throw new Error('Expected a proof')
  await Promise.allSettled(Array.from({ length: 20 }, () => at.guess(proof, '10.0.0.1')))
  const right = { method: 'otp', code: codeOf(app, at.clock.now) } as const
  expect(await at.factors.verify(bob, right, { ...CALLER, ip: '10.0.0.1' })).toMatchObject({ ok: true })
})
