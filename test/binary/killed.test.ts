/** The executable is killed under load fifty times: what it acknowledged over HTTP is there when it is started again. */
import { expect, test } from 'bun:test'
import { builtExecutable, type RunningExecutable, serveExecutable } from '../harness/executable.ts'
import { temporaryFolder } from '../harness/storage-sqlite.ts'
import { logIn, PASSWORD, type Send, sender, setUp } from './operate.ts'

const ROUNDS = 50

/** What a request of a client acknowledged, as what has to be found: a path, and the status of a GET with this token. */
interface Promised {
  readonly path: string
  readonly status: number
  readonly token: string
}

/** Each client waits for its answer before it goes on, and acknowledges it; `serial` makes its names its own. */
const CLIENTS: readonly ((
  send: Send,
  token: string,
  serial: string,
  kept: (promised: Promised) => void,
) => Promise<void>)[] = [
  async function users(send, token, serial, kept) {
    expect(await send('POST', '/users', token, { username: `u${serial}` })).toMatchObject({ status: 201 })
    kept({ path: `/users/u${serial}`, status: 200, token })
  },
  async function rules(send, token, serial, kept) {
    const rule = { subjectKind: 'group', subject: `g${serial}`, vhost: 'prod', write: ['*'] }
    const { status, body } = await send('POST', '/rabbitmq/rules', token, rule)
    expect(status).toBe(201)
    const path = `/rabbitmq/rules/${String(body['id'])}`
    if (serial.endsWith('0')) {
      expect(await send('DELETE', path, token)).toMatchObject({ status: 204 })
      kept({ path, status: 404, token })
    } else kept({ path, status: 200, token })
  },
  async function logins(send, _, serial, kept) {
    const mine = await logIn(send, { username: 'worker', password: PASSWORD })
    if (/[02468]$/.test(serial)) {
      expect(await send('POST', '/auth/session/logout', mine)).toMatchObject({ status: 204 })
      kept({ path: '/auth/session', status: 401, token: mine })
    } else kept({ path: '/auth/session', status: 200, token: mine })
  },
]
const COPIES = 3

/** Lets the clients work until so much is acknowledged, kills the server among it, and tells what was. */
async function loadAndKill(
  server: RunningExecutable,
  token: string,
  { round, enough }: { round: number; enough: number },
) {
  const send = sender(server.url)
  const all: Promised[] = []
  let killed = false
  const work = Array.from({ length: COPIES }, (_, copy) =>
    CLIENTS.map(async (client) => {
      for (let count = 0; !killed; count++)
        await client(send, token, `${round}-${copy}-${count}`, (promised) => {
          all.push(promised)
          if (all.length < enough || killed) return
          killed = true
          server.kill()
        })
    }),
  )
  for (const end of await Promise.allSettled(work.flat())) {
    // A request that the kill cut off says nothing; a wrong answer would.
    if (end.status === 'rejected' && !isCutOff(end.reason)) throw end.reason
  }
  return all
}

/** The connection failed, which a client can tell by a code; a wrong answer has none. */
function isCutOff(error: unknown): boolean {
  return error instanceof Error && 'code' in error
}

async function missing(server: RunningExecutable, promised: readonly Promised[]): Promise<string[]> {
  const send = sender(server.url)
  const found: string[] = []
  for (const { path, status, token } of promised) {
    const answer = await send('GET', path, token)
    if (answer.status !== status) found.push(`${path}: ${answer.status}, not ${status}`)
  }
  return found
}

test(`nothing acknowledged is missing after ${ROUNDS} kills under load`, async () => {
  using folder = temporaryFolder()
  const start = { executable: await builtExecutable(), folder: folder.path }
  const token = await setUp(start)
  const all: Promised[] = []
  let last: readonly Promised[] = []
  for (let round = 1; round <= ROUNDS; round++) {
    await using server = await serveExecutable(start)
    expect(await missing(server, last)).toEqual([])
    last = await loadAndKill(server, token, { round, enough: 20 + ((round * 11) % 80) })
    all.push(...last)
  }
  await using server = await serveExecutable(start)
  expect(await missing(server, all)).toEqual([])
  expect(new Set(all.map(({ path }) => path.split('/')[1])).size).toBe(3)
}, 120_000)
