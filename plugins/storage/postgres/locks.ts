/**
 * What a commit of several steps locks before its first step, always in one order, so that commits that touch the same
 * rows in opposite orders wait for each other instead of dying of a deadlock.
 */
import type { CheckedStep, Condition } from '#plugin'
import type { Statement } from './pool.ts'
import { getStatement } from './statements.ts'

export function locks(steps: readonly CheckedStep[]): Statement[] {
  const deletes = new Map<string, Statement>()
  const rows = new Map<string, Statement>()
  for (const step of steps) {
    const { shape, kind } = step
    if (kind === 'delete') {
      const name = JSON.stringify([shape.name, values(step.lookup.equals)])
      deletes.set(name, { sql: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', params: [name] })
    } else if (kind !== 'insert') {
      const { key, nothing } = step.target
      rows.set(JSON.stringify([shape.name, values(key)]), getStatement(shape, { key, when: [], nothing }, 'lock'))
    }
  }
  // A delete locks what it finds, not what is about to come: two like it take turns, and it looks only once the rows
  // named by the other steps are held, so that who adds rows under the guard of such a row has ended before.
  const needed = deletes.size > 0 || rows.size > 1
  return needed ? [...inOrder(deletes), ...inOrder(rows)] : []
}

function values(conditions: readonly Condition[]): unknown[] {
  return conditions.map(({ field, value }) => [field.name, value])
}

function inOrder(statements: ReadonlyMap<string, Statement>): Statement[] {
  return [...statements].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, statement]) => statement)
}
