/** Broken commits: what several steps promise together. */
import type { AnyRow, Commit, Step } from '#plugin'
import type { Mutant } from './mutants.ts'
import { always, type Broken, committing, stepping } from './mutants-of-step.ts'

export const brokenCommits: readonly Mutant[] = [
  committing(
    'steps are applied one by one',
    ['nothing'].map(() => 'commit() nothing is written when the last step fails'),
    async (right, steps) => {
      const taken: (AnyRow | undefined)[] = []
      for (const [at, step] of steps.entries()) {
        const done = await right.commit([step])
        if (!done.ok) return { ok: false, failed: at }
        taken.push(done.taken[0])
      }
      return { ok: true, taken }
    },
  ),
  committing(
    'steps are applied one by one, in the open',
    [
      'of fifty commits that redeem one row exactly one succeeds and leaves all it wrote',
      'nobody ever sees a part of a commit',
    ],
    async (right, steps) => {
      for (const [at, step] of steps.entries()) {
        const done = await right.commit([step])
        if (!done.ok) return { ok: false, failed: at }
      }
      return always(steps)
    },
  ),
  committing('deletes come first', 'commit() a later step sees the earlier ones', (right, steps) =>
    right.commit(steps.toSorted((a, b) => Number('delete' in b) - Number('delete' in a))),
  ),
  committing(
    'failed is always the first step',
    'commit() `failed` is the first step that could not be applied, and nothing was written',
    async (right, steps) => {
      const done = await right.commit(steps)
      return done.ok ? done : { ok: false, failed: 0 }
    },
  ),
  committing(
    'failed is always the last step',
    'commit() `failed` is the first step that could not be applied, and nothing was written',
    async (right, steps) => {
      const done = await right.commit(steps)
      return done.ok ? done : { ok: false, failed: steps.length - 1 }
    },
  ),
  committing(
    'commit acknowledges before it writes',
    ['get() sees every write that was acknowledged before the call', 'commit() insert fails if the key is taken'],
    async (right, steps) => {
      void right.commit(steps)
      return always(steps)
    },
  ),
  committing(
    'commit writes the first collection only',
    'commit() writes to several collections, all or none',
    (right, steps) => {
      const name = (step: Step) =>
        Object.values(step as Record<string, { name?: string }>).find((part) => part.name)?.name
      const [first] = steps
      return right.commit(
        steps.map((step) =>
          first && 'insert' in step && name(step) !== name(first)
            ? { delete: step.insert, where: { prefix: '\0' } }
            : step,
        ),
      )
    },
  ),
  committing('a commit without steps fails', 'commit() without steps is ok', async (right, steps) =>
    steps.length === 0 ? { ok: false, failed: 0 } : right.commit(steps),
  ),
  committing(
    'a failed commit takes its neighbours with it',
    'a commit that fails or throws takes no other with it',
    groupedWithoutSavepoints(),
  ),
  stepping('a string that cannot be stored is cleaned', 'a string that can never be stored is found nowhere', (step) =>
    'take' in step && step.key.select === '\ud800' ? { ...step, key: { select: '\ufffd' } } : step,
  ),
  stepping(
    'unknown fields are dropped',
    'a write that the declaration rules out throws and applies nothing: an unknown field',
    (step) => {
      if (!('insert' in step)) return step
      const known = Object.entries(step.row).filter(([field]) => field in step.insert.fields.properties)
      return { ...step, row: Object.fromEntries(known) }
    },
  ),
  committing(
    'steps that are ruled out fail instead of throwing',
    'commit() applies nothing when a step is ruled out, wherever it stands',
    (right, steps) => right.commit(steps).catch(() => ({ ok: false, failed: 0 })),
  ),
]

/** Writes what is asked for in one turn as one commit. */
function groupedWithoutSavepoints(): Broken {
  let waiting: Promise<Commit> | undefined
  let steps: Step[] = []
  return (right, more) => {
    steps.push(...more)
    waiting ??= Promise.resolve().then(() => {
      const group = steps
      waiting = undefined
      steps = []
      return right.commit(group)
    })
    return waiting
  }
}
