/** Builds the executable, sets up a data folder if there is none, starts the server and says how to talk to it. */
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { commitOf, compile } from './build.ts'

const root = join(import.meta.dir, '..')
const leveret = join(root, 'dist', 'leveret')
const folder = resolve(process.argv[2] ?? join(root, 'leveret-data'))

/** What `leveret init --json` says of the first administrator; the password is told once, here. */
interface Initialised {
  readonly administrator: { readonly username: string; readonly password: string }
}

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

/** `undefined` if everything was set up before. */
async function setUp(): Promise<Initialised['administrator'] | undefined> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  if (await Bun.file(join(folder, 'leveret.toml')).exists()) return undefined
  const { administrator } = await run<Initialised>('init')
  return administrator
}

function introduce(url: string, administrator: Initialised['administrator'] | undefined): void {
  const who = {
    username: administrator?.username ?? 'admin',
    password: administrator?.password ?? 'YOUR PASSWORD',
    vhost: 'prod',
  }
  const field = (name: string): string => `sed 's/.*"${name}":"\\([^"]*\\)".*/\\1/'`
  console.log(`
Leveret listens on ${url}; its configuration and data are in ${folder}.
`)
  if (administrator) {
    console.log(`First administrator: ${who.username}
One-time password:   ${who.password}
It is shown only now; "leveret user set-password ${who.username}" in that folder sets your own.
`)
  } else {
    console.log('It was set up before. Who forgot the password runs "leveret user set-password NAME" in that folder.\n')
  }
  console.log(`Log in, get a token for the vhost prod, look at the session:

ID=$(curl -s ${url}/auth/session/login -H 'content-type: application/json' -d '${JSON.stringify(who)}' | ${field('id_token')})
curl -s -X POST ${url}/auth/session/token -H "authorization: Bearer $ID"
curl -s ${url}/auth/session -H "authorization: Bearer $ID"
`)
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
const administrator = await setUp()
const server = Bun.spawn([leveret, 'serve'], { cwd: folder, stdin: 'ignore', stdout: 'pipe', stderr: 'inherit' })
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => server.kill(signal))
await listening(server.stdout, (url) => introduce(url, administrator))
process.exit(await server.exited)
