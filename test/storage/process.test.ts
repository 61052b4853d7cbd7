/** The process tier keeps the storage contract: the SQLite driver, unchanged, in a process of its own. */
import { join } from 'node:path'
import { storageConformance } from '../conformance/storage.ts'
import { emptyInProcess } from '../harness/storage-process.ts'

const sqlite = join(import.meta.dir, '../../plugins/storage/sqlite/index.ts')
storageConformance('sqlite in a process', emptyInProcess(sqlite, undefined, { durability: 'normal' }), [
  'processes',
  'backup',
])
