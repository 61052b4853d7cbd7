/** What the embedded storage does in a second, and what a durable flush costs, below the domain and HTTP. */
import { insert, type Storage, take, update } from '#plugin'
import { counters, kit, note, notes } from '../conformance/storage/collections.ts'
import { openSqlite, temporaryFolder } from '../harness/storage-sqlite.ts'
import type { Bench, Measure } from './bench.ts'

const MILLISECONDS = 700

/** Operations per second with this many callers that each wait for their own answer. */
async function perSecond(callers: number, work: (serial: number) => Promise<unknown>): Promise<number> {
  let serial = 0
  const start = Bun.nanoseconds()
  const until = start + MILLISECONDS * 1e6
  const caller = async () => {
    while (Bun.nanoseconds() < until) await work(serial++)
  }
  await Promise.all(Array.from({ length: callers }, caller))
  return (serial / (Bun.nanoseconds() - start)) * 1e9
}

type Work = 'commits, 1 at once' | 'commits, 64 at once' | 'rotations, 64 at once' | 'increments, 64 at once' | 'reads'

async function measured(durability: 'full' | 'normal'): Promise<Readonly<Record<Work, number>>> {
  using folder = temporaryFolder()
  await using storage = await openSqlite(folder.path, { durability })
  await storage.migrate(kit)
  const commits = (callers: number) =>
    perSecond(callers, (serial) => storage.commit([insert(notes, note({ id: `${callers}.${serial}` }))]))
  return {
    'commits, 1 at once': await commits(1),
    'commits, 64 at once': await commits(64),
    'rotations, 64 at once': await perSecond(64, (serial) => rotate(storage, serial)),
    'increments, 64 at once': await perSecond(64, (serial) =>
      storage.increment(counters, { key: `k${serial % 100}` }, { by: 1, limit: 1e9, now: 0, expiresAt: 1 }),
    ),
    reads: await perSecond(64, () => storage.get(notes, { id: '1.0' })),
  }
}

/** What redeeming a one-time row and leaving a new one costs, after one insert. */
async function rotate(storage: Storage, serial: number): Promise<void> {
  const [old, next] = [`old${serial}`, `next${serial}`]
  await storage.commit([insert(notes, note({ id: old }))])
  await storage.commit([
    take(notes, { id: old }, { done: false }),
    insert(notes, note({ id: next })),
    update(notes, { id: next }, { set: { rank: 1 } }),
  ])
}

export const storage: Bench = {
  name: 'storage',
  async run() {
    const full = await measured('full')
    const normal = await measured('normal')
    const compared = (Object.keys(full) as Work[]).map((work): Measure => {
      const against = { what: 'durability "normal"', value: normal[work] }
      return { what: `storage: ${work}`, value: full[work], unit: '/s', against }
    })
    const against = { what: '1 at once', value: full['commits, 1 at once'] }
    const grouping = { what: 'storage: what grouping gives, 64 at once', value: full['commits, 64 at once'] }
    return [...compared, { ...grouping, unit: '/s', against }]
  },
}
