/** One compiled server that benchmarks load, with somebody logged in. */
import { openSync } from 'node:fs'
import { join } from 'node:path'
import { compile } from '../../.ci/build.ts'
import { runExecutable } from '../harness/executable.ts'
import { temporaryFolder } from '../harness/storage-sqlite.ts'
import { firstLine } from './first-line.ts'
import type { Shot } from './load.ts'
import { PERSON } from './person.ts'

export interface ServerUnderLoad extends AsyncDisposable {
  readonly url: string
  /** An exchange of an identity token for an access token. */
  readonly exchange: Shot
  /** The same size of answer with nothing behind it but a signature. */
  readonly signedAnswer: Shot
  /** The same without the signature. */
  readonly plainAnswer: Shot
  /** The Authorization header of a client that may have tokens of its own and, by password, those of the person. */
  readonly basic: string
}

/** With as many processes as `processes` says, a number or `auto`. */
export async function startServer(executable: string, processes = '1'): Promise<ServerUnderLoad> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(temporaryFolder()).path
  const initialised = await runExecutable({ executable, folder }, 'init', '--port', '0', '--public-url', PUBLIC_URL)
  if (initialised.code !== 0) throw new Error(`Cannot set up a server: ${initialised.err}`)
  const server = join(folder, 'server')
  await compile({ outfile: server, commit: 'bench', entry: 'test/bench/server-with-bare-answer.ts' })
  // The log goes to a file, as it does in practice: reading it here would take the processor from the server.
  const child = Bun.spawn([server], {
    cwd: folder,
    env: { LEVERET_LISTEN_PROCESSES: processes },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: openSync(join(folder, 'log'), 'w'),
  })
  stack.defer(async () => {
    child.kill('SIGKILL')
    await child.exited
  })
  const { url, bareUrl, basic } = await firstLine<Said>(child.stdout)
  const headers = { authorization: `Bearer ${await logIn(url)}` }
  const disposal = stack.move()
  return {
    url,
    exchange: { url: `${url}/auth/session/token`, method: 'POST', headers },
    signedAnswer: { url: `${bareUrl}/signed`, method: 'POST', headers },
    plainAnswer: { url: `${bareUrl}/plain`, method: 'POST', headers },
    basic,
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
}

const PUBLIC_URL = 'http://login.example'

interface Said {
  readonly url: string
  readonly bareUrl: string
  readonly basic: string
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
