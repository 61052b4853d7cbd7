/** One compiled server that benchmarks load, with somebody logged in. */
import { openSync } from 'node:fs'
import { join } from 'node:path'
import { compile } from '../../.ci/build.ts'
import { runExecutable } from '../harness/executable.ts'
import { temporaryFolder } from '../harness/storage-sqlite.ts'
import type { Shot } from './load.ts'
import { PERSON } from './person.ts'

export interface ServerUnderLoad extends AsyncDisposable {
  readonly url: string
  /** An exchange of an identity token for an access token. */
  readonly exchange: Shot
  /** The same size of answer with nothing behind it but a signature. */
  readonly bareAnswer: Shot
}

export async function startServer(executable: string): Promise<ServerUnderLoad> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(temporaryFolder()).path
  const initialised = await runExecutable({ executable, folder }, 'init', '--port', '0', '--public-url', PUBLIC_URL)
  if (initialised.code !== 0) throw new Error(`Cannot set up a server: ${initialised.err}`)
  const server = join(folder, 'server')
  await compile({ outfile: server, commit: 'bench', entry: 'test/bench/server-with-bare-answer.ts' })
  // The log goes to a file, as it does in practice: reading it here would take the processor from the server.
  const child = Bun.spawn([server], {
    cwd: folder,
    env: {},
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: openSync(join(folder, 'log'), 'w'),
  })
  stack.defer(async () => {
    child.kill('SIGKILL')
    await child.exited
  })
  const { url, bareUrl } = await addresses(child.stdout)
  const headers = { authorization: `Bearer ${await logIn(url)}` }
  const disposal = stack.move()
  return {
    url,
    exchange: { url: `${url}/auth/session/token`, method: 'POST', headers },
    bareAnswer: { url: `${bareUrl}/bare`, method: 'POST', headers },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
}

const PUBLIC_URL = 'http://login.example'

async function addresses(stdout: ReadableStream<Uint8Array>): Promise<{ url: string; bareUrl: string }> {
  const decoder = new TextDecoder()
  let said = ''
  for await (const chunk of stdout) {
    said += decoder.decode(chunk, { stream: true })
    if (said.endsWith('\n')) return JSON.parse(said) as { url: string; bareUrl: string } // our own process
  }
  throw new Error(`The server under load ended before it listened: ${said}`)
}

async function logIn(url: string): Promise<string> {
  const { username, password, vhost } = PERSON
  const body = JSON.stringify({ username, password, vhost })
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`${url}/auth/session/login`, { method: 'POST', headers, body })
  const { id_token } = (await answer.json()) as { id_token?: string } // our own API
  if (id_token === undefined) throw new Error(`Cannot log in to the server under load: ${answer.status}`)
  return id_token
}
