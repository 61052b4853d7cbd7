/**
 * The conformance kit of the storage contract: one case for every sentence that `src/plugin/storage.ts` and
 * `collection.ts` promise. A driver's own test is one call:
 *
 *     storageConformance('sqlite', openEmptySqlite, ['processes', 'newer', 'backup'])
 *
 * The third argument says what the driver offers beyond the six methods and what its test can show; cases that need
 * anything else are reported as skipped. A case is data (`storage/case.ts`) and knows no test runner.
 */
import { describe, test } from 'bun:test'
import { type Ability, type OpenEmpty, runCase } from './storage/case.ts'
import { storageCases } from './storage/cases.ts'

export type { Ability, Case, OpenEmpty, Store } from './storage/case.ts'
export { kit } from './storage/collections.ts'

export function storageConformance(name: string, openEmpty: OpenEmpty, abilities: readonly Ability[]): void {
  describe(`${name} keeps the storage contract`, () => {
    for (const one of storageCases) {
      const run = one.needs === undefined || abilities.includes(one.needs) ? test : test.skip
      run(one.name, () => runCase(one, openEmpty), 30_000)
    }
  })
}
