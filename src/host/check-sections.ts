/** What a start would find wrong with the plugins of a configuration, found without opening any. */
import type { Environment } from '../config/environment.ts'
import { ConfigError, type Fault } from '../config/fault.ts'
import { checkPlugin, type ExternalPlugin } from './external.ts'
import { unknownType } from './host.ts'
import { checkSection, type Section } from './open.ts'
import type { AnyPlugin } from './plugin-module.ts'

export interface Sections {
  readonly plugins: readonly ExternalPlugin[]
  readonly storage: Section
  readonly login: readonly Section[]
}

export async function checkSections(
  { plugins, storage, login }: Sections,
  { builtin, env }: { readonly builtin: readonly AnyPlugin[]; readonly env: Environment },
): Promise<readonly Fault[]> {
  const external = await Promise.all(plugins.map(({ path, sha256 }) => checkPlugin(path, { sha256 })))
  const faults = external.flatMap((check, index): Fault[] =>
    check.ok || plugins[index]?.optional ? [] : [{ path: `plugins[${index}]`, message: check.message }],
  )
  const known = [...builtin, ...external.filter((check) => check.ok)]
  /** A type that nobody has may be that of a plugin which cannot be used. */
  const certain = external.every((check) => check.ok)

  async function faultsOf(kind: AnyPlugin['kind'], path: string, section: Section): Promise<readonly Fault[]> {
    const plugin = builtin.find((each) => each.kind === kind && each.type === section.type)
    if (plugin) return refusals(checkSection(plugin, { section, path, env }))
    const there = known.some((each) => each.kind === kind && each.type === section.type)
    return there || !certain ? [] : [unknownType(known, kind, section.type, path)]
  }

  const sections = [
    faultsOf('storage', 'storage', storage),
    ...login.map((section, index) => faultsOf('login', `login[${index}]`, section)),
  ]
  return [...faults, ...(await Promise.all(sections)).flat()]
}

async function refusals(checking: Promise<unknown>): Promise<readonly Fault[]> {
  try {
    await checking
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
}
