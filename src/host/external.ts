/** Plugins that are not built in: found, pinned, probed, and only then loaded into the server or prepared as a process. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { API_VERSION } from '#plugin'
import { isModule, type PluginFiles, readPluginFiles } from './files.ts'
import { configSchema } from './manifest.ts'
import { PluginError, type PluginFault } from './plugin-error.ts'
import { type AnyPlugin, importPlugin } from './plugin-module.ts'
import { type PluginDescription, probe } from './probe.ts'
import { HOST_COMMAND } from './process/hosted.ts'
import { processPlugin } from './process/plugin.ts'
import { selfCommand } from './self.ts'
import { snapshot } from './snapshot.ts'

export type Runtime = 'in-process' | 'process'

export interface ExternalPlugin {
  readonly path: string
  readonly sha256: string
  readonly optional: boolean
  /** What the manifest says, `in-process` without one, unless told. */
  readonly runtime?: Runtime
}

export interface LoadedPlugin {
  readonly path: string
  readonly sha256: string
  readonly runtime: Runtime
  readonly plugin: AnyPlugin
}

export type PluginCheck =
  | ({
      readonly ok: true
      readonly path: string
      readonly sha256: string
      readonly runtime: Runtime
    } & PluginDescription)
  | { readonly ok: false; readonly path: string; readonly fault: PluginFault; readonly message: string }

export interface CheckOptions {
  /** Without it no pin is checked. */
  readonly sha256?: string
  readonly runtime?: Runtime
  readonly deadline?: number
}

/** Everything that starting with this plugin would find out, without loading it here. */
export async function checkPlugin(
  path: string,
  { sha256, runtime, deadline }: CheckOptions = {},
): Promise<PluginCheck> {
  const folder = await mkdtemp(join(tmpdir(), 'leveret-plugin-'))
  try {
    const files = await readPluginFiles(path)
    if (sha256 !== undefined) refuseUnpinned(files, sha256)
    const chosen = runtimeOf(files, runtime)
    const described = await describe(files, { file: await snapshot(files, folder), deadline })
    return { ok: true, path, sha256: files.sha256, runtime: chosen, ...described }
  } catch (error) {
    if (!(error instanceof PluginError)) throw error
    return { ok: false, path, fault: error.fault, message: error.message }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The plugin, ready to be opened; its copy is kept below `folder`. Throws a `PluginError`. */
export async function loadPlugin(
  { path, sha256, runtime }: Pick<ExternalPlugin, 'path' | 'sha256' | 'runtime'>,
  { folder, deadline }: { readonly folder: string; readonly deadline?: number },
): Promise<LoadedPlugin> {
  const files = await readPluginFiles(path)
  refuseUnpinned(files, sha256)
  const chosen = runtimeOf(files, runtime)
  const file = await snapshot(files, folder)
  const described = await describe(files, { file, deadline })
  const plugin = chosen === 'process' ? asProcess(files, { file, described }) : await importPlugin(file, path)
  return { path, sha256, runtime: chosen, plugin }
}

interface Copy {
  /** The entry of the private copy. */
  readonly file: string
}

function asProcess(
  { path, entry }: PluginFiles,
  { file, described }: Copy & { readonly described: PluginDescription },
) {
  const { kind, type, config } = described
  const command = isModule(entry) ? selfCommand(HOST_COMMAND, file, path) : [file]
  return processPlugin({ kind, type, config: configSchema(path, config), launch: async () => ({ command, env: {} }) })
}

/** What it is: by its module, loaded elsewhere, or by the manifest of an executable. The two must not disagree. */
async function describe(files: PluginFiles, { file, deadline }: Copy & { readonly deadline: number | undefined }) {
  const { path, entry, manifest } = files
  if (isModule(entry)) {
    const described = await probe(file, path, deadline)
    if (manifest && (manifest.id !== described.type || manifest.kind !== described.kind)) {
      const sentence = `its plugin.json says ${manifest.kind} "${manifest.id}", its module ${described.kind} "${described.type}"`
      throw new PluginError('manifest', path, sentence)
    }
    return described
  }
  if (!manifest) throw new PluginError('manifest', path, 'an executable needs a plugin.json that says what it is')
  const { id: type, kind, apiVersion, config } = manifest
  if (apiVersion !== API_VERSION && apiVersion !== API_VERSION - 1) {
    const sentence = `it is written for version ${apiVersion} of the plugin contract, and this server takes ${API_VERSION}`
    throw new PluginError('api-version', path, sentence)
  }
  return { kind, type, apiVersion, config: config ?? { type: 'object', additionalProperties: false } }
}

/** The manifest may ask for a process, the configuration too; what is behind permissions is not lifted out of them. */
function runtimeOf({ path, entry, manifest }: PluginFiles, told: Runtime | undefined): Runtime {
  const chosen = told ?? manifest?.runtime ?? 'in-process'
  if (chosen === 'process') return chosen
  if (!isModule(entry))
    throw new PluginError('manifest', path, 'an executable runs as a process: its runtime is "process"')
  if (manifest?.runtime === 'process') {
    throw new PluginError(
      'manifest',
      path,
      'its plugin.json asks for a process, and the configuration says "in-process"',
    )
  }
  return chosen
}

function refuseUnpinned({ path, sha256 }: PluginFiles, pinned: string): void {
  if (sha256 === pinned) return
  const remedy = `if the change is wanted, pin it anew with "leveret plugin pin"`
  throw new PluginError('pin', path, `its SHA-256 is ${sha256}, and pinned is ${pinned}; ${remedy}`)
}
