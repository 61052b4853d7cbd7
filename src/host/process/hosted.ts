/**
 * A TypeScript plugin as a process: the same executable started again, speaking the sidecar protocol for a module that
 * knows nothing of it.
 */
import { Console } from 'node:console'
import { Value } from '@sinclair/typebox/value'
import { oneLine } from '../plugin-error.ts'
import { type AnyPlugin, importPlugin } from '../plugin-module.ts'
import { applyFilter } from '../sandbox/bpf.ts'
import { sealingFilter } from '../sandbox/seccomp.ts'
import { type Calls, createCalls, createServing, type Handler, type Serving } from './calls.ts'
import { hostedLogin } from './hosted-login.ts'
import { hostedStorage } from './hosted-storage.ts'
import { LIMITS } from './limits.ts'
import { isTooLong, readLines } from './lines.ts'
import { type Hello, PROTOCOL, type ToPlugin } from './messages.ts'

/** The hidden subcommand: `plugin-host FILE PATH [sealed]`. */
export const HOST_COMMAND = 'plugin-host'

/** Nothing is to be executed from here on, not even this program again. */
export const SEALED = 'sealed'

/** What an opened plugin offers over the protocol. */
export interface Offer extends AsyncDisposable {
  readonly capabilities: readonly string[]
  readonly handlers: Readonly<Record<string, Handler>>
}

export interface Line {
  readonly calls: Calls
  readonly send: (message: object) => void
  readonly signal: AbortSignal
}

/** Runs until the server says so or is gone; ends the process. `argv` is what follows the subcommand. */
export async function hostedMain(argv: readonly string[]): Promise<never> {
  const [file = '', path = file, sealed] = argv
  if (sealed === SEALED) applyFilter(sealingFilter(), 'all')
  const { send, flushed } = standardOutput()
  const stopping = new AbortController()
  const calls = createCalls({ send })
  let opening: Promise<Offer | undefined> | undefined
  let serving: Serving | undefined
  for await (const line of readLines(Bun.stdin.stream(), LIMITS.line)) {
    const message = JSON.parse(line) as ToPlugin // the server is trusted to speak its own protocol
    if ('hello' in message) {
      opening = open({ file, path }, message.hello, { calls, send, signal: stopping.signal }).then((offer) => {
        if (offer) serving = createServing(offer.handlers, send)
        return offer
      })
    } else if ('method' in message) serving?.serve(message)
    else if ('cancel' in message) serving?.cancel(message.cancel)
    else if ('ping' in message) send({ pong: message.ping })
    else if ('id' in message) calls.answered(message)
    else break
  }
  stopping.abort()
  const offer = await opening
  await serving?.idle() // what was asked for before the end is still done
  calls.fail('the server is gone')
  await offer?.[Symbol.asyncDispose]()
  await flushed()
  process.exit(0)
}

/** Opens the plugin and says hello, or why it cannot. */
async function open(
  { file, path }: { readonly file: string; readonly path: string },
  hello: Hello,
  line: Line,
): Promise<Offer | undefined> {
  try {
    const plugin = await importPlugin(file, path)
    const offer = await offerOf(plugin, hello, line)
    line.send({ hello: { protocol: PROTOCOL, id: plugin.type, capabilities: offer.capabilities } })
    return offer
  } catch (error) {
    line.send({ refused: oneLine(error instanceof Error ? error.message : String(error)) })
    return undefined
  }
}

async function offerOf(plugin: AnyPlugin, hello: Hello, line: Line): Promise<Offer> {
  const config: unknown = Value.Decode(plugin.config, hello.config)
  return plugin.kind === 'login'
    ? hostedLogin(plugin, { config, hello, line })
    : hostedStorage(plugin, { config, hello, line })
}

/** The protocol has standard output to itself: what the plugin prints goes where its other words for people go. */
function standardOutput() {
  const sink = Bun.stdout.writer()
  let written: Promise<unknown> = Promise.resolve()
  Object.assign(globalThis.console, new Console(process.stderr, process.stderr))
  process.stdout.write = process.stderr.write.bind(process.stderr)
  const write = async (line: string): Promise<void> => {
    await sink.write(line)
    await sink.flush()
  }
  return {
    /** Queued, for a pipe takes only so much at a time. A server that is gone is told by the end of standard input. */
    send: (message: object): void => {
      const text = JSON.stringify(message)
      const line = isTooLong(text, LIMITS.line) && 'id' in message ? JSON.stringify(tooLong(message.id)) : text
      written = written.then(() => write(`${line}\n`)).catch(() => undefined)
    },
    flushed: () => written,
  }
}

function tooLong(id: unknown): object {
  return { id, error: { name: 'RangeError', message: 'the answer is longer than a line may be' } }
}
