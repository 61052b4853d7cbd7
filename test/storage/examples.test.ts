/** The example storage keeps the storage contract: inside the server, as a process, and in several of them. */
import { join } from 'node:path'
import { storageConformance } from '../conformance/storage.ts'
import { open } from '../harness/journal.ts'
import { emptyInProcess } from '../harness/storage-process.ts'
import { temporaryFolder } from '../harness/storage-sqlite.ts'

const harness = join(import.meta.dir, '../harness/journal.ts')

storageConformance('journal inside the server', async () => {
  const folder = temporaryFolder()
  return {
    open: () => open(folder.path),
    elsewhere: { module: harness, argument: folder.path },
    async [Symbol.asyncDispose]() {
      folder[Symbol.dispose]()
    },
  }
}, ['processes'])

storageConformance(
  'journal as a process',
  emptyInProcess(join(import.meta.dir, '../../plugins/examples/journal/main.ts')),
  ['processes'],
)
