/** Logins by ticket, against the reading of a ticket alone. */
import { join } from 'node:path'
import { runExecutable, serveExecutable } from '../harness/executable.ts'
import { type Kdc, REALM, SERVICE, startKdc } from '../harness/kdc.ts'
import { temporaryFolder } from '../harness/storage-sqlite.ts'
import { runTool } from '../harness/tool.ts'
import { type Bench, median } from './bench.ts'
import { answersPerSecond } from './load.ts'

const PEOPLE = ['alice', 'bob', 'carol', 'dave']
/** Rounds that are not counted: some 10,000 logins pass before the runtime has compiled what they take. */
const WARM_UP = 3
const ROUNDS = 3
/** More than are used up while one round is measured. */
const TICKETS_OF_EACH = 4_000

export const negotiate: Bench = {
  name: 'negotiate logins',
  async run({ executable }) {
    await using stack = new AsyncDisposableStack()
    const folder = stack.use(temporaryFolder()).path
    const kdc = stack.use(await startKdc({ people: Object.fromEntries(PEOPLE.map((name) => [name, 'secret'])) }))
    await setUp({ executable, folder }, kdc)
    const { url } = stack.use(await serveExecutable({ executable, folder }))
    const logins: number[] = []
    const bare: number[] = []
    for (let round = 0; round < WARM_UP + ROUNDS; round++) {
      const authorizations = await tickets(kdc, join(folder, `tickets-${round}`))
      const login = await answersPerSecond({ url: `${url}/auth/session/login`, method: 'POST', authorizations })
      const acceptor = [process.execPath, join(import.meta.dir, 'accept-tickets.ts'), kdc.keytab]
      const accepted = await runTool([...acceptor, authorizations], { env: { KRB5_CONFIG: kdc.krb5Conf } })
      if (round < WARM_UP) continue
      logins.push(login)
      bare.push(Number(accepted))
    }
    const against = { what: 'reading a ticket alone', value: median(bare) }
    return [{ what: 'login by ticket, over HTTP', value: median(logins), unit: '/s', against, atLeast: 2_000 }]
  },
}

async function setUp(at: { readonly executable: string; readonly folder: string }, kdc: Kdc): Promise<void> {
  const run = async (...words: string[]) => {
    const { code, err } = await runExecutable(at, ...words)
    if (code !== 0) throw new Error(`Cannot set up a server: ${err}`)
  }
  await run('init', '--port', '0')
  for (const name of PEOPLE) await run('rule', 'add', '--user', name, '--vhost', 'prod', '--read', '*')
  const file = Bun.file(join(at.folder, 'leveret.toml'))
  const keys = {
    type: 'kerberos',
    keytab: kdc.keytab,
    services: [SERVICE],
    realms: [REALM],
    krb5Conf: kdc.krb5Conf,
    replayCache: join(kdc.folder, 'replay'),
  }
  const lines = Object.entries(keys).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`)
  await Bun.write(file, `${await file.text()}\n[[login]]\n${lines.join('')}`)
}

/** A file of headers; people take turns, so that their logins do not wait for each other. */
async function tickets(kdc: Kdc, file: string): Promise<string> {
  const maker = join(import.meta.dir, '../harness/ticket-maker.ts')
  const made = await Promise.all(
    PEOPLE.map(async (name) => {
      const env = await kdc.logIn(name, 'secret')
      const service = `${SERVICE}@${REALM}`
      return (await runTool([process.execPath, maker, service, String(TICKETS_OF_EACH)], { env })).trim().split('\n')
    }),
  )
  const turns = Array.from({ length: TICKETS_OF_EACH }, (_, turn) => made.map((own) => `Negotiate ${own[turn]}\n`))
  await Bun.write(file, turns.flat().join(''))
  return file
}
