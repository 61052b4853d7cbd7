/**
 * Drivers that break one promise each: every one of them must fail the named case of the kit, or the kit proves nothing.
 * A mutant wraps a right driver, so what is wrong with it is only what is written here.
 */
import type { Storage } from '#plugin'
import { brokenCommits } from './mutants-of-commit.ts'
import { brokenFinds } from './mutants-of-find.ts'
import { brokenRest } from './mutants-of-rest.ts'
import { brokenSteps } from './mutants-of-step.ts'

export interface Mutant {
  /** What it does wrong. */
  readonly name: string
  /** Names of cases, each of which it fails. */
  readonly fails: readonly string[]
  /** The broken driver over a right one. */
  readonly over: (right: Storage) => Storage
}

export const mutants: readonly Mutant[] = [...brokenFinds, ...brokenSteps, ...brokenCommits, ...brokenRest]
