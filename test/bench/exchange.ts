/** Session token exchanges against bare signed answers of the same process. */
import type { Bench } from './bench.ts'
import { inTurns } from './load.ts'

export const exchange: Bench = {
  name: 'token exchange',
  async run(bed) {
    const server = await bed.server()
    const { one, other } = await inTurns(server.exchange, server.bareAnswer)
    const against = { what: 'bare ES256-signed answer', value: other }
    return [{ what: 'session token exchange, over HTTP', value: one, unit: '/s', against }]
  },
}
