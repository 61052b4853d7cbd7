/** Who has to show a second factor, and how tokens tell it. */
import { expect, test } from 'bun:test'
import { acrOf, satisfies, withSecondFactor } from '../../src/core/factors/acr.ts'
import { refusal } from '../harness/core-accounts.ts'
import { CALLER, openFactors } from '../harness/core-factors.ts'

const demanding = { factors: { demandGroups: ['finance'], rpId: 'login.example', passwordless: true } }

test('a second factor is asked of who has one, and of who must have one', async () => {
  await using at = await openFactors({ settings: demanding })
  const step = async (asked: Parameters<typeof at.factors.next>[1]) => (await at.factors.next(at.alice, asked)).step
  expect(await step({ groups: async () => ['staff'] })).toBe('none')
  expect(await step({ groups: async () => ['staff', 'finance'] })).toBe('enrol')
  expect(await step({ groups: async () => [], client: { secondFactor: true } })).toBe('enrol')
  expect(await step({ groups: async () => [], acrValues: ['2'] })).toBe('enrol')
  expect(await step({ groups: async () => [], acrValues: ['1', '2'] })).toBe('none')
  await at.factors.demand(at.alice, true, CALLER)
  await at.factors.demand(at.alice, true, CALLER)
  expect(await step({ groups: async () => [] })).toBe('enrol')
  await at.factors.demand(at.alice, false, CALLER)
  expect(await step({ groups: async () => [] })).toBe('none')
  await at.withApp()
  expect(await step({ groups: async () => [] })).toBe('verify')
})

test('a reset takes everything away, the waiting of wrong guesses too, but not the demand', async () => {
  await using at = await openFactors()
  await at.withApp()
  await at.factors.newRecoveryCodes(at.alice, CALLER)
  await at.factors.demand(at.alice, true, CALLER)
  const guess = () => at.factors.verify(at.alice, { method: 'otp', code: '000000' }, CALLER)
  for (let guesses = 0; guesses < 6; guesses += 1) await guess()
  expect(await refusal(guess())).toMatchObject({ code: 'too_many_attempts' })
  await at.factors.reset(at.alice, CALLER)
  expect(await guess()).toMatchObject({ ok: false })
  expect(await at.factors.list(at.alice)).toEqual([])
  expect(await at.factors.next(at.alice, { groups: async () => [] })).toEqual({ step: 'enrol', methods: [] })
})

test('the level of a login follows from its methods', () => {
  expect(acrOf(['pwd'])).toBe('1')
  expect(acrOf(withSecondFactor(['pwd'], ['otp']))).toBe('2')
  expect(withSecondFactor(['pwd'], ['otp'])).toEqual(['pwd', 'otp', 'mfa'])
  expect([satisfies('1', []), satisfies('1', ['2']), satisfies('2', ['1']), satisfies('1', ['2', '1'])]).toEqual([
    true,
    false,
    true,
    true,
  ])
  expect([satisfies('2', ['urn:unknown']), satisfies('2', ['urn:unknown', '2'])]).toEqual([false, true])
})
