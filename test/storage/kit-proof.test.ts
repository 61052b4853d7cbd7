/** The kit proves something: drivers that break one promise fail the cases that are about it. */
import { describe, expect, test } from 'bun:test'
import type { Storage } from '#plugin'
import { mutants } from '../conformance/mutants.ts'
import { brokenAmongProcesses, watching } from '../conformance/mutants-of-process.ts'
import { type OpenEmpty, runCase } from '../conformance/storage/case.ts'
import { storageCases } from '../conformance/storage/cases.ts'
import { openEmptyMutant } from '../harness/storage-mutant.ts'
import { openEmptySqlite } from '../harness/storage-sqlite.ts'

const KEPT = 'the promise was kept'
const WATCH = 'watch() calls back with the names of collections that another opening changed, until disposed of'

function over(change: (right: Storage) => Storage): OpenEmpty {
  return async () => {
    const store = await openEmptySqlite()
    return { ...store, open: async () => change(await store.open()) }
  }
}

/** Runs the case of this name; returns what was thrown, or that nothing was. */
function outcomeOf(name: string, openEmpty: OpenEmpty): Promise<unknown> {
  const found = storageCases.find((one) => one.name === name)
  if (!found) throw new Error(`The kit has no case "${name}"`)
  return runCase(found, openEmpty).then(
    () => KEPT,
    (error: unknown) => error,
  )
}

describe('the kit finds the driver in which', () => {
  for (const { name, fails, over: broken } of mutants)
    for (const one of fails)
      test(`${name}, by: ${one}`, async () => expect(await outcomeOf(one, over(broken))).not.toBe(KEPT))
  for (const { name, fails } of brokenAmongProcesses)
    for (const one of fails)
      test(`${name}, by: ${one}`, async () => expect(await outcomeOf(one, () => openEmptyMutant(name))).not.toBe(KEPT))
  test(`watchers hear on after they are disposed of, by: ${WATCH}`, async () => {
    expect(await outcomeOf(WATCH, over(watching(() => false)))).not.toBe(KEPT)
  })
})

describe('the kit finds nothing', () => {
  test('in a driver that is wrapped and not broken', async () => {
    const named = new Set(mutants.flatMap(({ fails }) => fails))
    for (const name of named)
      expect([
        name,
        await outcomeOf(
          name,
          over((right) => ({ ...right })),
        ),
      ]).toEqual([name, KEPT])
    expect(named.size).toBeGreaterThan(50)
  }, 30_000)
  test('in a watch that keeps its promise', async () => {
    expect(await outcomeOf(WATCH, over(watching((disposed) => disposed)))).toBe(KEPT)
  })
  test('within one process in drivers that are wrong only among several', async () => {
    const [takes = '', inserts = '', counts = ''] = brokenAmongProcesses.map(({ name }) => name)
    const within: [string, string][] = [
      [takes, 'of fifty takes of one row exactly one succeeds'],
      [inserts, 'of fifty inserts of one unique field exactly one succeeds'],
      [counts, 'of fifty increments at once exactly as many count as the limit allows, each to its own count'],
    ]
    for (const [name, one] of within) expect(await outcomeOf(one, () => openEmptyMutant(name))).toBe(KEPT)
  })
})
