/** The sidecar's own side: questions on standard input, answers on standard output, one after the other. */
import { writeSync } from 'node:fs'
import { openProver, type Prover } from './prove.ts'
import { type FromSidecar, linesOf, PROTOCOL, type ToSidecar } from './protocol.ts'

/** Ends when its input does, which is when the server is gone. */
export async function sidecarMain(): Promise<void> {
  // Whoever stops the server stops it alone: logins under way are still answered.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
  let prover: Prover | undefined
  for await (const line of linesOf(Bun.stdin.stream())) {
    const message = JSON.parse(line) as ToSidecar // from the server that started us
    if ('shutdown' in message) break
    if ('hello' in message) {
      prover = await greeted(message.hello)
      if (!prover) break
    } else if (prover) say(answer(prover, message))
  }
  process.exit(0)
}

async function greeted({ protocol, config }: Extract<ToSidecar, { hello: unknown }>['hello']) {
  try {
    if (protocol !== PROTOCOL)
      throw new Error(`the sidecar speaks version ${PROTOCOL} of the protocol, not ${protocol}`)
    const prover = await openProver(config)
    say({ hello: { protocol: PROTOCOL, id: 'kerberos', capabilities: ['negotiate', 'password', 'health'] } })
    return prover
  } catch (error) {
    say({ refused: error instanceof Error ? error.message : String(error) })
    return undefined
  }
}

function answer(prover: Prover, { id, method, params }: Extract<ToSidecar, { id: number }>): FromSidecar {
  try {
    // the parameters are those of the method: both sides are ours
    return { id, result: prover[method](params as never) }
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) }
    return { id, error: { name, message } }
  }
}

/** At once: what a later crash takes with it must not be an answer that was already found. */
function say(message: FromSidecar): void {
  const bytes = new TextEncoder().encode(`${JSON.stringify(message)}\n`)
  for (let written = 0; written < bytes.byteLength; ) written += writeSync(1, bytes, written)
}
