/**
 * The private copy that is imported. It holds exactly what was pinned: a file that reaches for a neighbour which the pin
 * does not cover finds none, and nobody swaps bytes between the check and the import.
 */
import { chmod, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isModule, type PluginFiles } from './files.ts'
import { PluginError } from './plugin-error.ts'

/** Writes the copy below `folder`, or finds the one that is there, and returns the path to import. */
export async function snapshot({ path, files, entry, sha256 }: PluginFiles, folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const place = join(folder, sha256)
  if (await holds(place, files)) return join(place, entry)
  const fresh = await mkdtemp(join(folder, '.new-'))
  try {
    for (const [inside, bytes] of files) {
      await mkdir(dirname(join(fresh, inside)), { recursive: true, mode: 0o700 })
      await writeFile(join(fresh, inside), bytes, { mode: inside === entry && !isModule(entry) ? 0o700 : 0o600 })
    }
    await chmod(fresh, 0o700)
    await rm(place, { recursive: true, force: true })
    await rename(fresh, place)
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true })
    // Another process may have put the same copy there in the meantime.
    if (!(await holds(place, files))) {
      throw new PluginError('missing', path, `its copy cannot be written below ${folder}`, { cause })
    }
  }
  return join(place, entry)
}

/** Whether exactly these files are there, and nothing else. */
async function holds(place: string, files: ReadonlyMap<string, Uint8Array>): Promise<boolean> {
  const there = await readdir(place, { recursive: true, withFileTypes: true }).catch(() => [])
  if (there.filter((entry) => !entry.isDirectory()).length !== files.size) return false
  const copies = await Promise.all(
    files.entries().map(async ([inside, bytes]) => {
      const copy = Bun.file(join(place, inside))
      return (await copy.exists()) && Buffer.from(await copy.bytes()).equals(bytes)
    }),
  )
  return copies.every(Boolean)
}
