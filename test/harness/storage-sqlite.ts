/** SQLite stores for tests: each in a folder of its own that is removed with it. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import { Database } from 'bun:sqlite'
import type { AnyCollection, PluginContext, Storage } from '#plugin'
import sqlite from '../../plugins/storage/sqlite/index.ts'
import { collections as core } from '../../src/core/collections.ts'
import type { Store } from '../conformance/storage.ts'

/** A folder that is gone when disposed of. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'leveret-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

const silent = { debug() {}, info() {}, warn() {}, error() {} }

/** Opens the SQLite driver in this folder, with the defaults of its configuration. */
export function openSqlite(
  dataDir: string,
  config: { path?: string; durability?: 'full' | 'normal' } = {},
): Promise<Storage> {
  const context: PluginContext = {
    id: 'sqlite',
    log: silent,
    now: () => 0,
    signal: new AbortController().signal,
    dataDir,
  }
  return sqlite.open(Value.Parse(sqlite.config, config), context)
}

/** What another process of the kit opens. */
export function open(dataDir: string): Promise<Storage> {
  return openSqlite(dataDir, { durability: 'normal' })
}

/** An empty store for the conformance kit. */
export async function openEmptySqlite(): Promise<Store> {
  const folder = temporaryFolder()
  return {
    open: () => open(folder.path),
    elsewhere: { module: import.meta.path, argument: folder.path },
    async becomeNewer() {
      using database = new Database(join(folder.path, 'leveret.db'))
      database.run(`INSERT INTO "leveret_migration" SELECT max("number") + 1, 'newer' FROM "leveret_migration"`)
    },
    copy: {
      to: join(folder.path, 'copy.db'),
      open: () => openSqlite(folder.path, { path: 'copy.db', durability: 'normal' }),
    },
    async [Symbol.asyncDispose]() {
      folder[Symbol.dispose]()
    },
  }
}

/** A migrated store for tests of what stands on top of storage: SQLite in a folder that is gone afterwards. */
export async function temporaryStorage(collections: readonly AnyCollection[] = core): Promise<Storage> {
  const folder = temporaryFolder()
  const storage = await open(folder.path)
  await storage.migrate(collections)
  return {
    ...storage,
    async [Symbol.asyncDispose]() {
      await storage[Symbol.asyncDispose]()
      folder[Symbol.dispose]()
    },
  }
}
