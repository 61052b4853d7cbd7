/** The example plugins of the author's guide, opened by a real plugin host. */
import { pbkdf2Sync } from 'node:crypto'
import { copyFile, mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { LoginSource, Verdict } from '#plugin'
import { pinOf } from '../../src/host/files.ts'
import { createPluginHost, type PluginHost } from '../../src/host/host.ts'
import type { Folder } from './plugins.ts'
import { type LogLine, noCredentials, recorder } from './process-plugins.ts'

const EXAMPLES = join(import.meta.dir, '../../plugins/examples')

/** A copy of an example, as somebody would have it, and its path. */
export async function copyOfExample(folder: Pick<Folder, 'path'>, name: string): Promise<string> {
  const to = join(folder.path, name)
  await mkdir(to, { recursive: true })
  for (const file of await readdir(join(EXAMPLES, name))) await copyFile(join(EXAMPLES, name, file), join(to, file))
  return to
}

export interface Opened extends AsyncDisposable {
  readonly source: LoginSource
  readonly host: PluginHost
  readonly lines: LogLine[]
  /** What the server says that it was refused. */
  readonly refused: readonly string[]
}

/** Opens a login source of the plugin at `path`; its data folder is `folder`. */
export async function openLoginPlugin(
  path: string,
  folder: Folder,
  config: Readonly<Record<string, unknown>>,
): Promise<Opened> {
  const { log, lines } = recorder()
  const refused: string[] = []
  const host = await createPluginHost({
    builtin: [],
    external: [{ path, sha256: await pinOf(path), optional: false }],
    folder: join(folder.path, 'plugins'),
    dataDir: folder.path,
    env: {},
    log,
    now: () => 0,
    signal: new AbortController().signal,
    probeDeadline: 20_000,
    refused: ({ sentence }) => void refused.push(sentence),
  })
  const [plugin] = host.plugins
  const section = { type: plugin?.type ?? '', id: 'corp', ...config }
  const source = await host.openLogin(section, { path: 'login[0]', credentials: noCredentials })
  if (!source) throw new Error('Cannot be: the plugin is not optional')
  return { source, host, lines, refused, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() }
}

export function verify(source: LoginSource, username: string, password: string): Promise<Verdict | undefined> {
  const signal = new AbortController().signal
  return source.password?.verify({ username, password, signal }) ?? Promise.resolve(undefined)
}

/** What `people-python` is configured with in tests: few rounds, for time is not what they are about. */
export const ROUNDS = 1_000

/** A file of people for `people-python`. */
export function peopleJson(people: Readonly<Record<string, Person>>): string {
  const hashed = Object.entries(people).map(([name, { id, password, teams = [] }]) => {
    const salt = Buffer.from(`salt of ${name}`)
    const hash = pbkdf2Sync(password, salt, ROUNDS, 32, 'sha256').toString('hex')
    return [name, { id, teams, salt: salt.toString('hex'), hash }]
  })
  return JSON.stringify(Object.fromEntries(hashed))
}

/** A file of people for `people-shell`. */
export function peopleLines(people: Readonly<Record<string, Person>>): string {
  const lines = Object.entries(people).map(([name, { id, password }]) => {
    const made = Bun.spawnSync(['openssl', 'passwd', '-6', '-salt', 'saltandpepper', '-stdin'], {
      stdin: Buffer.from(password),
    })
    return `${name}:${id}:${made.stdout.toString().trim()}\n`
  })
  return lines.join('')
}

export interface Person {
  readonly id: string
  readonly password: string
  readonly teams?: readonly string[]
}
