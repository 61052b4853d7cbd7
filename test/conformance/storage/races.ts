/** Many callers at once, through two openings of the same store: each promise holds for every one of them. */
import { type Commit, insert, remove, type Storage, take, update } from '#plugin'
import type { Case, Subject } from './case.ts'
import { equal, throws, times } from '../promise.ts'
import { list, note, notes, parts, words } from './collections.ts'

const CALLERS = 50
const OLD = note({ id: 'old', text: 'free', mail: 'm' })

/** Fifty callers, every other one through another opening; returns what they got. */
async function race<T>(
  { storage, again }: Subject,
  work: (storage: Storage, index: number) => Promise<T>,
): Promise<T[]> {
  const other = await again()
  return times(CALLERS, (index) => work(index % 2 === 0 ? storage : other, index))
}

/** The place of the only caller that succeeded; the others failed at this step. */
export function onlyWinner(commits: readonly Commit[], failed: number): number {
  const winners = commits.flatMap((commit, index) => (commit.ok ? [index] : []))
  equal(winners.length, 1, 'the number of commits that succeeded')
  for (const commit of commits) if (!commit.ok) equal(commit.failed, failed, 'the step at which the others failed')
  return winners[0] ?? 0
}

export const races: readonly Case[] = [
  {
    name: 'of fifty takes of one row exactly one succeeds',
    async run(subject) {
      await subject.storage.commit([insert(notes, OLD)])
      const commits = await race(subject, (storage) => storage.commit([take(notes, { id: 'old' }, { text: 'free' })]))
      equal(commits[onlyWinner(commits, 0)], { ok: true, taken: [OLD] }, 'what the winner took')
    },
  },
  {
    name: 'of fifty guarded updates of one row exactly one succeeds',
    async run(subject) {
      await subject.storage.commit([insert(notes, OLD)])
      const commits = await race(subject, (storage, index) =>
        storage.commit([update(notes, { id: 'old' }, { set: { text: `by ${index}` }, when: { text: 'free' } })]),
      )
      equal(await subject.storage.get(notes, { id: 'old' }), { ...OLD, text: `by ${onlyWinner(commits, 0)}` })
    },
  },
  {
    name: 'of fifty inserts of one key exactly one succeeds',
    async run(subject) {
      const commits = await race(subject, (storage, index) =>
        storage.commit([insert(notes, { ...OLD, mail: null, rank: index })]),
      )
      equal((await list(subject.storage, notes, 'rank', {}))[0], onlyWinner(commits, 0), 'whose row is there')
    },
  },
  {
    name: 'of fifty inserts of one unique field exactly one succeeds',
    async run(subject) {
      const commits = await race(subject, (storage, index) =>
        storage.commit([insert(notes, note({ id: `n${index}`, mail: 'm' }))]),
      )
      equal(await list(subject.storage, notes, 'id', {}), [`n${onlyWinner(commits, 0)}`])
    },
  },
  {
    name: 'of fifty updates to one unique field exactly one succeeds',
    async run(subject) {
      await subject.storage.commit(
        Array.from({ length: CALLERS }, (_, index) => insert(notes, note({ id: `n${index}` }))),
      )
      const commits = await race(subject, (storage, index) =>
        storage.commit([update(notes, { id: `n${index}` }, { set: { mail: 'm' } })]),
      )
      equal(await list(subject.storage, notes, 'id', { by: ['mail'] }), [`n${onlyWinner(commits, 0)}`])
    },
  },
  {
    name: 'of fifty commits that redeem one row exactly one succeeds and leaves all it wrote',
    async run(subject) {
      await subject.storage.commit([insert(notes, OLD)])
      const commits = await race(subject, (storage, index) =>
        storage.commit([
          insert(words, { select: `w${index}`, group: 'new' }),
          take(notes, { id: 'old' }),
          insert(parts, { box: 'new', name: 'n', size: index, open: true }),
        ]),
      )
      const winner = onlyWinner(commits, 1)
      equal(await list(subject.storage, words, 'select', {}), [`w${winner}`])
      equal(await list(subject.storage, parts, 'size', {}), [winner])
    },
  },
  {
    name: 'of fifty commits that rotate one row exactly one succeeds and leaves all it wrote',
    async run(subject) {
      await subject.storage.commit([insert(notes, OLD)])
      const commits = await race(subject, (storage, index) =>
        storage.commit([
          insert(notes, note({ id: `next${index}` })),
          update(notes, { id: 'old' }, { set: { dueAt: index }, when: { dueAt: null } }),
        ]),
      )
      const winner = onlyWinner(commits, 1)
      equal(await list(subject.storage, notes, 'id', {}), [`next${winner}`, 'old'])
      equal((await subject.storage.get(notes, { id: 'old' }))?.dueAt, winner)
    },
  },
  {
    name: 'no guarded update is lost when fifty callers read, guard and try again',
    async run(subject) {
      await subject.storage.commit([insert(notes, OLD)])
      await race(subject, async (storage) => {
        for (;;) {
          const rank = (await storage.get(notes, { id: 'old' }))?.rank as number
          const { ok } = await storage.commit([
            update(notes, { id: 'old' }, { set: { rank: rank + 1 }, when: { rank } }),
          ])
          if (ok) return
        }
      })
      equal((await subject.storage.get(notes, { id: 'old' }))?.rank, CALLERS)
    },
  },
  {
    name: 'fifty commits over the same rows in opposite orders all succeed',
    async run(subject) {
      await subject.storage.commit([insert(notes, note({ id: 'a' })), insert(notes, note({ id: 'b' }))])
      const commits = await race(subject, (storage, index) => {
        const ids = index % 4 < 2 ? ['a', 'b'] : ['b', 'a']
        return storage.commit(ids.map((id) => update(notes, { id }, { set: { text: `by ${index}` } })))
      })
      equal(
        commits.filter((commit) => !commit.ok),
        [],
        'the commits that failed',
      )
      const [a, b] = (await subject.storage.find(notes, { limit: 2 })).rows
      equal(a?.text, b?.text, 'what both rows hold')
    },
  },
  {
    name: 'nobody ever sees a part of a commit',
    async run({ storage, again }) {
      const other = await again()
      const share = (rank: number) => [
        update(notes, { id: 'a' }, { set: { dueAt: rank } }),
        update(notes, { id: 'b' }, { set: { dueAt: 100 - rank } }),
      ]
      await storage.commit([insert(notes, note({ id: 'a', dueAt: 0 })), insert(notes, note({ id: 'b', dueAt: 100 }))])
      let writing = true
      const reading = times(4, async (index) => {
        while (writing) {
          const { rows } = await (index % 2 ? storage : other).find(notes, { limit: 9 })
          equal(
            rows.reduce((sum, row) => sum + (row.dueAt as number), 0),
            100,
            'the sum of both rows',
          )
          await new Promise((resolve) => setImmediate(resolve))
        }
      })
      const moving = (async () => {
        for (let rank = 1; rank <= 40; rank++) await storage.commit(share(rank))
        writing = false
      })()
      await Promise.all([reading, moving])
    },
  },
  {
    name: 'a commit that fails or throws takes no other with it',
    async run(subject) {
      const outcomes = await race(subject, async (storage, index) => {
        const row = { select: `w${index}`, group: null }
        if (index % 5 === 1)
          await throws(() => storage.commit([insert(words, row), { take: words, key: {} }]), 'TypeError')
        else if (index % 5 === 2) return storage.commit([insert(words, row), insert(words, row)])
        else return storage.commit([insert(words, row)])
      })
      equal(outcomes.filter((commit) => commit?.ok).length, 30, 'the number of commits that succeeded')
      equal((await list(subject.storage, words, 'select', {})).length, 30, 'the number of rows')
    },
  },
  {
    name: 'of a row and its removal by key no more is taken than was written',
    async run(subject) {
      const commits = await race(subject, (storage, index) =>
        index % 3 === 0
          ? storage.commit([insert(notes, note({ id: 'x', rank: index }))])
          : storage.commit(index % 3 === 1 ? [take(notes, { id: 'x' })] : [remove(notes, { equals: { id: 'none' } })]),
      )
      const count = (kind: number) => commits.filter((commit, index) => commit.ok && index % 3 === kind).length
      equal(count(2), 16, 'the number of deletes that succeeded')
      equal(
        count(0) - count(1),
        (await list(subject.storage, notes, 'id', {})).length,
        'inserts that succeeded without takes',
      )
    },
  },
]
