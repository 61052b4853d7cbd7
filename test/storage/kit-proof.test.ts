/** The kit proves something: broken drivers fail the cases that they break, and fail them by breaking a promise. */
import { describe, expect, test } from 'bun:test'
import type { Storage } from '#plugin'
import { mutants } from '../conformance/mutants.ts'
import { runCase } from '../conformance/storage/case.ts'
import { storageCases } from '../conformance/storage.ts'
import { openEmptySqlite } from '../harness/storage-sqlite.ts'

function brokenBy(over: (right: Storage) => Storage) {
  return async () => {
    const store = await openEmptySqlite()
    return { ...store, open: async () => over(await store.open()) }
  }
}

describe('the kit finds the driver in which', () => {
  for (const { name, fails, over } of mutants)
    for (const broken of fails)
      test(`${name}, by: ${broken}`, async () => {
        const found = storageCases.find((one) => one.name === broken)
        if (!found) throw new Error(`The kit has no case "${broken}"`)
        const outcome = await runCase(found, brokenBy(over)).then(
          () => 'kept',
          (error: unknown) => error,
        )
        expect(outcome).not.toBe('kept')
      })
})

test('the kit finds nothing in a driver that is wrapped and not broken', async () => {
  const named = new Set(mutants.flatMap(({ fails }) => fails))
  for (const one of storageCases.filter(({ name }) => named.has(name)))
    await runCase(
      one,
      brokenBy((right) => ({ ...right })),
    )
  expect(named.size).toBeGreaterThan(50)
})
