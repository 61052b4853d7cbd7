/** The races again, from several processes of the operating system. */
import { type Commit, insert, take, update } from '#plugin'
import type { Case, Subject } from './case.ts'
import { equal } from '../promise.ts'
import { counters, list, note, notes, words } from './collections.ts'
import { type Answer, type Call, onTheWire, processes } from './elsewhere.ts'
import { onlyWinner } from './races.ts'

const PROCESSES = 4
const OLD = note({ id: 'old', text: 'free' })

function fromProcesses(
  name: string,
  run: (subject: Subject, all: (calls: (process: number) => Call[]) => Promise<readonly Answer[]>) => Promise<void>,
): Case {
  return {
    name: `from several processes: ${name}`,
    needs: 'processes',
    async run(subject) {
      await using others = await processes(PROCESSES, subject.store)
      await run(subject, async (calls) => {
        const answers = await others.run(calls)
        equal(
          answers.flatMap((answer) => answer.error ?? []),
          [],
          'what other processes failed with',
        )
        return answers
      })
    },
  }
}

const commits = (answers: readonly Answer[]): Commit[] => answers.flatMap((answer) => answer.commit ?? [])
const thirteen = <T>(work: (index: number) => T): T[] => Array.from({ length: 13 }, (_, index) => work(index))

export const amongProcesses: readonly Case[] = [
  {
    name: 'from several processes: migrate() of an empty store at once',
    needs: 'processes',
    unprepared: true,
    async run({ storage, store }) {
      await using others = await processes(PROCESSES, store)
      const answers = await others.run((process) => [
        { commit: onTheWire([insert(words, { select: `w${process}`, group: null })]) },
      ])
      equal(
        answers,
        Array.from({ length: PROCESSES }, () => ({ commit: { ok: true, taken: [null] } })),
      )
      equal((await list(storage, words, 'select', {})).length, PROCESSES)
    },
  },
  fromProcesses('of many takes of one row exactly one succeeds', async ({ storage }, all) => {
    await storage.commit([insert(notes, OLD)])
    const got = commits(await all(() => thirteen(() => ({ commit: onTheWire([take(notes, { id: 'old' })]) }))))
    equal(got[onlyWinner(got, 0)], { ok: true, taken: [OLD] })
  }),
  fromProcesses('of many guarded updates of one row exactly one succeeds', async ({ storage }, all) => {
    await storage.commit([insert(notes, OLD)])
    const got = commits(
      await all((process) =>
        thirteen((index) => ({
          commit: onTheWire([
            update(notes, { id: 'old' }, { set: { text: `${process} ${index}` }, when: { text: 'free' } }),
          ]),
        })),
      ),
    )
    const winner = onlyWinner(got, 0)
    equal((await storage.get(notes, { id: 'old' }))?.text, `${Math.floor(winner / 13)} ${winner % 13}`)
  }),
  fromProcesses('of many inserts of one unique field exactly one succeeds', async ({ storage }, all) => {
    const got = commits(
      await all((process) =>
        thirteen((index) => ({ commit: onTheWire([insert(notes, note({ id: `${process}.${index}`, mail: 'm' }))]) })),
      ),
    )
    const winner = onlyWinner(got, 0)
    equal(await list(storage, notes, 'id', {}), [`${Math.floor(winner / 13)}.${winner % 13}`])
  }),
  fromProcesses(
    'of many commits that redeem one row exactly one succeeds and leaves all it wrote',
    async ({ storage }, all) => {
      await storage.commit([insert(notes, OLD)])
      const got = commits(
        await all((process) =>
          thirteen((index) => ({
            commit: onTheWire([
              insert(words, { select: `${process}.${index}`, group: null }),
              take(notes, { id: 'old' }),
              insert(words, { select: `${process}.${index}!`, group: null }),
            ]),
          })),
        ),
      )
      const winner = onlyWinner(got, 1)
      const name = `${Math.floor(winner / 13)}.${winner % 13}`
      equal(await list(storage, words, 'select', {}), [name, `${name}!`])
    },
  ),
  fromProcesses('commits over the same rows in opposite orders all succeed', async ({ storage }, all) => {
    await storage.commit([insert(notes, note({ id: 'a' })), insert(notes, note({ id: 'b' }))])
    const got = commits(
      await all((process) =>
        thirteen((index) => ({
          commit: onTheWire(
            (process % 2 ? ['a', 'b'] : ['b', 'a']).map((id) =>
              update(notes, { id }, { set: { text: `${process} ${index}` } }),
            ),
          ),
        })),
      ),
    )
    equal(
      got.filter((commit) => !commit.ok),
      [],
      'the commits that failed',
    )
    const [a, b] = (await storage.find(notes, { limit: 2 })).rows
    equal(a?.text, b?.text, 'what both rows hold')
  }),
  fromProcesses(
    'exactly as many increments count as the limit allows, each to its own count',
    async ({ storage }, all) => {
      const by = { by: 1, limit: 20, now: 1000, expiresAt: 2000 }
      const answers = await all(() => thirteen(() => ({ increment: counters.name, key: { key: 'k' }, by })))
      const counts = answers.flatMap((answer) => (answer.counter?.ok ? [answer.counter.count] : []))
      equal(
        counts.sort((a, b) => a - b),
        Array.from({ length: 20 }, (_, index) => index + 1),
      )
      equal((await storage.get(counters, { key: 'k' }))?.count, 20)
    },
  ),
  fromProcesses('each expired row is removed once', async ({ storage }, all) => {
    await storage.commit(
      Array.from({ length: 200 }, (_, index) => insert(notes, note({ id: `n${index}`, endsAt: index % 2 }))),
    )
    const answers = await all(() => thirteen(() => ({ deleteExpired: notes.name, now: 0, limit: 3 })))
    const removed = answers.reduce((sum, answer) => sum + (answer.removed ?? 0), 0)
    equal(removed + (await list(storage, notes, 'id', {})).length, 200)
    equal(removed <= 100, true, 'whether only expired rows were removed')
  }),
  fromProcesses('everything acknowledged is seen by all', async ({ storage, again }, all) => {
    await all((process) =>
      thirteen((index) => ({ commit: onTheWire([insert(words, { select: `${process}.${index}`, group: null })]) })),
    )
    equal((await list(storage, words, 'select', { limit: 10 })).length, 13 * PROCESSES)
    equal((await list(await again(), words, 'select', {})).length, 13 * PROCESSES)
  }),
]
