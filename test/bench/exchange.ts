/** Session token exchanges against bare signed answers of the same process. */
import type { Bench } from './bench.ts'
import { inTurns } from './load.ts'

export const exchange: Bench = {
  name: 'token exchange',
  async run(bed) {
    const server = await bed.server()
    const { exchanged, bare } = await inTurns({ exchanged: server.exchange, bare: server.signedAnswer })
    const against = { what: 'bare ES256-signed answer', value: bare }
    return [{ what: 'session token exchange, over HTTP', value: exchanged, unit: '/s', against }]
  },
}
