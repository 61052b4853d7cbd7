/**
 * What the token exchange costs beyond the signature it cannot do without, below HTTP. Real store, users, rules and keys;
 * one process, calls in flight as given.
 */
import { CALLER, claimsOf, login, openDesk } from '../session/desk.ts'
import { type Bench, median } from './bench.ts'

const CALLS = 5_000
const IN_FLIGHT = 16
const ROUNDS = 5

/** Calls per second, the median of some rounds. */
async function rate(call: () => Promise<unknown>): Promise<number> {
  const rates: number[] = []
  for (let round = 0; round <= ROUNDS; round++) {
    const start = Bun.nanoseconds()
    const worker = async () => {
      for (let count = 0; count < CALLS / IN_FLIGHT; count++) await call()
    }
    await Promise.all(Array.from({ length: IN_FLIGHT }, worker))
    // The first round only warms up.
    if (round > 0) rates.push(CALLS / ((Bun.nanoseconds() - start) / 1e9))
  }
  return median(rates)
}

export const tokens: Bench = {
  name: 'token exchange, below HTTP',
  async run() {
    await using desk = await openDesk()
    const { id_token } = await login(desk)
    // The real log writes behind, many events at a time; the one for tests would keep them all in memory.
    desk.audit.record = () => undefined
    const { access_token } = await desk.sessions.exchange(id_token, CALLER)
    const claims = claimsOf(access_token)
    const signatures = await rate(() => desk.ring.sign({ ...claims }, { algorithm: 'ES256', typ: 'at+jwt' }))
    const exchanges = await rate(() => desk.sessions.exchange(id_token, CALLER))
    const against = { what: 'bare ES256 signature', value: signatures }
    return [{ what: 'token exchange in the domain, no HTTP, no audit', value: exchanges, unit: '/s', against }]
  },
}
