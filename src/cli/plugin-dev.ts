/** `leveret plugin dev`: a throw-away server around one plugin, started anew with every change of it. */
import { randomBytes } from 'node:crypto'
import { watch } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join, resolve } from 'node:path'
import { parseConfig } from '../config/load.ts'
import type { Instance } from '../server.ts'
import { defineCommand, type Io, UsageError } from './command.ts'
import { createFile } from './files.ts'
import { permissionLines } from './plugin-permissions.ts'

const VHOST = 'prod'
const CALLER = { actor: 'operator', requestId: 'dev' } as const
/** Editors write a file in several steps. */
const SETTLE = 150

export const devPlugin = defineCommand({
  name: 'dev',
  summary: 'Try a plugin on a throw-away server that starts again with every change',
  about: `The server, its records and its keys live in a temporary folder and are gone at the end. The configuration of the
    plugin, and who logs in, are those of kit.json in its folder.`,
  args: { path: { help: 'A folder, a file or a packed plugin' } },
  options: {
    port: { type: 'string', value: 'PORT', help: 'Where it listens, on this machine only (default: 8080)' },
    kit: { type: 'string', value: 'FILE', help: 'Instead of kit.json in its folder' },
    sandbox: { type: 'string', choices: ['auto', 'require', 'off'], help: 'As in the configuration' },
  },
  examples: [{ says: 'While you write it', line: 'leveret plugin dev acme' }],
  async run({ args, options, io }) {
    const path = resolve(io.cwd, args.path)
    if (!/^\d{1,5}$/.test(options.port ?? '8080')) throw new UsageError(`--port must be a port number`)
    const bench: Bench = {
      path,
      kit: options.kit === undefined ? join(path, 'kit.json') : resolve(io.cwd, options.kit),
      port: Number(options.port ?? 8080) || freePort(),
      sandbox: options.sandbox ?? 'auto',
      io,
    }
    const stop = Promise.withResolvers<void>()
    using _term = io.onSignal('SIGTERM', stop.resolve)
    using _int = io.onSignal('SIGINT', stop.resolve)
    await using running = restarting(bench)
    running.start()
    using _watching = watching(path, () => running.start())
    await stop.promise
    return undefined
  },
})

interface Bench {
  readonly path: string
  readonly kit: string
  readonly port: number
  readonly sandbox: string
  readonly io: Io
}

/** One server at a time; each start waits for the end of the one before. */
function restarting(bench: Bench) {
  let current: AsyncDisposable | undefined
  let turn: Promise<void> = Promise.resolve()
  const next = async (): Promise<void> => {
    await current?.[Symbol.asyncDispose]()
    current = undefined
    try {
      current = await serve(bench)
    } catch (error) {
      bench.io.out(`${error instanceof Error ? error.message : String(error)}\nWaiting for a change.\n`)
    }
  }
  return {
    start: () => void (turn = turn.then(next)),
    async [Symbol.asyncDispose]() {
      await turn
      await current?.[Symbol.asyncDispose]()
    },
  }
}

function watching(path: string, changed: () => void): Disposable {
  let timer: ReturnType<typeof setTimeout> | undefined
  const watcher = watch(path, { recursive: extname(path) === '' }, () => {
    clearTimeout(timer)
    timer = setTimeout(changed, SETTLE)
  })
  return {
    [Symbol.dispose]() {
      clearTimeout(timer)
      watcher.close()
    },
  }
}

async function serve(bench: Bench): Promise<AsyncDisposable> {
  const { path, io, port } = bench
  const { checkPlugin, readKit } = await import('../plugin-workshop.ts')
  const { openInstance } = await import('../server.ts')
  await using stack = new AsyncDisposableStack()
  const sandbox = bench.sandbox as 'auto' | 'require' | 'off' // one of the choices
  const check = await checkPlugin(path, { sandbox })
  if (!check.ok) throw new Error(check.message)
  const kit = await readKit(bench.kit)
  const folder = await mkdtemp(join(tmpdir(), 'leveret-dev-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  await createFile(join(folder, 'master.key'), randomBytes(32).toString('base64'))
  const own = { type: check.type, ...kit.config }
  const { config } = parseConfig(
    {
      publicUrl: `http://localhost:${port}`,
      dataDir: folder,
      masterKey: { file: 'master.key' },
      listen: { host: '127.0.0.1', port },
      metrics: { enabled: false },
      plugins: [{ path, sha256: check.sha256, sandbox }],
      ...(check.kind === 'login' ? { login: [{ id: check.type, ...own }] } : { storage: own }),
    },
    { env: {}, folder, where: 'the throw-away server' },
  )
  const instance = stack.use(await openInstance(config, { env: io.env, writeLog: io.err }))
  const people = check.kind === 'login' ? (kit.accounts ? [kit.accounts.right] : []) : [await somebody(instance)]
  for (const { username } of people) await letIn(instance, username)
  const { urls } = await instance.listen()
  io.out(
    `${[...permissionLines(check), ...urls.map((url) => `Listening on ${url}`), ...waysIn(urls[0] ?? '', people[0])].join('\n')}\n`,
  )
  const disposal = stack.move()
  return { [Symbol.asyncDispose]: () => disposal.disposeAsync() }
}

interface Person {
  readonly username: string
  readonly password: string
}

function waysIn(url: string, person: Person | undefined): string[] {
  if (!person) return ['Nobody can log in: its kit.json has no accounts']
  const body = JSON.stringify({ username: person.username, password: person.password, vhost: VHOST })
  return [
    `Log in as ${person.username} at ${url}/auth/login-page, or by:`,
    `  curl ${url}/auth/session/login -H 'content-type: application/json' -d '${body}'`,
  ]
}

/** A storage knows nobody yet. */
async function somebody({ core }: Instance): Promise<Person> {
  const person = { username: 'anna', password: randomBytes(12).toString('base64url') }
  await core.users.create(person, CALLER)
  return person
}

/** A login takes a broker and a rule. */
async function letIn({ core }: Instance, username: string): Promise<void> {
  if ((await core.brokers.list()).length === 0) {
    await core.brokers.create({ name: 'rabbitmq', resourceServerId: 'rabbitmq', version: '3.10' }, CALLER)
  }
  const all = { preset: 'owner' }
  await core.rules.create({ subjectKind: 'user', subject: username, vhost: VHOST, ...all }, CALLER)
}

function freePort(): number {
  const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
  const { port } = server
  void server.stop(true)
  return port ?? 0
}
