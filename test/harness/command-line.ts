/** The command line for tests: in this process with an own folder and input, or as the program that it is. */
import { mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Io } from '../../src/cli/command.ts'
import { root } from '../../src/cli/commands.ts'
import { runCommandLine } from '../../src/cli/run.ts'
import { refuseSecrets, secretsOf } from './canaries.ts'

const repository = join(import.meta.dir, '../..')
/** The program from its sources, whatever folder it is started in: Bun takes how JSX is compiled from that folder else. */
export const PROGRAM = [
  process.execPath,
  `--tsconfig-override=${join(repository, 'tsconfig.json')}`,
  join(repository, 'src/main.ts'),
]

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface Typed {
  /** What is on the input, when nobody is typing. */
  readonly input?: string
  /** What somebody types, line by line; makes it a terminal. */
  readonly answers?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly color?: boolean
}

export interface Workplace extends AsyncDisposable {
  readonly folder: string
  run(words: readonly string[], typed?: Typed): Promise<Ran>
  /** Runs with `--json` and expects it to work. */
  json<T>(words: readonly string[], typed?: Typed): Promise<T>
  /** The program itself, in this folder. */
  start(words: readonly string[], env?: Readonly<Record<string, string>>): Program
}

/** A folder of its own to run commands in. */
export async function workplace(): Promise<Workplace> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'leveret-cli-')))
  const started: Program[] = []
  async function run(words: readonly string[], typed: Typed = {}): Promise<Ran> {
    let out = ''
    let err = ''
    const io = inputOutput(folder, typed, {
      out: (text) => {
        out += text
      },
      err: (text) => {
        err += text
      },
    })
    const code = await runCommandLine(root, words, io)
    return { code, out, err }
  }
  return {
    folder,
    run,
    async json<T>(words: readonly string[], typed?: Typed) {
      const { code, out, err } = await run([...words, '--json'], typed)
      if (code !== 0) throw new Error(`leveret ${words.join(' ')} ended with ${code}: ${err}${out}`)
      return JSON.parse(out) as T // what the test says the command answers
    },
    start(words, env = {}) {
      const program = startProgram(words, { folder, env })
      started.push(program)
      return program
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(started.map((each) => each[Symbol.asyncDispose]()))
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function inputOutput(cwd: string, typed: Typed, written: Pick<Io, 'out' | 'err'>): Io {
  const { input = '', answers, env = {}, color = false } = typed
  const lines = [...(answers ?? [])]
  const next = async (prompt: string): Promise<string> => {
    written.err(prompt)
    const line = lines.shift()
    if (line === undefined) throw new Error(`Nobody answers: ${prompt}`)
    return line
  }
  return {
    env,
    cwd,
    now: Date.now,
    color,
    ...written,
    input: { terminal: answers !== undefined, all: async () => input, line: next, hidden: next },
    wait: async () => undefined,
    onSignal: () => ({ [Symbol.dispose]: () => undefined }),
  }
}

export interface Program extends AsyncDisposable {
  readonly pid: number
  readonly exited: Promise<number>
  kill(signal: NodeJS.Signals): void
  /** Resolves with all of the output or the log so far when it matches; rejects when the program ends before. */
  saw(stream: 'out' | 'err', pattern: RegExp): Promise<string>
}

function startProgram(
  words: readonly string[],
  { folder, env }: { readonly folder: string; readonly env: Readonly<Record<string, string>> },
): Program {
  const child = Bun.spawn([...PROGRAM, ...words], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const text = { out: '', err: '' }
  const watchers = new Set<() => void>()
  const read = async (stream: 'out' | 'err', from: ReadableStream<Uint8Array>): Promise<void> => {
    const decoder = new TextDecoder()
    for await (const chunk of from) {
      text[stream] += decoder.decode(chunk, { stream: true })
      for (const watcher of watchers) watcher()
    }
  }
  const ended = Promise.all([read('out', child.stdout), read('err', child.stderr), child.exited])
  return {
    pid: child.pid,
    exited: child.exited,
    kill: (signal) => child.kill(signal),
    saw(stream, pattern) {
      const { promise, resolve, reject } = Promise.withResolvers<string>()
      const look = (): void => {
        if (!pattern.test(text[stream])) return
        watchers.delete(look)
        resolve(text[stream])
      }
      watchers.add(look)
      look()
      void ended.then(() =>
        reject(new Error(`The program ended before it said ${pattern.source}: ${text.out}${text.err}`)),
      )
      return promise
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
      refuseSecrets(text.err, secretsOf(env))
    },
  }
}
