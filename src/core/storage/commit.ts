/** Guarded commits that lose a race read anew and decide again. */
import type { Step, Storage } from '#plugin'
import { Problem } from '../problem.ts'

/** Each lost round means that somebody else's change came through, so more than a few is a storm. */
const ROUNDS = 20

/**
 * Commits the steps that `decide` makes from what it reads; when one of them no longer applies, `decide` is asked again.
 * It refuses by throwing, and says with `undefined` that nothing needs to be done.
 */
export async function commitOrAgain(
  storage: Storage,
  decide: () => Promise<readonly Step[] | undefined>,
): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const steps = await decide()
    if (steps === undefined || steps.length === 0) return
    if ((await storage.commit(steps)).ok) return
  }
  throw new Problem('unavailable', 'Too many changes of the same thing at the same time; try again', { retryAfter: 1 })
}
