/** The server's side of one sidecar process, from its start to its end. */
import { join } from 'node:path'
import {
  type FromSidecar,
  linesOf,
  type Method,
  type Methods,
  PROTOCOL,
  type Proof,
  SIDECAR,
  type SidecarConfig,
} from './protocol.ts'

export interface SidecarOptions {
  readonly instance: string
  readonly config: SidecarConfig
  /** All there is: the environment of the server is not handed on. */
  readonly env: Readonly<Record<string, string>>
  /** Only root can start it as somebody else. */
  readonly user?: { readonly uid: number; readonly gid: number }
  /** Milliseconds that an answer may take; then the process is killed, because nothing else stops a blocked call. */
  readonly timeout: number
}

export interface SidecarProcess {
  readonly pid: number
  /** Rejects with one sentence if it cannot work. */
  readonly ready: Promise<void>
  /** Resolves with how it came to its end. */
  readonly ended: Promise<string>
  /** Requests under way. */
  busy(): number
  /** Rejects with a `Lost` if no answer can come any more. */
  ask<M extends Method>(method: M, params: Methods[M]): Promise<Proof>
  stop(): Promise<void>
}

/** The process ended before it answered. */
export class Lost extends Error {
  override name = 'Lost'
}

const HELLO_DEADLINE = 10_000
const STOP_DEADLINE = 1_000
/** Of what it writes to standard error, the end, where a crash is told. */
const REMEMBERED = 600

export function startSidecar({ instance, config, env, user, timeout }: SidecarOptions): SidecarProcess {
  const child = Bun.spawn(command(), {
    cwd: '/',
    env: { ...env },
    ...user,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const waiting = new Map<number, PromiseWithResolvers<Proof>>()
  const greeting = Promise.withResolvers<void>()
  let last = 0
  let killedFor: string | undefined
  let gone: string | undefined
  let said = ''

  const send = (message: object): void => void write(child.stdin, `${JSON.stringify(message)}\n`)
  const kill = (why: string): void => {
    killedFor ??= why
    child.kill('SIGKILL')
  }
  const take = (message: FromSidecar): void => {
    if ('hello' in message) return greeting.resolve()
    if ('refused' in message) return greeting.reject(new Error(message.refused))
    const asked = waiting.get(message.id)
    if ('error' in message) asked?.reject(new Error(message.error.message))
    else asked?.resolve(message.result)
  }
  const reading = (async () => {
    for await (const line of linesOf(child.stdout)) take(JSON.parse(line) as FromSidecar) // our own process
  })().catch(() => kill('it wrote what cannot be read'))
  const listening = (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of child.stderr) said = (said + decoder.decode(chunk, { stream: true })).slice(-REMEMBERED)
  })().catch(() => undefined)

  const ended = child.exited.then(async (code) => {
    await Promise.all([reading, listening]) // its last answers may still be in the pipe
    const how = killedFor ?? `it ended (${child.signalCode ?? `exit code ${code}`}) ${said}`.trim()
    gone = how
    for (const { reject } of waiting.values()) reject(new Lost(how))
    greeting.reject(new Lost(how))
    return how
  })
  const ready = within(HELLO_DEADLINE, greeting.promise, () => kill('it did not start in time'))
  ready.catch(() => undefined) // whoever waits for it is told
  send({ hello: { protocol: PROTOCOL, instance, config } })

  return {
    pid: child.pid,
    ready,
    ended,
    busy: () => waiting.size,
    async ask(method, params) {
      if (gone !== undefined) throw new Lost(gone)
      const id = ++last
      const asked = Promise.withResolvers<Proof>()
      waiting.set(id, asked)
      try {
        send({ id, method, params, deadline: timeout })
        return await within(timeout, asked.promise, () => kill(`it did not answer within ${timeout} ms`))
      } finally {
        waiting.delete(id)
      }
    },
    async stop() {
      killedFor ??= 'it was stopped'
      void write(child.stdin, `${JSON.stringify({ shutdown: { deadline: STOP_DEADLINE } })}\n`, 'and end')
      await within(STOP_DEADLINE, ended, () => kill('it was stopped'))
    },
  }
}

/** The pipe of a process that just died is no failure: its end is told elsewhere. */
async function write(stdin: Bun.FileSink, line: string, then?: 'and end'): Promise<void> {
  try {
    await stdin.write(line)
    await (then ? stdin.end() : stdin.flush())
  } catch {
    // see above
  }
}

async function within<T>(milliseconds: number, work: Promise<T>, late: () => void): Promise<T> {
  const timer = setTimeout(late, milliseconds)
  try {
    return await work
  } finally {
    clearTimeout(timer)
  }
}

/** This program started again: the executable itself, or Bun with our entry in a checkout. */
function command(): string[] {
  const compiled = import.meta.dir.startsWith('/$bunfs')
  return compiled
    ? [process.execPath, SIDECAR]
    : [process.execPath, '--no-install', join(import.meta.dir, 'sidecar-entry.ts')]
}
