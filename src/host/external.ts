/** Plugins that are not built in: found, pinned, probed, and only then loaded into the server or prepared as a process. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { API_VERSION } from '#plugin'
import type { Environment } from '../config/environment.ts'
import { isModule, type PluginFiles, readPluginFiles } from './files.ts'
import { NO_PERMISSIONS, type Permissions } from './manifest.ts'
import { PluginError, type PluginFault } from './plugin-error.ts'
import { type AnyPlugin, importPlugin } from './plugin-module.ts'
import { type PluginDescription, probe } from './probe.ts'
import { confinedProbe, pluginInProcess, type Tier } from './process-tier.ts'
import { type Sandbox, sandboxFor, type SandboxMode } from './sandbox/confine.ts'
import { snapshot } from './snapshot.ts'

export type Runtime = 'in-process' | 'process'

export interface ExternalPlugin {
  readonly path: string
  readonly sha256: string
  readonly optional: boolean
  /** What the manifest says, `in-process` without one, unless told. */
  readonly runtime?: Runtime
  /** `auto` unless told. */
  readonly sandbox?: SandboxMode
}

export interface LoadedPlugin {
  readonly path: string
  readonly sha256: string
  readonly runtime: Runtime
  /** Of a process. */
  readonly sandbox: Sandbox | undefined
  readonly plugin: AnyPlugin
}

/** What is known of a plugin without having loaded it here. */
export interface Described extends PluginDescription {
  readonly path: string
  readonly sha256: string
  readonly runtime: Runtime
  readonly version?: string
  /** What a process may do; a plugin inside the server may do anything. */
  readonly permissions?: Permissions
  readonly sandbox?: Sandbox
}

export type PluginCheck =
  | ({ readonly ok: true } & Described)
  | { readonly ok: false; readonly path: string; readonly fault: PluginFault; readonly message: string }

export interface CheckOptions extends Partial<Pick<ExternalPlugin, 'sha256' | 'runtime' | 'sandbox'>> {
  readonly deadline?: number
}

/** Everything that starting with this plugin would find out, without loading it here. Without `sha256` no pin is checked. */
export async function checkPlugin(path: string, options: CheckOptions = {}): Promise<PluginCheck> {
  const folder = await mkdtemp(join(tmpdir(), 'leveret-plugin-'))
  try {
    const files = await readPluginFiles(path)
    if (options.sha256 !== undefined) refuseUnpinned(files, options.sha256)
    const { described } = await prepare(files, { path, ...options }, { folder, deadline: options.deadline })
    return { ok: true, ...described }
  } catch (error) {
    if (!(error instanceof PluginError)) throw error
    return { ok: false, path, fault: error.fault, message: error.message }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

export interface Loading {
  /** Where the private copy is kept. */
  readonly folder: string
  readonly deadline?: number | undefined
  /** Where the variables are that a process may see. */
  readonly env?: Environment
  readonly refused?: Tier['refused'] | undefined
}

/** The plugin, ready to be opened. Throws a `PluginError`. */
export async function loadPlugin(entry: Omit<ExternalPlugin, 'optional'>, loading: Loading): Promise<LoadedPlugin> {
  const { path, sha256 } = entry
  const files = await readPluginFiles(path)
  refuseUnpinned(files, sha256)
  const { file, described } = await prepare(files, entry, loading)
  const { runtime, sandbox } = described
  const plugin =
    runtime === 'process'
      ? pluginInProcess(files, { file, described, env: loading.env ?? {}, refused: loading.refused })
      : await importPlugin(file, path)
  return { path, sha256, runtime, sandbox, plugin }
}

/** Copies it and finds out what it is; nothing of a process is run outside its sandbox. */
async function prepare(
  files: PluginFiles,
  entry: Pick<ExternalPlugin, 'path' | 'runtime' | 'sandbox'>,
  { folder, deadline }: Loading,
): Promise<{ readonly file: string; readonly described: Described }> {
  const { path, manifest, sha256 } = files
  const runtime = runtimeOf(files, entry.runtime)
  const permissions = manifest?.permissions ?? NO_PERMISSIONS
  const sandbox = runtime === 'process' ? sandboxFor(path, entry.sandbox ?? 'auto', permissions) : undefined
  if (!sandbox && entry.sandbox === 'require') {
    throw new PluginError('sandbox', path, 'its sandbox is required, and inside the server there is none')
  }
  const file = await snapshot(files, folder)
  const confine = sandbox?.enforced ? confinedProbe(file) : undefined
  const described = await describe(files, file, { deadline, ...(confine && { confine }) })
  const process = sandbox && { permissions, sandbox }
  const version = manifest && { version: manifest.version }
  return { file, described: { path, sha256, runtime, ...described, ...version, ...process } }
}

/** What it is: by its module, loaded elsewhere, or by the manifest of an executable. The two must not disagree. */
async function describe(
  files: PluginFiles,
  file: string,
  probing: Parameters<typeof probe>[2],
): Promise<PluginDescription> {
  const { path, entry, manifest } = files
  if (isModule(entry)) {
    const described = await probe(file, path, probing)
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
