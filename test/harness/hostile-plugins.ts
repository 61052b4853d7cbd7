/** A server's data folder with something to steal, and hostile plugins beside it, opened by a real plugin host. */
import { chmod, copyFile, mkdir, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import type { Verdict } from '#plugin'
import { createPluginHost } from '../../src/host/host.ts'
import { pinOf } from '../../src/host/files.ts'
import type { Refused } from '../../src/host/sandbox/refusals.ts'
import { landlockVersion } from '../../src/host/sandbox/landlock.ts'
import { type Folder, temporaryFolder } from './plugins.ts'
import { until } from './until.ts'
import { type LogLine, noCredentials, recorder } from './process-plugins.ts'

export const LOOT = 'loot-of-the-database'

/** Why attacks cannot be tried here, if they cannot: said aloud and counted as skipped. */
export const UNPROTECTED = landlockVersion() >= 4 ? undefined : `Landlock here has version ${landlockVersion()}, not 4`

export interface Hostile extends AsyncDisposable {
  /** What came of the attack of this name. */
  attack(name: string): Promise<string>
  readonly lines: LogLine[]
  /** What the server says that it was refused, every time. */
  readonly refused: Refused[]
  readonly folder: Folder
  readonly dataDir: string
  readonly outside: string
  /** A regular expression for a sentence with `{data}`, `{outside}`, `{server}`, `{plugin}`, `{copy}`, `{shell}` in it. */
  patternOf(sentence: string): string
  /** Connections to what it must not reach. */
  visits(): number
  /** The port that it must not reach. */
  readonly port: number
}

const ENTRIES = {
  typescript: { id: 'hostile', entry: 'hostile.ts' },
  python: { id: 'hostile-python', entry: 'hostile.py' },
  shell: { id: 'hostile-shell', entry: 'hostile.sh' },
}

export interface HostileOptions {
  readonly language: keyof typeof ENTRIES
  readonly permissions?: (place: { readonly port: number }) => object
  readonly sandbox?: 'require' | 'auto' | 'off'
  readonly env?: Readonly<Record<string, string>>
}

export async function openHostile(options: HostileOptions): Promise<Hostile> {
  const { language, permissions = () => ({}), sandbox = 'require', env = { LEVERET_SECRET: LOOT } } = options
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  const dataDir = join(folder.path, 'data')
  const outside = join(folder.path, 'outside')
  await mkdir(outside)
  await folder.write('data/leveret.db', LOOT)
  await folder.write('data/master.key', LOOT)
  await folder.write('data/shared.txt', 'for the plugin')
  await chmod(join(dataDir, 'master.key'), 0o600)
  const { port, visits } = listenTo(stack, join(dataDir, 'control.sock'))
  const { id, entry } = ENTRIES[language]
  const path = join(folder.path, id)
  await mkdir(path)
  await copyFile(join(import.meta.dir, entry), join(path, entry))
  const manifest = { id, version: '1', kind: 'login', apiVersion: 1, entry, runtime: 'process' }
  const config = language === 'typescript' ? {} : { config: {} }
  await folder.write(
    `${id}/plugin.json`,
    JSON.stringify({ ...manifest, ...config, permissions: permissions({ port }) }),
  )
  const { log, lines } = recorder()
  const refused: Refused[] = []
  const host = stack.use(
    await createPluginHost({
      builtin: [],
      external: [{ path, sha256: await pinOf(path), optional: false, sandbox }],
      folder: join(dataDir, 'plugins'),
      dataDir,
      env,
      log,
      now: () => 0,
      signal: new AbortController().signal,
      probeDeadline: 20_000,
      refused: (each) => void refused.push(each),
    }),
  )
  const section = { type: id, id: 'corp', port, outside, file: 'shared.txt' }
  const source = await host.openLogin(section, { path: 'login[0]', credentials: noCredentials })
  const shell = await realpath('/bin/sh')
  const places: Readonly<Record<string, string>> = {
    data: RegExp.escape(dataDir),
    outside: RegExp.escape(outside),
    server: `${process.pid}`,
    plugin: '\\d+',
    copy: '[0-9a-f]{64}',
    shell: RegExp.escape(shell === '/bin/sh' ? shell : `${shell} (as /bin/sh)`),
  }
  const disposal = stack.move()
  return {
    lines,
    refused,
    folder,
    dataDir,
    outside,
    port,
    visits,
    patternOf: (sentence) =>
      RegExp.escape(sentence).replace(/\\\{(\w+)\\\}/g, (_, name: string) => places[name] ?? name),
    async attack(username) {
      // The one before may have cost it its process.
      if (!(await until(async () => (await source?.health?.())?.ok === true))) throw new Error('It does not come back')
      const signal = AbortSignal.timeout(20_000)
      const verdict: Verdict | undefined = await source?.password?.verify({ username, password: '', signal })
      return verdict && !verdict.ok ? (verdict.detail ?? verdict.why) : 'logged in'
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
}

/** A TCP port and a unix socket that count who comes. */
function listenTo(stack: AsyncDisposableStack, unix: string) {
  let visits = 0
  const socket = { open: () => void visits++, data: () => undefined }
  const tcp = Bun.listen({ hostname: '127.0.0.1', port: 0, socket })
  const control = Bun.listen({ unix, socket })
  stack.defer(() => tcp.stop(true))
  stack.defer(() => control.stop(true))
  return { port: tcp.port, visits: () => visits }
}
