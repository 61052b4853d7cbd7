/** The login kit proves something: sources that break one promise fail the cases that are about it. */
import { afterAll, describe, expect, test } from 'bun:test'
import { lacking, type LoginSubject, runLoginCase } from '../conformance/login/case.ts'
import { loginCases } from '../conformance/login/cases.ts'
import { modelSubject } from '../conformance/login/model.ts'
import { loginMutants, rememberingMutants } from '../conformance/mutants-of-login.ts'
import { lookupMutants } from '../conformance/mutants-of-login-lookup.ts'
import { closeLeaked, keepingSubject, otherLoginMutants } from '../conformance/mutants-of-login-rest.ts'

const KEPT = 'the promise was kept'
const mutants = [...loginMutants, ...rememberingMutants, ...otherLoginMutants, ...lookupMutants]
afterAll(closeLeaked)

/** Runs the case of this name; returns what was thrown, or that nothing was. */
function outcomeOf(name: string, subject: LoginSubject): Promise<unknown> {
  const found = loginCases.find((one) => one.name === name)
  if (!found) throw new Error(`The kit has no case "${name}"`)
  expect(lacking(found, subject)).toEqual([])
  return runLoginCase(found, subject).then(
    () => KEPT,
    (error: unknown) => error,
  )
}

describe('the kit finds the source that', () => {
  for (const { name, fails, subject } of mutants)
    for (const one of fails)
      test(`${name}, by: ${one}`, async () => expect(await outcomeOf(one, subject())).not.toBe(KEPT))
})

describe('the kit finds nothing in the right source:', () => {
  for (const one of loginCases) {
    const subject = one.needs?.includes('passwordChange') ? keepingSubject() : modelSubject()
    test(one.name, async () => expect(await outcomeOf(one.name, subject)).toBe(KEPT))
  }
})

test('every case of the kit is proven by a broken source', () => {
  const proven = new Set(mutants.flatMap(({ fails }) => fails))
  expect(loginCases.map(({ name }) => name).filter((name) => !proven.has(name))).toEqual([])
  expect(mutants.length).toBeGreaterThan(60)
})
