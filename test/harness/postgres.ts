/**
 * The distribution's real PostgreSQL server in a temporary folder on loopback, durable settings on.
 * One server per test file, one empty database per test; both go when disposed.
 */
import { describe, expect, test } from 'bun:test'
import { chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { Glob, type Subprocess, SQL } from 'bun'

export interface PostgresServer extends AsyncDisposable {
  /** Folder of the unix socket. */
  readonly socketDir: string
  /** Creates an empty database; its name. */
  createDatabase(): Promise<string>
  dropDatabase(name: string): Promise<void>
  /** The storage plugin's configuration for a database. */
  config(database: string): PostgresConfig
  /** A client of the superuser, for looking and for breaking things. */
  admin(database?: string): SQL
  /** Ends the server as an operator's restart does, every connection with it. */
  stop(): Promise<void>
  start(): Promise<void>
}

export interface PostgresConfig {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string
  readonly password: string
}

const RELEASES = '/usr/lib/postgresql'

/** The folder with `initdb` and `postgres` of the newest release, if the distribution's package is installed. */
function postgresBinaries(): string | undefined {
  if (!existsSync(RELEASES)) return undefined
  const found = [...new Glob('*/bin/initdb').scanSync({ cwd: RELEASES, onlyFiles: false })]
  const newest = found.sort((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10))[0]
  return newest === undefined ? undefined : dirname(join(RELEASES, newest))
}

/** A `describe` for what needs the real server: fails where it must be there, else says why it is skipped. */
export function describePostgres(name: string, body: () => void): void {
  if (postgresBinaries() !== undefined) return describe(name, body)
  const reason = 'PostgreSQL is not installed (apt-get install postgresql)'
  if (Bun.env.CI === 'true' || Bun.env.LEVERET_REAL === '1') {
    return test(name, () => expect(reason).toBeUndefined())
  }
  console.warn(`skipped: ${name}: ${reason}`)
  describe.skip(`${name}: ${reason}`, body)
}

export async function startPostgres(): Promise<PostgresServer> {
  const bin = postgresBinaries()
  if (bin === undefined) throw new Error('Cannot start PostgreSQL: not installed')
  const folder = mkdtempSync(join(tmpdir(), 'leveret-pg-'))
  const secret = join(folder, 'password')
  const password = `canary-${crypto.randomUUID()}`
  await Bun.write(secret, password)
  const account = await serverAccount()
  for (const path of [folder, secret]) if (account) chownSync(path, account.uid, account.gid)
  const launch = launcher(account)

  const data = join(folder, 'data')
  const locale = ['-E', 'UTF8', '--locale=C', '--no-sync']
  await finished([
    ...launch,
    join(bin, 'initdb'),
    '-D',
    data,
    '-U',
    'leveret',
    '-A',
    'scram-sha-256',
    `--pwfile=${secret}`,
    ...locale,
  ])

  const port = freePort()
  const settings = [
    `port=${port}`,
    'listen_addresses=127.0.0.1',
    `unix_socket_directories=${folder}`,
    'fsync=on',
    'max_connections=200',
  ]
  const command = [...launch, join(bin, 'postgres'), '-D', data, ...settings.flatMap((setting) => ['-c', setting])]
  const clients = new Map<string, SQL>()
  let server = await serve(command, folder)
  let databases = 0

  const config = (database: string): PostgresConfig => ({
    host: '127.0.0.1',
    port,
    database,
    user: 'leveret',
    password,
  })
  const admin = (database = 'postgres') => {
    const client = clients.get(database) ?? new SQL({ ...config(database), adapter: 'postgres', max: 2 })
    clients.set(database, client)
    return client
  }
  async function stop(): Promise<void> {
    server.kill('SIGINT')
    await server.exited
  }
  return {
    socketDir: folder,
    config,
    admin,
    stop,
    async start() {
      server = await serve(command, folder)
    },
    async createDatabase() {
      databases += 1
      await admin().unsafe(`CREATE DATABASE test_${databases} TEMPLATE template0`)
      return `test_${databases}`
    },
    async dropDatabase(name) {
      await admin().unsafe(`DROP DATABASE ${name} WITH (FORCE)`)
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...clients.values()].map((client) => client.close({ timeout: 0 })))
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The server refuses to run as root: then it runs as the account its package made, or as nobody. */
async function serverAccount(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const accounts = (await Bun.file('/etc/passwd').text()).split('\n').map((line) => line.split(':'))
  const account = accounts.find(([name]) => name === 'postgres') ?? accounts.find(([name]) => name === 'nobody')
  if (!account) throw new Error('Cannot start PostgreSQL as root: neither account "postgres" nor "nobody" exists')
  return { uid: Number(account[2]), gid: Number(account[3]) }
}

/** The server ends with the process that started it, even if that one is killed. */
function launcher(account: { uid: number; gid: number } | undefined): string[] {
  const as = account ? [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'] : []
  return ['setpriv', ...as, '--pdeathsig=SIGINT']
}

function freePort(): number {
  using probe = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } })
  return probe.port
}

async function finished(command: string[]): Promise<void> {
  const child = Bun.spawn(command, { stdout: 'ignore', stderr: 'pipe', cwd: '/' })
  const [code, said] = await Promise.all([child.exited, new Response(child.stderr).text()])
  if (code !== 0) throw new Error(`Cannot prepare PostgreSQL: ${said}`)
}

/** Resolves when it accepts connections. The log is read on, so that the server never waits for a full pipe. */
async function serve(command: string[], cwd: string): Promise<Subprocess> {
  const child = Bun.spawn(command, { stdout: 'ignore', stderr: 'pipe', cwd })
  const ready = Promise.withResolvers<void>()
  void (async () => {
    let said = ''
    const decoder = new TextDecoder()
    for await (const chunk of child.stderr) {
      said = (said + decoder.decode(chunk, { stream: true })).slice(-10_000)
      if (said.includes('ready to accept connections')) ready.resolve()
    }
    ready.reject(new Error(`Cannot start PostgreSQL: ${said}`))
  })()
  await ready.promise
  return child
}
