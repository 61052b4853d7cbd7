/**
 * The modules a plugin finds by name although nothing is installed beside it. They are the server's own, so both sides
 * share one copy; a plugin cannot bring another.
 */
import * as typebox from '@sinclair/typebox'
import * as typeboxValue from '@sinclair/typebox/value'
import { plugin } from 'bun'
import * as contract from '#plugin'

const LENT: Readonly<Record<string, object>> = {
  'leveret/plugin': contract,
  '@sinclair/typebox': typebox,
  '@sinclair/typebox/value': typeboxValue,
}

let lent = false

/** To be called before a plugin is imported; once is enough for a process. */
export function lendModules(): void {
  if (lent) return
  lent = true
  plugin({
    name: 'leveret',
    setup(build) {
      for (const [name, exports] of Object.entries(LENT)) {
        build.module(name, () => ({ exports: { ...exports, __esModule: true }, loader: 'object' }))
      }
    },
  })
}
