/** Broken steps: each kind, each guard. */
import { type AnyRow, type Commit, type Step, type Storage, take } from '#plugin'
import type { Mutant } from './mutants.ts'

export type Broken = (right: Storage, steps: readonly Step[]) => Promise<Commit>

export function committing(name: string, fails: string | readonly string[], commit: Broken): Mutant {
  return { name, fails: [fails].flat(), over: (right) => ({ ...right, commit: (steps) => commit(right, steps) }) }
}
/** Changes steps before they reach the right driver. */
export function stepping(
  name: string,
  fails: string | readonly string[],
  change: (step: Step) => Step | readonly Step[],
): Mutant {
  return committing(name, fails, (right, steps) => right.commit(steps.flatMap(change)))
}
const withoutGuard = <S extends Step>({ ...step }: S): S => {
  if ('when' in step) delete (step as { when?: AnyRow }).when
  return step
}
export const always = async (steps: readonly Step[]): Promise<Commit> => ({
  ok: true,
  taken: steps.map(() => undefined),
})
const only = (steps: readonly Step[]) => (steps.length === 1 ? steps[0] : undefined)

export const brokenSteps: readonly Mutant[] = [
  stepping(
    'insert replaces',
    ['commit() insert fails if the key is taken', 'of fifty inserts of one key exactly one succeeds'],
    (step) =>
      'insert' in step ? [{ delete: step.insert, where: { equals: keyOf(step.insert.key, step.row) } }, step] : step,
  ),
  committing(
    'insert fails without a word',
    ['commit() insert fails if a unique field is taken', 'of fifty inserts of one unique field exactly one succeeds'],
    async (right, steps) => {
      const done = await right.commit(steps)
      const first = only(steps)
      return first && 'insert' in first ? always(steps) : done
    },
  ),
  committing(
    'insert looks for the key first and then writes',
    'of fifty inserts of one key exactly one succeeds',
    async (right, steps) => {
      const first = only(steps)
      if (!first || !('insert' in first)) return right.commit(steps)
      const key = keyOf(first.insert.key, first.row)
      if (await right.get(first.insert, key)) return { ok: false, failed: 0 }
      await new Promise((resolve) => setImmediate(resolve))
      await right.commit([{ delete: first.insert, where: { equals: key } }, first])
      return always(steps)
    },
  ),
  committing('a taken unique throws', 'commit() insert fails if a unique field is taken', async (right, steps) => {
    const done = await right.commit(steps)
    if (!done.ok) throw new Error('UNIQUE constraint failed')
    return done
  }),
  stepping(
    'update takes no heed of its guard',
    [
      'commit() update fails if the row is not as guarded: integer',
      'of fifty guarded updates of one row exactly one succeeds',
    ],
    (step) => ('update' in step ? withoutGuard(step) : step),
  ),
  stepping(
    'update takes no heed of null in its guard',
    'commit() update fails if the row is not as guarded: null on a value',
    (step) => {
      if (!('update' in step) || !step.when) return step
      return { ...step, when: Object.fromEntries(Object.entries(step.when).filter(([, value]) => value !== null)) }
    },
  ),
  stepping(
    'update checks the first field of its guard',
    'commit() update fails if the row is not as guarded: one of two',
    (step) =>
      'update' in step && step.when
        ? { ...step, when: Object.fromEntries(Object.entries(step.when).slice(0, 1)) }
        : step,
  ),
  stepping(
    'update leaves out guards that are undefined',
    'commit() applies nothing when a step is ruled out, wherever it stands',
    (step) =>
      'update' in step && step.when
        ? { ...step, when: Object.fromEntries(Object.entries(step.when).filter(([, value]) => value !== undefined)) }
        : step,
  ),
  committing(
    'update reads, compares and then writes',
    [
      'of fifty guarded updates of one row exactly one succeeds',
      'no guarded update is lost when fifty callers read, guard and try again',
    ],
    async (right, steps) => {
      const first = only(steps)
      if (!first || !('update' in first)) return right.commit(steps)
      const row = await right.get(first.update, first.key)
      if (!row || Object.entries(first.when ?? {}).some(([field, value]) => row[field] !== value))
        return { ok: false, failed: 0 }
      await new Promise((resolve) => setImmediate(resolve))
      return right.commit([withoutGuard(first)])
    },
  ),
  committing('update of an absent row is ok', 'commit() update fails if the row is absent', async (right, steps) => {
    const first = only(steps)
    const done = await right.commit(steps)
    return first && 'update' in first && !first.when ? always(steps) : done
  }),
  stepping(
    'update empties the fields that it does not set',
    'commit() update changes the fields in `set` and leaves the others',
    (step) => ('update' in step && 'text' in step.set ? { ...step, set: { mail: null, ...step.set } } : step),
  ),
  committing(
    'update that collides is ok',
    'commit() update fails if a unique field would collide',
    async (right, steps) => {
      const first = only(steps)
      const done = await right.commit(steps)
      return first && 'update' in first && 'mail' in first.set ? always(steps) : done
    },
  ),
  committing(
    'update with an empty set is always ok',
    'commit() update with an empty `set` fails if the row is not as guarded',
    async (right, steps) => {
      const first = only(steps)
      return first && 'update' in first && Object.keys(first.set).length === 0 ? always(steps) : right.commit(steps)
    },
  ),
  committing(
    'take leaves the row',
    ['commit() take removes one row and returns it as it was', 'of fifty takes of one row exactly one succeeds'],
    async (right, steps) => {
      const first = only(steps)
      if (!first || !('take' in first)) return right.commit(steps)
      const row = await right.get(first.take, first.key)
      return row ? { ok: true, taken: [row] } : { ok: false, failed: 0 }
    },
  ),
  committing(
    'take finds the row, returns it and removes it later',
    ['of fifty takes of one row exactly one succeeds'],
    async (right, steps) => {
      const first = only(steps)
      if (!first || !('take' in first)) return right.commit(steps)
      const row = await right.get(first.take, first.key)
      if (!row) return { ok: false, failed: 0 }
      await right.commit(steps)
      return { ok: true, taken: [row] }
    },
  ),
  committing('take returns nothing', 'commit() take removes one row and returns it as it was', async (right, steps) => {
    const done = await right.commit(steps)
    return done.ok ? { ok: true, taken: done.taken.map(() => undefined) } : done
  }),
  stepping(
    'take takes no heed of its guard',
    [
      'commit() take fails if the row is not as guarded, and leaves it: text',
      'commit() take fails if the row is not as guarded, and leaves it: null on a value',
    ],
    (step) => ('take' in step ? withoutGuard(step) : step),
  ),
  committing(
    'take removes a row that is not as guarded',
    'commit() take fails if the row is not as guarded, and leaves it: integer',
    async (right, steps) => {
      const done = await right.commit(steps)
      const first = only(steps)
      if (!done.ok && first && 'take' in first && first.when) await right.commit([withoutGuard(first)])
      return done
    },
  ),
  committing('take of an absent row is ok', 'commit() take fails if the row is absent', async (right, steps) => {
    const first = only(steps)
    const done = await right.commit(steps)
    return first && 'take' in first ? { ok: true, taken: done.ok ? done.taken : [undefined] } : done
  }),
  committing(
    'delete removes one row',
    ['commit() delete removes every row that matches', 'commit() delete without a condition removes every row'],
    async (right, steps) => {
      const first = only(steps)
      if (!first || !('delete' in first)) return right.commit(steps)
      const { rows } = await right.find(first.delete, { ...first.where, limit: 1 })
      await right.commit(rows.map((row) => take(first.delete, keyOf(first.delete.key, row))))
      return always(steps)
    },
  ),
  committing(
    'delete fails when nothing matches',
    'commit() delete never fails, not even when nothing matches',
    async (right, steps) => {
      const first = only(steps)
      if (!first || !('delete' in first)) return right.commit(steps)
      const { rows } = await right.find(first.delete, { ...first.where, limit: 1 })
      return rows.length === 0 ? { ok: false, failed: 0 } : right.commit(steps)
    },
  ),
  stepping(
    'delete removes rows without a value too',
    'commit() delete leaves rows in which a field of `by` is null',
    (step) =>
      'delete' in step && step.where.by && !step.where.equals && !step.where.range ? { ...step, where: {} } : step,
  ),
  stepping('delete takes no heed of its range', 'commit() delete finds by range as find() does', (step) =>
    'delete' in step && step.where.range ? { ...step, where: {} } : step,
  ),
]

function keyOf(key: readonly string[], row: AnyRow): AnyRow {
  return Object.fromEntries(key.map((field) => [field, row[field]]))
}
