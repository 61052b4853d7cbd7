/** A broken directory counts against nobody, answers in time, and is forgotten when it is well again. */
import type { Verdict } from '#plugin'
import { BrokenPromise, times } from '../promise.ts'
import { type LoginCase, equalIdentity, inTime, type Opened } from './case.ts'

/** Throwing means the same as `unavailable`; not answering does not. */
async function verdictOf({ verify, accounts: { right } }: Opened, password = right.password): Promise<Verdict> {
  return verify({ ...right, password }).catch((thrown: unknown): Verdict => {
    if (thrown instanceof BrokenPromise) throw thrown
    return { ok: false, why: 'unavailable' }
  })
}

function unavailable(verdict: Verdict, what: string): void {
  if (!verdict.ok && verdict.why === 'unavailable') return
  throw new BrokenPromise(`Expected "unavailable" with ${what}, got ${Bun.inspect(verdict)}`)
}

async function eachFault(opened: Opened, run: (what: string) => Promise<void>): Promise<void> {
  for (const [what, breaking] of Object.entries(opened.subject.faults ?? {})) {
    await using _broken = await breaking()
    await run(what)
  }
}

export const trouble: readonly LoginCase[] = [
  {
    name: 'a broken source is "unavailable" within the deadline, whatever the password',
    needs: ['password', 'faults'],
    async run(opened) {
      await eachFault(opened, async (what) => {
        unavailable(await verdictOf(opened), what)
        unavailable(await verdictOf(opened, 'wrong'), what)
      })
    },
  },
  {
    name: 'many logins at once to a broken source are all "unavailable" within the deadline',
    needs: ['password', 'faults'],
    async run(opened) {
      await eachFault(opened, async (what) => {
        for (const verdict of await times(20, () => verdictOf(opened))) unavailable(verdict, what)
      })
    },
  },
  {
    name: 'a source that is well again lets people in again',
    needs: ['password', 'faults'],
    async run(opened) {
      const { right } = opened.accounts
      await eachFault(opened, async () => void (await verdictOf(opened)))
      equalIdentity(await opened.verify(right), right)
    },
  },
  {
    name: 'a broken source closes, within the deadline',
    needs: ['password', 'faults'],
    async run(opened) {
      await eachFault(opened, async () => {
        const source = await opened.again().catch(() => undefined)
        await inTime(opened.subject, Promise.resolve(source?.[Symbol.asyncDispose]()))
      })
    },
  },
  {
    name: 'health says whether the source works',
    needs: ['health', 'faults'],
    async run(opened) {
      const { source, subject } = opened
      const healthy = async () => (source.health ? (await inTime(subject, source.health())).ok : undefined)
      if ((await healthy()) !== true) throw new BrokenPromise('Expected a working source to be healthy')
      await eachFault(opened, async (what) => {
        const ok = await healthy().catch(() => false)
        if (ok !== false) throw new BrokenPromise(`Expected the source not to be healthy with ${what}`)
      })
      if ((await healthy()) !== true) throw new BrokenPromise('Expected a working source to be healthy again')
    },
  },
]
