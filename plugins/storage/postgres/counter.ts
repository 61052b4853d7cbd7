/** Bounded counters: one statement where it counts, a second to say why it did not. */
import { type AnyCollection, type AnyRow, type Counter, checkIncrement, type Increment } from '#plugin'
import { PostgresFailure } from './failure.ts'
import type { Pool } from './pool.ts'
import { countStatement, getStatement, rowOf } from './statements.ts'

const ATTEMPTS = 10

export async function increment(
  pool: Pool,
  collection: AnyCollection,
  { key, by }: { key: AnyRow; by: Increment },
): Promise<Counter> {
  const counter = checkIncrement(collection, key, by)
  const { shape, end } = counter
  return pool.run(`count in "${shape.name}"`, async (connection) => {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      if (by.by <= by.limit) {
        const [counted] = await connection.send(countStatement(counter, by))
        if (counted) return { ok: true, count: Number(counted[0]), expiresAt: Number(counted[1]) }
      }
      const [values] = await connection.send(getStatement(shape, counter))
      const row = values && rowOf(shape, values)
      const count = Number(row?.count ?? 0)
      const expiresAt = Number(row?.[end.name] ?? 0)
      const alive = expiresAt > by.now
      if (alive && count + by.by > by.limit) return { ok: false, count, expiresAt }
      if (by.by > by.limit) return { ok: false, count: 0, expiresAt: by.expiresAt }
    }
    throw new PostgresFailure(`count in "${shape.name}"`, `changed ${ATTEMPTS} times while it was read`)
  })
}
