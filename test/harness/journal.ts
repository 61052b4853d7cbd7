/** The example storage `journal`, opened by its module. */
import type { Storage } from '#plugin'
import journal from '../../plugins/examples/journal/main.ts'

/** What another process of the kit opens, too. */
export function open(dataDir: string): Promise<Storage> {
  const log = { debug() {}, info() {}, warn() {}, error() {} }
  const context = { id: 'journal', log, now: () => 0, signal: new AbortController().signal, dataDir }
  return journal.open({ folder: 'journal' }, context)
}
