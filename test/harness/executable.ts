/** The compiled executable: built once for the sources as they are, started in folders of its own. */
import { createHash } from 'node:crypto'
import { copyFile, mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { compile } from '../../.ci/build.ts'
import { refuseSecrets, secretsOf } from './canaries.ts'

const root = join(import.meta.dir, '../..')

/** Path of the executable of these sources; the second caller, in this process or the next, finds the first one's. */
export async function builtExecutable(): Promise<string> {
  const place = join(root, 'dist', 'test', `leveret-${await digestOfSources()}`)
  if (await Bun.file(place).exists()) return place
  const fresh = join(root, 'dist', 'test', `.new-${process.pid}`)
  await compile({ outfile: fresh, commit: 'tested' })
  await rename(fresh, place)
  return place
}

async function digestOfSources(): Promise<string> {
  const files = await Array.fromAsync(new Bun.Glob('{src,plugins}/**/*').scan(root))
  const hash = createHash('sha256')
  for (const file of [...files, 'package.json', 'bun.lock', '.ci/build.ts'].toSorted((a, b) => (a < b ? -1 : 1))) {
    hash.update(`${file}\0`).update(await Bun.file(join(root, file)).bytes())
  }
  return hash.digest('hex').slice(0, 16)
}

export async function copyExecutable(executable: string, to: string): Promise<string> {
  await mkdir(join(to, '..'), { recursive: true })
  await copyFile(executable, to)
  return to
}

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface Start {
  readonly executable: string
  /** The working directory. */
  readonly folder: string
  readonly env?: Readonly<Record<string, string>>
  /** `serve` logs into this file, as it does in practice, and `log` has nothing: reading takes the processor from the server. */
  readonly logFile?: string
}

export async function runExecutable({ executable, folder, env = {} }: Start, ...words: string[]): Promise<Ran> {
  const child = Bun.spawn([executable, ...words], { cwd: folder, env, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
  const [code, out, err] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ])
  return { code, out, err }
}

export interface RunningExecutable extends AsyncDisposable {
  /** The first URL it says that it listens on. */
  readonly url: string
  readonly pid: number
  /** What it logged so far. */
  log(): string
  /** SIGKILL, now. */
  kill(): void
  /** Ends it as a service manager would and returns the exit code. */
  stop(): Promise<number>
}

/** `serve`, and back once it listens. Throws with what it logged if it ends instead. */
export async function serveExecutable({ executable, folder, env = {}, logFile }: Start): Promise<RunningExecutable> {
  const stderr = logFile === undefined ? 'pipe' : Bun.file(logFile)
  const child = Bun.spawn([executable, 'serve'], { cwd: folder, env, stdin: 'ignore', stdout: 'pipe', stderr })
  const logged: string[] = []
  const logging = child.stderr instanceof ReadableStream ? collect(child.stderr, logged) : undefined
  const url = await listeningUrl(child.stdout)
  const stop = async (): Promise<number> => {
    child.kill('SIGTERM')
    await logging
    return child.exited
  }
  if (url === undefined) {
    await stop()
    throw new Error(`The executable ended with ${child.exitCode} before it listened:\n${logged.join('')}`)
  }
  return {
    url,
    pid: child.pid,
    log: () => logged.join(''),
    kill: () => child.kill('SIGKILL'),
    stop,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await child.exited
      refuseSecrets(logged.join(''), secretsOf(env))
    },
  }
}

async function collect(stream: ReadableStream<Uint8Array>, into: string[]): Promise<void> {
  const decoder = new TextDecoder()
  for await (const chunk of stream) into.push(decoder.decode(chunk, { stream: true }))
}

async function listeningUrl(stdout: ReadableStream<Uint8Array>): Promise<string | undefined> {
  const decoder = new TextDecoder()
  const reader = stdout.getReader()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    text += decoder.decode(value, { stream: !done })
    const [, url] = /Listening on (http\S+)\n/.exec(text) ?? []
    if (url !== undefined || done) {
      reader.releaseLock()
      return url
    }
  }
}
