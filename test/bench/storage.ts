/** How fast SQLite storage is, and what a durable flush costs: `bun test/bench/storage.ts`. Ratios travel, numbers do not. */
import { insert, type Storage, take, update } from '#plugin'
import { kit, note, notes } from '../conformance/storage/collections.ts'
import { counters } from '../conformance/storage/collections.ts'
import { openSqlite, temporaryFolder } from '../harness/storage-sqlite.ts'

const MILLISECONDS = 700

/** Operations per second with this many callers that each wait for their own answer. */
async function perSecond(callers: number, work: (serial: number) => Promise<unknown>): Promise<number> {
  let serial = 0
  const until = Bun.nanoseconds() + MILLISECONDS * 1e6
  const caller = async () => {
    while (Bun.nanoseconds() < until) await work(serial++)
  }
  const start = Bun.nanoseconds()
  await Promise.all(Array.from({ length: callers }, caller))
  return (serial / (Bun.nanoseconds() - start)) * 1e9
}

async function measured(durability: 'full' | 'normal') {
  using folder = temporaryFolder()
  await using storage = await openSqlite(folder.path, { durability })
  await storage.migrate(kit)
  const inserts = new Map<number, number>()
  for (const callers of [1, 16, 64])
    inserts.set(
      callers,
      await perSecond(callers, (serial) => storage.commit([insert(notes, note({ id: `${callers}.${serial}` }))])),
    )
  const rotations = await perSecond(64, (serial) => rotate(storage, serial))
  const increments = await perSecond(64, (serial) =>
    storage.increment(counters, { key: `k${serial % 100}` }, { by: 1, limit: 1e9, now: 0, expiresAt: 1 }),
  )
  const gets = await perSecond(1, () => storage.get(notes, { id: '1.0' }))
  const finds = await perSecond(1, () =>
    storage.find(notes, { by: ['owner'], equals: { owner: 'owner of 1.0' }, limit: 10 }),
  )
  return { inserts, rotations, increments, gets, finds }
}

/** What redeeming a one-time row and leaving a new one costs, after one insert. */
async function rotate(storage: Storage, serial: number) {
  const [old, next] = [`old${serial}`, `next${serial}`]
  await storage.commit([insert(notes, note({ id: old }))])
  await storage.commit([
    take(notes, { id: old }, { done: false }),
    insert(notes, note({ id: next })),
    update(notes, { id: next }, { set: { rank: 1 } }),
  ])
}

const round = (value: number) => Math.round(value).toLocaleString('en')
const full = await measured('full')
const normal = await measured('normal')
for (const [callers, rate] of full.inserts) {
  const relaxed = normal.inserts.get(callers) ?? 0
  const ratio = (rate / relaxed).toFixed(2)
  console.log(
    `commits, ${String(callers).padStart(2)} at once: full ${round(rate)}/s, normal ${round(relaxed)}/s, full : normal = ${ratio}`,
  )
}
const [alone = 1, many = 1] = [full.inserts.get(1), full.inserts.get(64)]
console.log(`grouping: 64 at once : 1 at once = ${(many / alone).toFixed(1)} (full)`)
console.log(`rotations, 64 at once: full ${round(full.rotations)}/s, normal ${round(normal.rotations)}/s`)
console.log(`increments, 64 at once: full ${round(full.increments)}/s, normal ${round(normal.increments)}/s`)
console.log(
  `get ${round(full.gets)}/s, find by index ${round(full.finds)}/s, get : durable commit alone = ${(full.gets / alone).toFixed(0)}`,
)
