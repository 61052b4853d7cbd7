/**
 * One plugin process from its start to its end. What it writes is believed only as far as the protocol goes: anything
 * else ends it, and the requests under way with it.
 */
import { Value } from '@sinclair/typebox/value'
import type { Logger } from '#plugin'
import { within } from '../deadline.ts'
import { oneLine } from '../plugin-error.ts'
import { type CallOptions, createCalls, createServing, type Handler, Unanswered } from './calls.ts'
import { budget, type Limits } from './limits.ts'
import { isTooLong, NoLine, readLines } from './lines.ts'
import { watchMemory } from './memory.ts'
import { FromPlugin, type Hello, type ToPlugin } from './messages.ts'

export interface ChildOptions {
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** What the process has to call itself. */
  readonly id: string
  readonly hello: Hello
  readonly log: Logger
  readonly limits: Limits
  /** Who hears what it tries outside its permissions, if anybody does. */
  readonly watched?: Watched
  /** Requests of the plugin to the server. */
  readonly handlers: Readonly<Record<string, Handler>>
  readonly changed?: (collections: readonly string[]) => void
}

/** One more descriptor to be inherited, and when it starts and when it has started. */
export interface Watched extends Disposable {
  readonly socket: number
  /** Calls back if it cannot go on because nobody answers what the kernel asks about it. */
  starts(lost: () => void): void
  greets(): void
  /** Its sandbox ended it. */
  killed(): void
}

export interface Child {
  readonly capabilities: ReadonlySet<string>
  call(method: string, params: Readonly<Record<string, unknown>>, options: CallOptions): Promise<unknown>
  /** Resolves with the reason when the process is gone. */
  readonly ended: Promise<string>
  /** Asks it to end, waits, kills. */
  stop(): Promise<void>
}

/** The process did something that the protocol rules out. */
class Violation extends Error {
  override name = 'Violation'
}

/** Starts the process and exchanges hellos. Throws an `Error` with one sentence. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { log, limits, id, watched } = options
  watched?.starts(() => kill('nobody answers what its sandbox asks'))
  const child = Bun.spawn([...options.command], {
    cwd: '/',
    env: { ...options.env },
    stdio: ['pipe', 'pipe', 'pipe', ...(watched ? [watched.socket] : [])],
    detached: true, // a group of its own, to be killed as a whole
  })
  const affordable = budget(limits.unasked)
  const greeting = Promise.withResolvers<ReadonlySet<string>>()
  let reason: string | undefined

  const send = (message: ToPlugin | object): void => {
    if (reason !== undefined) return
    const text = JSON.stringify(message)
    if (isTooLong(text, limits.line)) throw new Unanswered('the request is longer than a line may be')
    void write(child.stdin, `${text}\n`)
  }
  const calls = createCalls({ send, late: () => pulse.doubt() })
  const serving = createServing(options.handlers, send)
  const kill = (why: string): void => {
    reason ??= why
    killGroup(child.pid)
    child.kill('SIGKILL') // where there are no groups
  }
  const pulse = createPulse({ send, grace: limits.grace, dead: () => kill('it hangs, and was killed') })

  const take = (line: string): void => {
    const message = parse(line)
    if (!('result' in message || 'error' in message) && !affordable(1 + line.length / 1024))
      throw new Violation('it floods')
    if ('hello' in message) {
      if (message.hello.id !== id) throw new Violation(`it calls itself "${oneLine(message.hello.id)}", not "${id}"`)
      watched?.greets()
      greeting.resolve(new Set(message.hello.capabilities))
    } else if ('refused' in message) greeting.reject(new Error(oneLine(message.refused)))
    else if ('pong' in message) pulse.beat()
    else if ('log' in message) log[message.log.level](oneLine(message.log.message), message.log.fields)
    else if ('changed' in message) options.changed?.(message.changed)
    else if ('method' in message) {
      if (serving.underWay() >= limits.requests) throw new Violation('it floods')
      serving.serve(message)
    } else {
      const answered = calls.answered(message)
      if (answered === 'never asked') throw new Violation('it answers what nobody asked')
      if (answered === 'late' && !affordable(1)) throw new Violation('it floods')
    }
  }
  const read = async (): Promise<void> => {
    try {
      for await (const line of readLines(child.stdout, limits.line)) {
        if (reason !== undefined) return
        if (line.trim() !== '') take(line)
      }
    } catch (error) {
      if (error instanceof Violation) kill(error.message)
      else if (error instanceof NoLine) kill(`it writes ${error.message}`)
      else kill(`what it writes cannot be taken: ${oneLine(String(error))}`)
    }
  }
  const reading = read()
  void passOn(child.stderr, options)
  const memory = watchMemory(child.pid, limits.memory, () => kill('it takes more memory than it may'))
  const ended = child.exited.then(async (code) => {
    memory[Symbol.dispose]()
    pulse.beat()
    killGroup(child.pid) // what it left behind
    if (child.signalCode === 'SIGSYS') watched?.killed()
    await within(limits.grace, reading) // its last answers may still be in the pipe
    const said = (reason ??= endOf(code, child.signalCode))
    calls.fail(said)
    serving.abort()
    greeting.reject(new Error(said))
    return said
  })

  send({ hello: options.hello })
  const tooLate = setTimeout(() => kill(`no hello within ${limits.hello} ms`), limits.hello)
  let capabilities: ReadonlySet<string>
  try {
    capabilities = await greeting.promise
  } catch (error) {
    kill('refused')
    throw error
  } finally {
    clearTimeout(tooLate)
  }
  return {
    capabilities,
    ended,
    async call(method, params, how) {
      if (reason !== undefined) throw new Unanswered(reason)
      if (calls.underWay() >= limits.requests) throw new Unanswered('too many requests are under way')
      return calls.call(method, params, how)
    },
    async stop() {
      send({ shutdown: { deadline: limits.shutdown } })
      void Promise.resolve(child.stdin.end()).catch(() => undefined)
      const timer = setTimeout(() => kill('it did not end in time'), limits.shutdown)
      await ended
      clearTimeout(timer)
    },
  }
}

function endOf(code: number, signal: NodeJS.Signals | number | null): string {
  if (signal === 'SIGSYS') return 'its sandbox ended it: it tried what it has no permission for (SIGSYS)'
  return signal === null ? `it ended (exit code ${code})` : `it ended (${signal})`
}

function parse(line: string): FromPlugin {
  let message: unknown
  try {
    message = JSON.parse(line)
  } catch {
    throw new Violation('it writes what is not JSON')
  }
  if (!Value.Check(FromPlugin, message)) throw new Violation('it writes what the protocol does not know')
  return message
}

/** The pipe of a process that just died is no failure: its end is told elsewhere. */
async function write(stdin: Bun.FileSink, text: string): Promise<void> {
  try {
    await stdin.write(text)
    await stdin.flush()
  } catch {
    // see above
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // nobody is left
  }
}

interface PulseOptions {
  readonly send: (message: object) => void
  readonly grace: number
  readonly dead: () => void
}

/** Asked only in doubt: a request was not answered in time, so is anybody there? */
function createPulse({ send, grace, dead }: PulseOptions) {
  let timer: ReturnType<typeof setTimeout> | undefined
  let count = 0
  return {
    doubt() {
      if (timer !== undefined) return
      send({ ping: ++count })
      timer = setTimeout(dead, grace)
    },
    beat() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}

/** Standard error becomes lines of the log, as many as are affordable. */
async function passOn(stderr: ReadableStream<Uint8Array>, { log, limits }: ChildOptions): Promise<void> {
  const affordable = budget(limits.unasked)
  let dropped = 0
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of stderr) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = (lines.pop() ?? '').slice(0, 1_000)
    for (const line of lines) {
      if (line.trim() === '') continue
      if (affordable(1)) log.warn('plugin writes to standard error', { text: oneLine(line) })
      else dropped++
    }
  }
  if (dropped > 0) log.warn('plugin wrote too much to standard error', { dropped })
}
