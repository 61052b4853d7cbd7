/**
 * A storage over a file of lines. Every write is one line, appended in one piece, and says what is to be done; what came of
 * it follows from the lines before. So whoever reads the same file knows the same records, in however many processes, and
 * nobody needs a lock: the place of a line in the file decides who was first.
 */
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Type } from '@sinclair/typebox'
import { checkExpiry, checkIncrement, checkKey, checkQuery, checkStep, defineStorage, shapeOf } from 'leveret/plugin'
import { openJournal } from './journal.ts'
import { find, keyOf } from './tables.ts'

export default defineStorage({
  type: 'journal',
  config: Type.Object(
    { folder: Type.String({ default: 'journal', minLength: 1, description: 'Where the file of lines is kept' }) },
    { additionalProperties: false },
  ),
  async open({ folder }, { dataDir }) {
    const place = resolve(dataDir, folder)
    await mkdir(place, { recursive: true })
    const journal = await openJournal(join(place, 'records.jsonl'))

    return {
      async migrate(collections) {
        for (const each of collections) shapeOf(each) // refuses declarations that are not right
        await journal.grow(collections)
      },
      async get(collection, key) {
        const { key: wanted } = checkKey(collection, key)
        const tables = await journal.read()
        const row = tables.get(collection.name)?.get(keyOf(wanted.map(({ value }) => value)))
        return row && structuredClone(row)
      },
      async find(collection, query) {
        const wanted = checkQuery(collection, query)
        const rows = find((await journal.read()).get(collection.name), wanted)
        const page = rows.slice(0, query.limit).map((row) => structuredClone(row))
        const last = page.at(-1)
        return { rows: page, ...(rows.length > page.length && last && { next: wanted.cursor(last) }) }
      },
      async commit(steps) {
        for (const step of steps) checkStep(step) // nothing may be written of a commit that is not right
        return journal.commit(steps)
      },
      async increment(collection, key, by) {
        checkIncrement(collection, key, by)
        return journal.increment(collection, key, by)
      },
      async deleteExpired(collection, now, limit) {
        checkExpiry(collection, now, limit)
        return journal.deleteExpired(collection, now, limit)
      },
      [Symbol.asyncDispose]: () => journal.close(),
    }
  },
})
