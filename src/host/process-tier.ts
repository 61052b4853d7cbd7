/** How a plugin becomes a process: the command, what that may reach, which variables it sees. */
import { existsSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import type { Environment } from '../config/environment.ts'
import type { Described } from './external.ts'
import { isModule, type PluginFiles } from './files.ts'
import { configSchema, NO_PERMISSIONS } from './manifest.ts'
import type { AnyPlugin } from './plugin-module.ts'
import { HOST_COMMAND, SEALED } from './process/hosted.ts'
import { processPlugin } from './process/plugin.ts'
import { confined } from './sandbox/confine.ts'
import type { Refused } from './sandbox/refusals.ts'
import { type Needs, policyOf } from './sandbox/policy.ts'
import { selfCommand, selfFiles } from './self.ts'

/** Where `env` looks for an interpreter when there are no variables. */
const PATH = ['/usr/local/bin', '/usr/bin', '/bin']

export interface Tier {
  /** The entry of the private copy. */
  readonly file: string
  readonly described: Described
  readonly env: Environment
  /** Hears of everything that it is refused. */
  readonly refused?: ((refused: Refused) => void) | undefined
}

export function pluginInProcess({ path, entry }: PluginFiles, { file, described, env, refused }: Tier): AnyPlugin {
  const { kind, type, config, permissions = NO_PERMISSIONS, sandbox } = described
  const inside = sandbox?.enforced === true
  return processPlugin({
    kind,
    type,
    config: configSchema(path, config),
    async launch(section, { id, dataDir, log }) {
      const seal = inside && permissions.run === false ? [SEALED] : []
      const command = isModule(entry) ? selfCommand(HOST_COMMAND, file, path, ...seal) : [file]
      const visible = Object.fromEntries(permissions.env.flatMap((name) => pair(name, env[name])))
      if (!inside) return { command, env: visible }
      const needs = isModule(entry) ? moduleNeeds(file) : await executableNeeds(file)
      // The section has just been checked against a schema of an object.
      const expansion = { config: section as Readonly<Record<string, unknown>>, dataDir }
      const policy = await policyOf(permissions, expansion, needs)
      const { watchedPlugin } = await import('./sandbox/refusals.ts') // a server without such plugins needs none of it
      const { token, ...watched } = watchedPlugin({ name: type, id, log, refused })
      return { command: confined({ ...policy, token }, command), env: visible, watched }
    },
  })
}

/** Loading a module to see what it is takes no permission. */
export function confinedProbe(file: string): (command: readonly string[]) => Promise<readonly string[]> {
  return async (command) => {
    const nothing = { config: {}, dataDir: dirname(file) }
    return confined(await policyOf(NO_PERMISSIONS, nothing, moduleNeeds(file)), command)
  }
}

function pair(name: string, value: string | undefined): [string, string][] {
  return value === undefined ? [] : [[name, value]]
}

function moduleNeeds(file: string): Needs {
  return { read: [...selfFiles(), dirname(file)], execute: [process.execPath] }
}

async function executableNeeds(file: string): Promise<Needs> {
  return { read: [dirname(file)], execute: [file, ...(await interpretersOf(file))] }
}

/** What a script names in its first line; of `env` also the program that it finds. */
async function interpretersOf(file: string): Promise<string[]> {
  await using handle = await open(file)
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(256), 0, 256, 0)
  const [, program, argument] =
    /^#!\s*(\S+)(?:[ \t]+(\S+))?/.exec(buffer.subarray(0, bytesRead).toString('latin1')) ?? []
  if (program === undefined) return []
  if (basename(program) !== 'env' || argument === undefined) return [program]
  const found = PATH.map((folder) => `${folder}/${argument}`).find((each) => existsSync(each))
  return found === undefined ? [program] : [program, found]
}
