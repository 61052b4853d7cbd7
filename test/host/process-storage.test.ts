/** A storage in a process: what it watches for, and what a process that is started again has to be told first. */
import { expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { Type } from '@sinclair/typebox'
import { defineCollection, insert } from '#plugin'
import { temporaryFolder } from '../harness/plugins.ts'
import { openInProcess } from '../harness/storage-process.ts'
import { until } from '../harness/until.ts'

setDefaultTimeout(30_000)

const note = defineCollection({
  name: 'note',
  fields: Type.Object({ id: Type.String({ maxLength: 40 }), text: Type.String() }),
  key: ['id'],
})
const module = join(import.meta.dir, '../harness/watched-storage.ts')
const row = insert(note, { id: 'a', text: '' })

test('changes are told until nobody watches, and a new process hears of collections and watchers first', async () => {
  await using folder = await temporaryFolder()
  await using storage = await openInProcess(module, { dataDir: folder.path })
  await storage.migrate([note])
  const told: string[][] = []
  const watching = await storage.watch?.((collections) => told.push([...collections]))
  await storage.commit([row])
  expect(await until(() => told.length === 1)).toBe(true)
  expect(told).toEqual([['note']])

  expect(await storage.get(note, { id: 'crash' }).catch(String)).toContain('it ended (exit code 9)')
  expect(await storage.get(note, { id: 'a' })).toEqual({ id: 'a', text: '1 watching' })
  await storage.commit([row])
  expect(await until(() => told.length === 2)).toBe(true)

  await watching?.[Symbol.asyncDispose]()
  await storage.commit([row])
  expect(await storage.get(note, { id: 'a' })).toMatchObject({ id: 'a' })
  expect(told.length).toBe(2)
})
