/** The process tier keeps the storage contract: the SQLite driver, unchanged, in a process of its own. */
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { Type } from '@sinclair/typebox'
import { defineCollection, insert, type Storage } from '#plugin'
import { storageConformance } from '../conformance/storage.ts'
import { emptyInProcess } from '../harness/storage-process.ts'

const sqlite = join(import.meta.dir, '../../plugins/storage/sqlite/index.ts')
const openEmpty = emptyInProcess(sqlite, undefined, { durability: 'normal' })
storageConformance('sqlite in a process', openEmpty, ['processes', 'backup'])

const big = defineCollection({
  name: 'big',
  fields: Type.Object({ id: Type.String({ maxLength: 40 }), text: Type.String() }),
  key: ['id'],
})

async function filled(storage: Storage, length: number): Promise<Storage> {
  await storage.migrate([big])
  for (let part = 0; part < 10; part++) {
    const rows = Array.from({ length: 100 }, (_, index) => ({ id: `${part}.${index}`, text: 'x'.repeat(length) }))
    await storage.commit(rows.map((row) => insert(big, row)))
  }
  return storage
}

test('pages of several megabytes come back whole, also at once', async () => {
  await using store = await openEmpty()
  await using storage = await filled(await store.open(), 6_000)
  const pages = await Promise.all([1, 2, 3].map(() => storage.find(big, { limit: 1_000 })))
  expect(pages.map(({ rows }) => rows.length)).toEqual([1_000, 1_000, 1_000])
})

test('what is longer than a line may be is refused, and the next request is answered', async () => {
  await using store = await openEmpty()
  await using storage = await filled(await store.open(), 9_000)
  expect(await storage.find(big, { limit: 1_000 }).catch(String)).toBe(
    'RangeError: the answer is longer than a line may be',
  )
  const row = { id: 'huge', text: 'x'.repeat(9_000_000) }
  expect(await storage.commit([insert(big, row)]).catch(String)).toContain('the request is longer than a line may be')
  expect((await storage.find(big, { limit: 10 })).rows.length).toBe(10)
})
