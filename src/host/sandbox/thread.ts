/** Threads of this program: files of this folder, which the executable holds under names of their own. */
import { join } from 'node:path'
import { COMPILED } from '../self.ts'

/** Does not keep the process from ending. */
export function threadCalled(name: 'watch-thread' | 'handover-thread'): Worker {
  const file = COMPILED ? `/$bunfs/root/host/sandbox/${name}.js` : join(import.meta.dir, `${name}.ts`)
  return new Worker(file, { smol: true, ref: false })
}
