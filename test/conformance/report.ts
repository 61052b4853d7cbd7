/** Runs either kit without a test runner and says how it went, as TAP or as JSON. */
import { lacking, concerns, type LoginSubject, runLoginCase } from './login/case.ts'
import { loginCases } from './login/cases.ts'
import { type Ability, type OpenEmpty, runCase } from './storage/case.ts'
import { storageCases } from './storage/cases.ts'

export interface Runnable {
  readonly name: string
  /** Why it is not run. */
  readonly skip?: string
  readonly run: () => Promise<void>
}

export interface Result {
  readonly name: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** Why it failed or was skipped. */
  readonly reason?: string
  readonly milliseconds: number
}

/** The cases that concern this login source. */
export function loginRun(subject: LoginSubject): Runnable[] {
  return loginCases
    .filter((one) => concerns(one, subject))
    .map((one) => {
      const missing = lacking(one, subject)
      const skip = missing.length > 0 && { skip: `nothing is said of ${missing.join(', ')}` }
      return { name: one.name, ...skip, run: () => runLoginCase(one, subject) }
    })
}

/** The cases that concern a storage with these abilities. */
export function storageRun(openEmpty: OpenEmpty, abilities: readonly Ability[]): Runnable[] {
  return storageCases.map((one) => {
    const skip = one.needs !== undefined && !abilities.includes(one.needs) && { skip: `it takes ${one.needs}` }
    return { name: one.name, ...skip, run: () => runCase(one, openEmpty) }
  })
}

/** One after the other; each result is told as soon as it is there. */
export async function runAll(
  cases: readonly Runnable[],
  told: (result: Result) => void = () => undefined,
): Promise<Result[]> {
  const results: Result[] = []
  for (const one of cases) {
    const result = await runOne(one)
    results.push(result)
    told(result)
  }
  return results
}

async function runOne({ name, skip, run }: Runnable): Promise<Result> {
  if (skip !== undefined) return { name, outcome: 'skipped', reason: skip, milliseconds: 0 }
  const since = performance.now()
  const took = () => Math.round(performance.now() - since)
  try {
    await run()
    return { name, outcome: 'passed', milliseconds: took() }
  } catch (error) {
    const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    return { name, outcome: 'failed', reason, milliseconds: took() }
  }
}

/** Test Anything Protocol, version 14. */
export function tap(results: readonly Result[]): string {
  const lines = results.map(({ name, outcome, reason }, index) => {
    const title = `${index + 1} - ${name.replaceAll('#', '\\#')}`
    if (outcome === 'skipped') return `ok ${title} # SKIP ${reason ?? ''}`
    if (outcome === 'passed') return `ok ${title}`
    return `not ok ${title}\n  ---\n  message: ${JSON.stringify(reason)}\n  ...`
  })
  return ['TAP version 14', `1..${results.length}`, ...lines, ''].join('\n')
}

export interface Summary {
  readonly passed: number
  readonly failed: number
  readonly skipped: number
  readonly results: readonly Result[]
}

export function summary(results: readonly Result[]): Summary {
  const count = (outcome: Result['outcome']) => results.filter((each) => each.outcome === outcome).length
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped'), results }
}
