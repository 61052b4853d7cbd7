/**
 * Logins of people in a directory, over HTTP through the executable, against what the LDAP library alone needs to connect,
 * bind and search; and logins here while the directory is frozen and logins to it go on.
 */
import { Client } from 'ldapts'
import { runExecutable, serveExecutable } from '../harness/executable.ts'
import { startTestServer } from '../harness/server.ts'
import { BASE, SERVICE, type Slapd, startSlapd } from '../harness/slapd.ts'
import { entry } from '../harness/slapd-people.ts'
import { temporaryFolder } from '../harness/storage-sqlite.ts'
import { type Bench, median } from './bench.ts'
import { byMany, openLoop, timesOf } from '../harness/pace.ts'

const ROUNDS = 11
const SECONDS = 1
const IN_FLIGHT = 16
/** People that the directory of the tests has, `n0` and on. */
const PEOPLE = 120
const GROUP = 'everybody'
const LOCAL = { username: 'root', password: 'correct horse battery staple' }
/** To the frozen directory, a second. */
const FLOOD = 200

interface Beds extends AsyncDisposable {
  readonly slapd: Slapd
  logIn(who: { readonly username: string; readonly password: string }): Promise<number>
}

async function open(executable: string): Promise<Beds> {
  await using stack = new AsyncDisposableStack()
  const slapd = stack.use(await startSlapd({ ldif: everybody() }))
  const folder = stack.use(temporaryFolder()).path
  const start = { executable, folder, env: { SVC: SERVICE.bindPassword, PW: LOCAL.password } }
  const ran = async (...words: string[]) => {
    const { code, err } = await runExecutable(start, ...words)
    if (code !== 0) throw new Error(`leveret ${words.join(' ')} ended with ${code}: ${err}`)
  }
  await ran('init', '--port', '0', '--public-url', 'http://login.example')
  const file = `${folder}/leveret.toml`
  await Bun.write(file, `${await Bun.file(file).text()}\n${sectionFor(slapd)}`)
  await Bun.write(`${folder}/pw`, `${LOCAL.password}\n`)
  await Bun.$`chmod 600 ${folder}/pw`
  await ran('user', 'add', LOCAL.username, '--password-file', `${folder}/pw`)
  await ran('broker', 'add', 'main', '--version', '3.10')
  await ran('group', 'add', GROUP)
  await ran('rule', 'add', '--group', GROUP, '--vhost', 'prod', '--preset', 'owner')
  await ran('rule', 'add', '--user', LOCAL.username, '--vhost', 'prod', '--preset', 'owner')
  const { url } = stack.use(await serveExecutable(start))
  const request = {
    url: `${url}/auth/session/login`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  } as const
  const bodyOf = (who: object) => JSON.stringify({ ...who, vhost: 'prod' })
  const disposal = stack.move()
  return {
    slapd,
    async logIn(who) {
      const answer = await fetch(request.url, { ...request, body: bodyOf(who) })
      await answer.arrayBuffer()
      return answer.status
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
}

/** One group of everybody, for a rule. */
function everybody(): string {
  const member = Array.from({ length: PEOPLE }, (_each, index) => `cn=n${index},ou=User,${BASE}`)
  return entry(`cn=${GROUP},ou=Group,${BASE}`, { objectClass: 'groupOfNames', cn: GROUP, member })
}

function sectionFor({ ldaps, caFile }: Slapd): string {
  return `
[[login]]
type = "ldap"
id = "corp"
urls = ["${ldaps}"]
baseDn = "${BASE}"
bindDn = "${SERVICE.bindDn}"
bindPassword = { env = "SVC" }
tls = { caFile = "${caFile}" }
groups = { mode = "memberof" }
`
}

const personOf = (index: number) => {
  const username = `n${index % PEOPLE}`
  return { username, password: `${username} secret` }
}

/** Makes their records. */
async function everybodyOnce(beds: Beds): Promise<void> {
  for (let index = 0; index < PEOPLE; index++) await expectStatus(beds.logIn(personOf(index)), 200)
}

async function expectStatus(answer: Promise<number>, status: number): Promise<void> {
  const got = await answer
  if (got !== status) throw new Error(`A login was answered with ${got}, not ${status}`)
}

/** What cannot be left out: a connection of its own, the person's bind, one search. */
async function withLibraryAlone({ ldaps }: Slapd, ca: string, index: number): Promise<void> {
  const { username, password } = personOf(index)
  const client = new Client({ url: ldaps, tlsOptions: { ca } })
  await client.bind(`cn=${username},ou=User,${BASE}`, password)
  await client.search(BASE, { scope: 'sub', filter: `(uid=${username})`, sizeLimit: 2 })
  await client.unbind()
}

/** The pipeline of a login in this process: throttle, directory, record, groups, audit, on a store that keeps what it is told. */
async function pipeline({ slapd }: Beds) {
  const { login } = Bun.TOML.parse(sectionFor(slapd)) as { login: object[] } // our own text
  const local = { type: 'local', id: 'local' }
  const config = { login: [local, ...login], storage: { type: 'sqlite', durability: 'full' }, log: { level: 'warn' } }
  const server = await startTestServer({ config, listen: false, env: { SVC: SERVICE.bindPassword } })
  const caller = { actor: 'anonymous', ip: '127.0.0.1', requestId: 'bench' }
  return Object.assign(server, {
    logIn: async (index: number): Promise<void> => {
      await server.instance.core.login.withPassword(personOf(index), caller)
    },
  })
}

export const directory: Bench = {
  name: 'directory logins',
  async run({ executable }) {
    await using beds = await open(executable)
    await everybodyOnce(beds)
    await using here = await pipeline(beds)
    const ca = await Bun.file(beds.slapd.caFile).text()
    const pace = { seconds: SECONDS, inFlight: IN_FLIGHT }
    const rates: { logins: number; library: number; served: number }[] = []
    for (let round = 0; round <= ROUNDS; round++) {
      const library = await byMany(pace, (index) => withLibraryAlone(beds.slapd, ca, index))
      const logins = await byMany(pace, here.logIn)
      const served = await byMany(pace, (index) => expectStatus(beds.logIn(personOf(index)), 200))
      // The first round only warms up.
      if (round > 0) rates.push({ logins, library, served })
    }
    const of = (name: 'logins' | 'library' | 'served') => median(rates.map((each) => each[name]))
    const against = { what: 'ldapts: connect, bind, search', value: of('library') }
    return [
      { what: 'login with LDAP over ldaps', value: of('logins'), unit: '/s', against, ratio: { atLeast: 0.6 } },
      { what: 'the same over HTTP, with identity token', value: of('served'), unit: '/s', against },
    ]
  },
}

export const frozenDirectory: Bench = {
  name: 'frozen directory',
  async run({ executable }) {
    await using beds = await open(executable)
    await everybodyOnce(beds)
    const local = () => timesOf({ seconds: 6 * SECONDS, inFlight: 1 }, () => expectStatus(beds.logIn(LOCAL), 200))
    await local()
    const before = median(await local())
    beds.slapd.freeze()
    try {
      await using flood = openLoop(FLOOD, (index) => beds.logIn(personOf(index)))
      const during = median(await local())
      const after = median(await local())
      console.error(`bench: ${flood.sent()} logins to the frozen directory, ${flood.answered()} answered meanwhile`)
      const against = { what: 'without those', value: before }
      const ratio = { atMost: 2 }
      const what = `login here, ${FLOOD}/s to a frozen directory`
      return [
        { what: `${what}, at first`, value: during, unit: 'ms', against, ratio },
        { what: `${what}, then`, value: after, unit: 'ms', against, ratio },
      ]
    } finally {
      beds.slapd.thaw()
    }
  },
}
