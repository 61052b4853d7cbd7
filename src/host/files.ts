/**
 * A plugin on disk: one file or a package folder, read once. Everything after works on the bytes that were read, so what
 * was pinned is what is probed and what is loaded.
 */
import { createHash } from 'node:crypto'
import type { Stats } from 'node:fs'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { basename, extname, join, posix } from 'node:path'
import { PACKED, unpack } from './archive.ts'
import { type Manifest, MANIFEST, parseManifest } from './manifest.ts'
import { PluginError } from './plugin-error.ts'

export interface PluginFiles {
  /** As configured. */
  readonly path: string
  /** Contents by path inside the plugin, `/` between names, in the order of their bytes. */
  readonly files: ReadonlyMap<string, Uint8Array>
  /** The file to import. */
  readonly entry: string
  readonly manifest?: Manifest
  readonly sha256: string
}

const SOURCE = ['.ts', '.mts', '.js', '.mjs', '.cjs']
const MOST_FILES = 10_000
const MOST_BYTES = 64 * 1024 * 1024

/** Reads a plugin, refusing links, special files and what others may write to. */
export async function readPluginFiles(path: string): Promise<PluginFiles> {
  const stats = await statOf(path, path)
  if (stats.isFile()) return readSingleFile(path)
  const files = new Map<string, Uint8Array>()
  await readFolder(path, '', files)
  const sorted = inOrder(files)
  return { ...described(path, sorted), sha256: digestOf(sorted) }
}

function inOrder(files: ReadonlyMap<string, Uint8Array>): Map<string, Uint8Array> {
  return new Map([...files].toSorted(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b))))
}

/**
 * The digest to pin. Of a file: SHA-256 of its bytes. Of a folder: SHA-256 of the lines `<sha256>  <path>` of all its
 * files, sorted by the bytes of the path, which is what `sha256sum` prints.
 */
export async function pinOf(path: string): Promise<string> {
  return (await readPluginFiles(path)).sha256
}

async function readSingleFile(path: string): Promise<PluginFiles> {
  if (extname(path) === PACKED) return readPacked(path)
  if (!SOURCE.includes(extname(path))) {
    throw new PluginError(
      'not-a-plugin-file',
      path,
      `a plugin is a folder or a file that ends in ${[...SOURCE, PACKED].join(', ')}`,
    )
  }
  const bytes = await readFile(path)
  return { path, files: new Map([[basename(path), bytes]]), entry: basename(path), sha256: sha256(bytes) }
}

/** The pin of a packed plugin is that of the file, so that `sha256sum` prints it. */
async function readPacked(path: string): Promise<PluginFiles> {
  const archive = await readFile(path)
  try {
    return { ...described(path, inOrder(unpack(archive, MOST_BYTES))), sha256: sha256(archive) }
  } catch (cause) {
    if (cause instanceof PluginError) throw cause
    throw new PluginError('not-a-plugin-file', path, cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

async function readFolder(path: string, within: string, files: Map<string, Uint8Array>): Promise<void> {
  for (const name of await readdir(join(path, within))) {
    const inside = posix.join(within, name)
    if (/[\p{Cc}\\]/u.test(name)) {
      throw new PluginError('not-a-plugin-file', path, 'a file name holds a control character or a backslash')
    }
    const stats = await statOf(path, join(path, inside))
    if (stats.isDirectory()) {
      await readFolder(path, inside, files)
    } else {
      files.set(inside, await readFile(join(path, inside)))
      refuseTooMuch(path, files)
    }
  }
}

function refuseTooMuch(path: string, files: ReadonlyMap<string, Uint8Array>): void {
  const bytes = files.values().reduce((sum, each) => sum + each.byteLength, 0)
  if (files.size <= MOST_FILES && bytes <= MOST_BYTES) return
  throw new PluginError('not-a-plugin-file', path, 'the folder holds more than 10,000 files or 64 MiB; bundle it')
}

async function statOf(plugin: string, path: string): Promise<Stats> {
  const stats = await lstat(path).catch((cause: unknown) => {
    throw new PluginError('missing', plugin, 'there is no such file or folder, or it cannot be read', { cause })
  })
  if (stats.isSymbolicLink()) {
    throw new PluginError('symlink', plugin, `${path} is a symbolic link, and a plugin is made of plain files`)
  }
  if (!stats.isFile() && !stats.isDirectory()) {
    throw new PluginError('not-a-plugin-file', plugin, `${path} is neither a file nor a folder`)
  }
  refuseForeign(plugin, path, stats)
  return stats
}

/** Windows knows neither owner nor mode. */
function refuseForeign(plugin: string, path: string, { uid, mode }: Stats): void {
  const self = process.geteuid?.()
  if (self === undefined) return
  if (mode & 0o002) {
    const octal = (mode & 0o777).toString(8).padStart(4, '0')
    throw new PluginError('permissions', plugin, `anybody may write to ${path} (mode ${octal}), which must not be`)
  }
  if (uid !== 0 && uid !== self) {
    throw new PluginError('permissions', plugin, `${path} belongs to user ${uid}, neither to root nor to user ${self}`)
  }
}

function described(path: string, files: ReadonlyMap<string, Uint8Array>): Omit<PluginFiles, 'sha256'> {
  const bytes = files.get(MANIFEST)
  if (!bytes) return { path, files, entry: entryOf(path, files) }
  const manifest = parseManifest(path, bytes)
  return { path, files, entry: inside(path, files, { named: manifest.entry, by: MANIFEST }), manifest }
}

/** Whether the entry is a module that this program runs, rather than a program of its own. */
export function isModule(entry: string): boolean {
  return SOURCE.includes(extname(entry))
}

/** What `import` of the package would mean: `exports`, then `module`, `main`, `index`. */
function entryOf(path: string, files: ReadonlyMap<string, Uint8Array>): string {
  const manifest = files.get('package.json')
  const named = manifest ? namedEntry(path, manifest) : undefined
  if (named !== undefined) return inside(path, files, { named, by: 'package.json' })
  const index = SOURCE.map((extension) => `index${extension}`).find((name) => files.has(name))
  if (index !== undefined) return index
  throw new PluginError('missing', path, 'the folder has neither a package.json that names an entry nor an index.ts')
}

function inside(
  path: string,
  files: ReadonlyMap<string, Uint8Array>,
  { named, by }: { readonly named: string; readonly by: string },
): string {
  const entry = posix.normalize(named)
  if (files.has(entry)) return entry
  throw new PluginError('missing', path, `its ${by} names ${named}, which is not in the folder`)
}

function namedEntry(path: string, manifest: Uint8Array): string | undefined {
  const parsed = parsePackage(path, manifest)
  const { exports, module, main } = parsed
  const entry =
    (isTable(exports) && '.' in exports ? exportTarget(exports['.']) : exportTarget(exports)) ?? module ?? main
  return typeof entry === 'string' ? entry : undefined
}

function parsePackage(path: string, manifest: Uint8Array): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(manifest))
    if (isTable(parsed)) return parsed
  } catch {
    // one sentence for both
  }
  throw new PluginError('syntax', path, 'its package.json is not a JSON object')
}

function exportTarget(target: unknown): string | undefined {
  if (typeof target === 'string') return target
  if (!isTable(target)) return undefined
  const chosen = Object.keys(target).find((condition) => ['bun', 'import', 'node', 'default'].includes(condition))
  return chosen === undefined ? undefined : exportTarget(target[chosen])
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function digestOf(files: ReadonlyMap<string, Uint8Array>): string {
  return sha256(files.entries().reduce((lines, [path, bytes]) => `${lines}${sha256(bytes)}  ${path}\n`, ''))
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}
