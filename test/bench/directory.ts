/**
 * Logins of people in a directory, over HTTP through the executable, against what the LDAP library alone needs for the same
 * steps; and logins here while the directory is frozen and logins to it go on.
 */
import { Client } from 'ldapts'
import { runExecutable, serveExecutable } from '../harness/executable.ts'
import { BASE, SERVICE, type Slapd, startSlapd } from '../harness/slapd.ts'
import { entry } from '../harness/slapd-people.ts'
import { temporaryFolder } from '../harness/storage-sqlite.ts'
import { type Bench, type Measure, median } from './bench.ts'
import { answersPerSecond, CONNECTIONS, SECONDS, type Shot } from './load.ts'
import { byMany, openLoop, timesOf } from '../harness/pace.ts'

/** Rounds that are not counted: most of what both sides compile as they go is compiled by then. */
const WARM_UP = 8
const ROUNDS = 15
/** People that the directory of the tests has, `n0` and on. */
const PEOPLE = 120
const GROUP = 'everybody'
const LOCAL = { username: 'root', password: 'correct horse battery staple' }
/** To the frozen directory, a second. */
const FLOOD = 200

/** How a person's entry is found. */
type Way = 'template' | 'search'

interface Beds extends AsyncDisposable {
  /** Logins of everybody in turn. */
  readonly logins: Shot
  logIn(who: { readonly username: string; readonly password: string }): Promise<number>
}

async function open(executable: string, slapd: Slapd, way: Way): Promise<Beds> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(temporaryFolder()).path
  const start = {
    executable,
    folder,
    env: { SVC: SERVICE.bindPassword, PW: LOCAL.password },
  }
  const ran = async (...words: string[]) => {
    const { code, err } = await runExecutable(start, ...words)
    if (code !== 0) throw new Error(`leveret ${words.join(' ')} ended with ${code}: ${err}`)
  }
  await ran('init', '--port', '0', '--public-url', 'http://login.example')
  const file = `${folder}/leveret.toml`
  await Bun.write(file, `${await Bun.file(file).text()}\n${sectionFor(slapd, way)}`)
  await Bun.write(`${folder}/pw`, `${LOCAL.password}\n`)
  await Bun.$`chmod 600 ${folder}/pw`
  await ran('user', 'add', LOCAL.username, '--password-file', `${folder}/pw`)
  await ran('broker', 'add', 'main', '--version', '3.10')
  await ran('group', 'add', GROUP)
  await ran('rule', 'add', '--group', GROUP, '--vhost', 'prod', '--preset', 'owner')
  await ran('rule', 'add', '--user', LOCAL.username, '--vhost', 'prod', '--preset', 'owner')
  const { url } = stack.use(await serveExecutable({ ...start, logFile: `${folder}/log` }))
  const request = {
    url: `${url}/auth/session/login`,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
  } as const
  const bodyOf = (who: object) => JSON.stringify({ ...who, vhost: 'prod' })
  const disposal = stack.move()
  const bodies = Array.from({ length: PEOPLE }, (_each, index) => bodyOf(personOf(index)))
  return {
    logins: { ...request, bodies },
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

function sectionFor({ ldaps, caFile }: Slapd, way: Way): string {
  return `
[[login]]
type = "ldap"
id = "corp"
urls = ["${ldaps}"]
baseDn = "${BASE}"
${way === 'search' ? `bindDn = "${SERVICE.bindDn}"\nbindPassword = { env = "SVC" }` : `userDnTemplate = "${dnOf('{username}')}"`}
tls = { caFile = "${caFile}" }
groups = { mode = "memberof" }
`
}

const dnOf = (username: string) => `cn=${username},ou=User,${BASE}`

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

/** What the library does alone: the steps of a way to bind, on a connection of its own. */
async function withLibraryAlone({ ldaps }: Slapd, ca: string, way: Way, index: number): Promise<void> {
  const { username, password } = personOf(index)
  const client = new Client({ url: ldaps, tlsOptions: { ca } })
  if (way === 'search') await client.bind(SERVICE.bindDn, SERVICE.bindPassword)
  else await client.bind(dnOf(username), password)
  const { searchEntries } = await client.search(BASE, { scope: 'sub', filter: `(uid=${username})`, sizeLimit: 2 })
  if (way === 'search') await client.bind(searchEntries[0]?.dn ?? '', password)
  await client.unbind()
}

const NAMES: Readonly<Record<Way, { readonly login: string; readonly library: string }>> = {
  template: { login: 'login, bound by a DN template', library: 'ldapts: connect, bind, search' },
  search: { login: 'login, found by a service account', library: 'ldapts: connect, bind, search, bind' },
}

async function measured(executable: string, slapd: Slapd, way: Way): Promise<Measure> {
  await using beds = await open(executable, slapd, way)
  await everybodyOnce(beds)
  const ca = await Bun.file(slapd.caFile).text()
  const pace = { seconds: SECONDS, inFlight: CONNECTIONS }
  const [served, alone]: [number[], number[]] = [[], []]
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const library = await byMany(pace, (index) => withLibraryAlone(slapd, ca, way, index))
    const logins = await answersPerSecond(beds.logins)
    if (round < WARM_UP) continue
    alone.push(library)
    served.push(logins)
  }
  const { login, library } = NAMES[way]
  const against = { what: library, value: median(alone) }
  return { what: `${login}, over HTTP`, value: median(served), unit: '/s', against, ratio: { atLeast: 0.6 } }
}

export const directory: Bench = {
  name: 'directory logins',
  async run({ executable }) {
    await using slapd = await startSlapd({ ldif: everybody() })
    return [await measured(executable, slapd, 'template'), await measured(executable, slapd, 'search')]
  },
}

export const frozenDirectory: Bench = {
  name: 'frozen directory',
  async run({ executable }) {
    await using slapd = await startSlapd({ ldif: everybody() })
    await using beds = await open(executable, slapd, 'search')
    await everybodyOnce(beds)
    const local = () => timesOf({ seconds: 3 * SECONDS, inFlight: 1 }, () => expectStatus(beds.logIn(LOCAL), 200))
    await local()
    const before = median(await local())
    slapd.freeze()
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
      slapd.thaw()
    }
  },
}
