/** Builds the executable, sets up a data folder if there is none, starts the server and says how to talk to it. */
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { curlLines, type Initialised } from '../src/cli/init-report.ts'
import { commitOf, compile } from './build.ts'

const root = join(import.meta.dir, '..')
const leveret = join(root, 'dist', 'leveret')
const folder = resolve(process.argv[2] ?? join(root, 'leveret-data'))

async function run<T>(...words: string[]): Promise<T> {
  const child = Bun.spawn([leveret, ...words, '--json'], {
    cwd: folder,
    env: { ...process.env, LEVERET_LOG_LEVEL: 'warn' },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const [code, out] = await Promise.all([child.exited, new Response(child.stdout).text()])
  if (code === 0) return JSON.parse(out) as T // our own command of the same version
  process.stderr.write(out)
  process.exit(code)
}

/** What was set up; `undefined` if that was done before. */
async function setUp(): Promise<Initialised | undefined> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (await Bun.file(join(folder, 'leveret.toml')).exists()) return undefined
  return await run<Initialised>('init', '--port', String(freePort(8080)))
}

/** The wanted port, or another one if somebody listens there. */
function freePort(wanted: number): number {
  const listener = { hostname: '127.0.0.1', socket: { data: () => undefined } }
  const probe = (port: number): number => {
    using server = Bun.listen({ ...listener, port })
    return server.port
  }
  try {
    return probe(wanted)
  } catch {
    return probe(0)
  }
}

function introduce(url: string, done: Initialised | undefined): void {
  const administrator = done?.administrator ?? { username: 'admin', password: 'YOUR PASSWORD' }
  const setPassword = `dist/leveret user set-password ${administrator.username} --config ${folder}/leveret.toml`
  console.log(`\nLeveret listens on ${url}; its configuration and data are in ${folder}.\n`)
  if (done) {
    console.log(`First administrator: ${administrator.username}
One-time password:   ${administrator.password}
It is shown only now; this sets your own:

  ${setPassword}
`)
  } else {
    console.log(`It was set up before. Who forgot the password sets a new one:\n\n  ${setPassword}\n`)
  }
  const lines = curlLines({ publicUrl: url, ca: null, vhost: 'prod', ...done, administrator })
  console.log(`Log in, get a token for the vhost prod, look at the session:\n\n${lines.join('\n')}\n`)
  if (!Bun.which('curl')) console.log('These lines need curl, which is not installed: apt-get install curl\n')
}

/** The line in which `serve` says where it listens; `undefined` if it ended instead. Later output is passed on. */
async function listening(output: ReadableStream<Uint8Array>, onUrl: (url: string) => void): Promise<void> {
  const decoder = new TextDecoder()
  let text: string | undefined = ''
  for await (const chunk of output) {
    process.stdout.write(chunk)
    if (text === undefined) continue
    text += decoder.decode(chunk, { stream: true })
    const [, url] = /Listening on (http\S+)\n/.exec(text) ?? []
    if (url === undefined) continue
    text = undefined
    onUrl(url)
  }
}

console.log('quickstart: building dist/leveret')
await compile({ outfile: leveret, commit: commitOf(process.env) })
const done = await setUp()
const server = Bun.spawn([leveret, 'serve'], { cwd: folder, stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.kill(signal))
await listening(server.stdout, (url) => introduce(url, done))
process.exit(await server.exited)
