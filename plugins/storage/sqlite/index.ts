/**
 * Storage in one SQLite file: the default, for one server. Reads go straight to the database, writes through one writer
 * (`writer.ts`); tables come from the declarations (`tables.ts`), which also tells how migrations work.
 */
import { isAbsolute, join } from 'node:path'
import { Type as t } from '@sinclair/typebox'
import { defineStorage } from '#plugin'
import { openDatabase } from './database.ts'
import { sqliteStorage } from './storage.ts'

const config = t.Object(
  {
    path: t.String({
      default: 'leveret.db',
      minLength: 1,
      description: 'The database file; a relative path starts in the data folder',
    }),
    durability: t.Union([t.Literal('full'), t.Literal('normal')], {
      default: 'full',
      description:
        'full: what was acknowledged survives a power cut. normal: it survives a crash of the server, not of the machine',
    }),
  },
  { additionalProperties: false },
)

export default defineStorage({
  type: 'sqlite',
  config,
  async open({ path, durability }, { dataDir }) {
    const file = isAbsolute(path) ? path : join(dataDir, path)
    return sqliteStorage(openDatabase(file, durability), file)
  },
})
