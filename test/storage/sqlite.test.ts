import { storageConformance } from '../conformance/storage.ts'
import { openEmptySqlite } from '../harness/storage-sqlite.ts'

storageConformance('sqlite', openEmptySqlite, ['processes', 'newer', 'backup', 'watch'])
