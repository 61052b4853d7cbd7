/** Writes until it is killed: `crash-writer.ts FOLDER ROUND`. Each line it prints is a write that was acknowledged. */
import { writeSync } from 'node:fs'
import { insert, take, update } from '#plugin'
import { counters, kit, note, notes, words } from '../conformance/storage/collections.ts'
import { openSqlite } from '../harness/storage-sqlite.ts'

const [folder = '', round = ''] = process.argv.slice(2)
const storage = await openSqlite(folder)
await storage.migrate(kit)
const acknowledged = (...words: readonly (string | number)[]) => writeSync(1, `${words.join(' ')}\n`)

/** Pairs appear together, change together and go together; a counter never goes back. */
async function caller(name: string) {
  for (let serial = 0; ; serial++) {
    const [a, b] = [`${name}.${serial}a`, `${name}.${serial}b`]
    await storage.commit([insert(words, { select: a, group: null }), insert(words, { select: b, group: null })])
    acknowledged('pair', a, b)
    const counter = await storage.increment(counters, { key: name }, { by: 1, limit: 1e9, now: 0, expiresAt: 1 })
    acknowledged('count', name, counter.count)
    if (serial % 3 === 0) {
      await storage.commit([
        take(words, { select: a }),
        take(words, { select: b }),
        insert(notes, note({ id: a, text: 'moved' })),
      ])
      acknowledged('moved', a, b)
    }
    if (serial % 3 === 1) {
      await storage.commit([
        update(words, { select: a }, { set: { group: 'g' } }),
        update(words, { select: b }, { set: { group: 'g' } }),
      ])
      acknowledged('marked', a, b)
    }
  }
}
await Promise.all(Array.from({ length: 24 }, (_, index) => caller(`${round}.${index}`)))
