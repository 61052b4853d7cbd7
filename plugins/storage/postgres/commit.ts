/**
 * Guarded steps in one transaction at READ COMMITTED. Each statement waits for those who hold its rows and then looks
 * again, and what a step has found true stays locked until the end; so a race costs waiting, not wrong answers.
 */
import { type AnyRow, type CheckedStep, type Commit, checkStep, type Step } from '#plugin'
import { PostgresFailure, sqlstateOf } from './failure.ts'
import { locks } from './locks.ts'
import type { Connection, Pool, Result, Statement } from './pool.ts'
import { getStatement, rowOf, stepStatement } from './statements.ts'

const UNIQUE_VIOLATION = '23505'
/** Serialization failure and deadlock: the server undid everything of one transaction for the sake of another. */
const UNDONE = ['40001', '40P01']
/** How often a commit is begun anew after a deadlock, and after a failure that may have been seen in between two others. */
const PATIENCE = { undone: 10, failed: 3 }

interface Refusal {
  readonly failed: number
  /** Found no row, rather than one that is in the way. */
  readonly absent: boolean
}
type Attempt = { readonly results: readonly Result[] } | Refusal

export async function commit(pool: Pool, steps: readonly Step[]): Promise<Commit> {
  const checked = steps.map(checkStep)
  if (checked.length === 0) return { ok: true, taken: [] }
  const left = { ...PATIENCE }
  for (;;) {
    const attempt = await once(pool, checked)
    if (!attempt) {
      left.undone -= 1
      if (left.undone === 0) throw new PostgresFailure('commit', `gave way to others ${PATIENCE.undone} times`)
    } else if ('results' in attempt) {
      return { ok: true, taken: checked.map((step, at) => taken(step, attempt.results[at])) }
    } else {
      left.failed -= 1
      if (left.failed === 0 || !(await mayHaveMoved(pool, checked, attempt)))
        return { ok: false, failed: attempt.failed }
    }
  }
}

function taken(step: CheckedStep, result: Result | undefined): AnyRow | undefined {
  const [values] = result ?? []
  return step.kind === 'take' && values ? rowOf(step.shape, values) : undefined
}

/** What became of it, or `undefined` if the server undid it and it may be begun anew. */
async function once(pool: Pool, steps: readonly CheckedStep[]): Promise<Attempt | undefined> {
  try {
    return await pool.run('commit', async (connection) => {
      const [only, second] = steps
      if (!only || second) return transaction(connection, steps)
      return judge([await settled(connection.send(stepStatement(only)))], steps)
    })
  } catch (error) {
    if (error instanceof PostgresFailure && UNDONE.includes(error.sqlstate ?? '')) return undefined
    throw error
  }
}

/** Everything but the last word is sent in one go: two round trips, however many steps. */
async function transaction(connection: Connection, steps: readonly CheckedStep[]): Promise<Attempt> {
  const statement = (sql: string): Statement => ({ sql, params: [] })
  const begun = [statement('BEGIN'), ...locks(steps)].map((one) => settled(connection.send(one)))
  const applied = steps.map((step) => settled(connection.send(stepStatement(step))))
  try {
    for (const answer of await Promise.all(begun)) if ('error' in answer) throw answer.error
    const attempt = judge(await Promise.all(applied), steps)
    await connection.send(statement('results' in attempt ? 'COMMIT' : 'ROLLBACK'))
    return attempt
  } catch (error) {
    await Promise.all(applied)
    await settled(connection.send(statement('ROLLBACK')))
    throw error
  }
}

type Answer = { readonly result: Result } | { readonly error: unknown }

async function settled(answer: Promise<Result>): Promise<Answer> {
  try {
    return { result: await answer }
  } catch (error) {
    return { error }
  }
}

function judge(answers: readonly Answer[], steps: readonly CheckedStep[]): Attempt {
  const results: Result[] = []
  for (const [at, answer] of answers.entries()) {
    const kind = steps[at]?.kind
    if ('error' in answer) {
      if (sqlstateOf(answer.error) === UNIQUE_VIOLATION) return { failed: at, absent: false }
      throw answer.error
    }
    if (answer.result.count === 0 && kind !== 'delete') return { failed: at, absent: kind !== 'insert' }
    results.push(answer.result)
  }
  return { results }
}

/**
 * A statement that waited for another transaction does not see the rows this one added. Where a row was taken and put
 * back meanwhile, or added behind a `delete`, the failure belongs to no order of the two: the commit is begun anew.
 */
async function mayHaveMoved(pool: Pool, steps: readonly CheckedStep[], { failed, absent }: Refusal): Promise<boolean> {
  const step = steps[failed]
  if (!step) return false
  if (!absent) return steps.slice(0, failed).some((before) => before.kind === 'delete' && before.shape === step.shape)
  if (step.kind !== 'update' && step.kind !== 'take') return false
  const { shape, target } = step
  return pool.run('commit', async (connection) => (await connection.send(getStatement(shape, target))).count > 0)
}
