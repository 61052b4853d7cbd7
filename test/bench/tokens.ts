/**
 * What the token exchange costs beyond the signature it cannot do without, below HTTP: `bun test/bench/tokens.ts`.
 * Real store, users, rules and keys; one process, calls in flight as given.
 */
import { CALLER, login, openDesk } from '../session/desk.ts'

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
  return rates.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? 0
}

export interface TokenRates {
  readonly exchangesPerSecond: number
  readonly signaturesPerSecond: number
  /** How many bare signatures an exchange costs. */
  readonly ratio: number
}

export async function tokenRates(): Promise<TokenRates> {
  await using desk = await openDesk()
  const { id_token } = await login(desk)
  // The real log writes behind, many events at a time; the one for tests would keep them all in memory.
  desk.audit.record = () => undefined
  const { access_token } = await desk.sessions.exchange(id_token, CALLER)
  const claims = JSON.parse(Buffer.from(access_token.split('.')[1] ?? '', 'base64url').toString()) as object
  const signaturesPerSecond = await rate(() => desk.ring.sign({ ...claims }, { algorithm: 'ES256', typ: 'at+jwt' }))
  const exchangesPerSecond = await rate(() => desk.sessions.exchange(id_token, CALLER))
  return { exchangesPerSecond, signaturesPerSecond, ratio: signaturesPerSecond / exchangesPerSecond }
}

if (import.meta.main) {
  const { exchangesPerSecond, signaturesPerSecond, ratio } = await tokenRates()
  const lines = [
    `token exchange     ${Math.round(exchangesPerSecond)} per second`,
    `bare signed answer ${Math.round(signaturesPerSecond)} per second`,
    `ratio              1 : ${ratio.toFixed(2)}`,
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
}
