/** `leveret plugin add` and `remove`: what a server takes, allowed by somebody who has seen what it may do. */
import { chmod, copyFile, mkdir, rm, stat } from 'node:fs/promises'
import { basename, dirname, extname, join, relative, resolve } from 'node:path'
import { configOf, configSource } from './client.ts'
import { type Call, CommandError, defineCommand, type Io } from './command.ts'
import { replaceFile } from './files.ts'
import { withoutPlugins, withPlugin } from './plugin-config.ts'
import { permissionLines } from './plugin-permissions.ts'

/** Where packed plugins are kept, beside the configuration. */
const FOLDER = 'leveret-plugins'

export const addPlugin = defineCommand({
  name: 'add',
  summary: 'Show what a plugin may do and write its pin into the configuration',
  about: `A packed plugin is copied beside the configuration, anything else is used where it is. An older version of the same
    plugin is replaced. A running server takes it with "leveret config reload".`,
  args: { file: { help: 'A packed plugin, a folder or a file' } },
  options: {
    yes: { type: 'boolean', short: 'y', help: 'Do not ask' },
    login: { type: 'boolean', help: 'Also write a [[login]] section of its type' },
    sandbox: { type: 'string', choices: ['auto', 'require', 'off'], help: 'As in the configuration' },
  },
  examples: [{ says: 'What somebody packed', line: 'leveret plugin add acme-1.0.0.leveret-plugin' }],
  async run({ args, options, common, io }) {
    const given = resolve(io.cwd, args.file)
    const { checkPlugin, PACKED } = await import('../plugin-workshop.ts')
    const sandbox = options.sandbox as 'auto' | 'require' | 'off' | undefined // one of the choices
    const check = await checkPlugin(given, sandbox && { sandbox })
    if (!check.ok) return { data: check, text: check.message, ok: false }
    const file = await fileOf(common, io)
    const { config } = await configOf(common, io)
    const older = (await typesOf(config.plugins)).filter(({ kind, type }) => kind === check.kind && type === check.type)
    const lines = [titleOf(check), `SHA-256  ${check.sha256}`, ...permissionLines(check)]
    await allow(io, options.yes, [...lines, ...older.map(({ path }) => `It replaces ${path}.`)])
    const path = extname(given) === PACKED ? await keepCopy(given, dirname(file)) : given
    const text = await Bun.file(file).text()
    const paths = new Set(older.map((each) => each.path))
    const without = older.length === 0 ? text : withoutPlugins(text, paths, dirname(file))
    const pinned = { path: shortest(path, dirname(file)), sha256: check.sha256, ...(sandbox && { sandbox }) }
    const login = options.login && check.kind === 'login' ? { type: check.type } : undefined
    await write(file, withPlugin(without, pinned, login))
    for (const each of paths) if (each !== path) await removeCopy(each, dirname(file))
    return {
      data: { ...check, file, path },
      text: [...lines, `Pinned in ${file}`, ...nextLines(check, login)].join('\n'),
    }
  },
})

export const removePlugin = defineCommand({
  name: 'remove',
  summary: 'Take a plugin out of the configuration',
  args: { type: { help: 'Its type, or its path' } },
  options: {},
  examples: [{ says: 'It is no longer used', line: 'leveret plugin remove acme' }],
  async run({ args, common, io }) {
    const file = await fileOf(common, io)
    const { config } = await configOf(common, io)
    const known = await typesOf(config.plugins)
    const found = known.filter(({ type, path }) => type === args.type || path === resolve(io.cwd, args.type))
    if (found.length === 0) {
      const list = known.map(({ type, path }) => type ?? path).join(', ')
      throw new CommandError(`no plugin of the configuration is "${args.type}"; known: ${list || 'none'}`)
    }
    for (const { kind, type } of found) {
      const user = kind === 'login' ? config.login.find((source) => source.type === type)?.id : undefined
      if (user !== undefined) throw new CommandError(`the login source "${user}" still uses it: take that out first`)
      if (kind === 'storage' && config.storage.type === type) throw new CommandError('the storage still uses it')
    }
    const paths = new Set(found.map(({ path }) => path))
    await write(file, withoutPlugins(await Bun.file(file).text(), paths, dirname(file)))
    for (const path of paths) await removeCopy(path, dirname(file))
    return { data: { file, removed: [...paths] }, text: `${[...paths].join(', ')} is no longer in ${file}` }
  },
})

type Check = Extract<Awaited<ReturnType<typeof import('../plugin-workshop.ts').checkPlugin>>, { ok: true }>

function titleOf({ kind, type, version }: Check): string {
  return `${kind} plugin "${type}"${version === undefined ? '' : ` ${version}`}`
}

function nextLines({ kind, type }: Check, login: object | undefined): string[] {
  if (login) return ['Its [[login]] section is at the end; write its keys there.']
  return kind === 'login'
    ? [`To log in through it: [[login]] type = "${type}"`]
    : [`To keep records in it: [storage] type = "${type}"`]
}

/** What the plugins of the configuration are, as far as they can be used. */
async function typesOf(plugins: readonly { readonly path: string }[]) {
  const { checkPlugin } = await import('../plugin-workshop.ts')
  return Promise.all(
    plugins.map(async ({ path }) => {
      const check = await checkPlugin(path)
      return check.ok ? { path, kind: check.kind, type: check.type } : { path, kind: undefined, type: undefined }
    }),
  )
}

async function fileOf(common: Call['common'], io: Io): Promise<string> {
  const source = await configSource(common, io)
  if (!('file' in source)) throw new CommandError('the configuration is no file, so nothing can be written into it')
  return source.file
}

async function allow(io: Io, yes: boolean, lines: readonly string[]): Promise<void> {
  if (yes) return
  if (!io.input.terminal)
    throw new CommandError(`nobody is there to allow it; with --yes it is added:\n${lines.join('\n')}`)
  io.err(`${lines.join('\n')}\n`)
  const answer = await io.input.line('Add it? [y/N] ')
  if (!/^y(es)?$/i.test(answer.trim())) throw new CommandError('stopped; nothing was written')
}

async function keepCopy(file: string, folder: string): Promise<string> {
  const place = join(folder, FOLDER, basename(file))
  if (place === file) return place
  await mkdir(dirname(place), { recursive: true, mode: 0o755 })
  await copyFile(file, place)
  await chmod(place, 0o644)
  return place
}

async function removeCopy(path: string, folder: string): Promise<void> {
  if (dirname(path) === join(folder, FOLDER)) await rm(path, { force: true })
}

function shortest(path: string, folder: string): string {
  const inside = relative(folder, path)
  return inside.startsWith('..') ? path : inside
}

/** In one step, its mode as it was. */
async function write(file: string, text: string): Promise<void> {
  const { mode } = await stat(file)
  await replaceFile(file, text)
  await chmod(file, mode & 0o777)
}
