/** Plugins that are not built in: found, pinned, probed, and only then loaded into the server. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type PluginFiles, readPluginFiles } from './files.ts'
import { PluginError, type PluginFault } from './plugin-error.ts'
import { type AnyPlugin, importPlugin } from './plugin-module.ts'
import { type PluginDescription, probe } from './probe.ts'
import { snapshot } from './snapshot.ts'

export interface ExternalPlugin {
  readonly path: string
  readonly sha256: string
  readonly optional: boolean
}

export interface LoadedPlugin {
  readonly path: string
  readonly sha256: string
  readonly plugin: AnyPlugin
}

export type PluginCheck =
  | ({ readonly ok: true; readonly path: string; readonly sha256: string } & PluginDescription)
  | { readonly ok: false; readonly path: string; readonly fault: PluginFault; readonly message: string }

/** Everything that starting with this plugin would find out, without loading it here. Without `sha256` no pin is checked. */
export async function checkPlugin(
  path: string,
  options: { readonly sha256?: string; readonly deadline?: number } = {},
): Promise<PluginCheck> {
  const folder = await mkdtemp(join(tmpdir(), 'leveret-plugin-'))
  try {
    const files = await readPluginFiles(path)
    if (options.sha256 !== undefined) refuseUnpinned(files, options.sha256)
    const described = await probe(await snapshot(files, folder), path, options.deadline)
    return { ok: true, path, sha256: files.sha256, ...described }
  } catch (error) {
    if (!(error instanceof PluginError)) throw error
    return { ok: false, path, fault: error.fault, message: error.message }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The plugin, ready to be opened; its copy is kept below `folder`. Throws a `PluginError`. */
export async function loadPlugin(
  { path, sha256 }: Pick<ExternalPlugin, 'path' | 'sha256'>,
  { folder, deadline }: { readonly folder: string; readonly deadline?: number },
): Promise<LoadedPlugin> {
  const files = await readPluginFiles(path)
  refuseUnpinned(files, sha256)
  const copy = await snapshot(files, folder)
  await probe(copy, path, deadline)
  return { path, sha256, plugin: await importPlugin(copy, path) }
}

function refuseUnpinned({ path, sha256 }: PluginFiles, pinned: string): void {
  if (sha256 === pinned) return
  const remedy = `if the change is wanted, pin it anew with "leveret plugin pin"`
  throw new PluginError('pin', path, `its SHA-256 is ${sha256}, and pinned is ${pinned}; ${remedy}`)
}
