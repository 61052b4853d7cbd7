/** `leveret plugin doctor`: would the plugins of the configuration work here, and what stands around them? */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import { configOf } from './client.ts'
import { defineCommand, type Io } from './command.ts'
import { permissionLines } from './plugin-permissions.ts'

interface Finding {
  readonly about: string
  readonly ok: boolean
  readonly says: readonly string[]
}

export const doctorPlugin = defineCommand({
  name: 'doctor',
  summary: 'Look the plugins of the configuration over: pins, permissions, sandbox, and whether their sources open',
  args: {},
  options: {},
  examples: [{ says: 'After an upgrade, or before one', line: 'leveret plugin doctor' }],
  async run({ common, io }) {
    const { config } = await configOf(common, io)
    const findings = [...(await pluginFindings(config)), ...(await sourceFindings(config, io))]
    const text = findings.map(({ about, ok, says }) => [
      `${ok ? 'ok  ' : 'FAIL'} ${about}`,
      ...says.map((each) => `     ${each}`),
    ])
    const ok = findings.every((each) => each.ok)
    return {
      data: findings,
      text: findings.length === 0 ? 'There are no plugins but the built-in ones.' : text.flat().join('\n'),
      ok,
    }
  },
})

async function pluginFindings({ plugins }: Config): Promise<Finding[]> {
  const { checkPlugin } = await import('../plugin-workshop.ts')
  return Promise.all(
    plugins.map(async ({ path, optional, ...options }) => {
      const check = await checkPlugin(path, options)
      if (!check.ok) return { about: path, ok: optional, says: [check.message] }
      const version = check.version === undefined ? '' : ` ${check.version}`
      return { about: `${path}: ${check.kind} "${check.type}"${version}`, ok: true, says: permissionLines(check) }
    }),
  )
}

/** How the login sources of plugins are, and what they tried meanwhile that their manifests do not permit. */
async function sourceFindings(config: Config, io: Io): Promise<Finding[]> {
  const tried = new Map<string, Set<string>>()
  const findings = await openSources(config, io, (id, sentence) => {
    tried.set(about(id), (tried.get(about(id)) ?? new Set()).add(sentence))
  })
  return findings.map((each) => ({ ...each, says: [...each.says, ...(tried.get(each.about) ?? [])] }))
}

function about(id: string): string {
  return `login source "${id}"`
}

/** Opens every login source of a plugin and asks how it is. Nothing of the server is touched. */
async function openSources(
  { plugins, login, dataDir }: Config,
  io: Io,
  refused: (id: string, sentence: string) => void,
): Promise<Finding[]> {
  const { createPluginHost } = await import('../plugin-workshop.ts')
  const folder = await mkdtemp(join(tmpdir(), 'leveret-doctor-'))
  try {
    await using host = await createPluginHost({
      builtin: [],
      external: plugins.map((each) => ({ ...each, optional: true })),
      folder,
      dataDir,
      env: io.env,
      log: { debug() {}, info() {}, warn() {}, error() {} },
      now: io.now,
      signal: new AbortController().signal,
      refused: ({ plugin, sentence }) => refused(plugin, sentence),
    })
    const own = login.filter(({ type }) =>
      host.plugins.some((plugin) => plugin.kind === 'login' && plugin.type === type),
    )
    const credentials = {
      get: async () => undefined,
      put: async () => undefined,
      replace: async () => false,
      delete: async () => undefined,
    }
    const findings: Finding[] = []
    for (const section of own) {
      const opening = host.openLogin(section, { path: `login ${section.id}`, credentials })
      const found = await opening.then(
        async (source) => ({ ok: true, detail: undefined, ...(await source?.health?.()) }),
        (error: unknown) => ({ ok: false, detail: error instanceof Error ? error.message : String(error) }),
      )
      findings.push({ about: about(section.id), ok: found.ok, says: [found.detail ?? 'it opens'] })
    }
    return findings
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
