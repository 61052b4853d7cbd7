/** `leveret plugin`: which plugins there are, whether one can be used, and its pin. */
import { resolve } from 'node:path'
import { type CommandGroup, defineCommand } from './command.ts'
import { configOf } from './client.ts'
import { newPlugin, packPlugin, testPlugin } from './plugin-author.ts'
import { permissionLines } from './plugin-permissions.ts'
import { devPlugin } from './plugin-dev.ts'
import { doctorPlugin } from './plugin-doctor.ts'
import { addPlugin, removePlugin } from './plugin-install.ts'
import { table } from './table.ts'

const path = { help: 'A .ts or .js file, a folder or a packed plugin' } as const

const list = defineCommand({
  name: 'list',
  summary: 'List the plugins: the built-in ones and those of the configuration',
  args: {},
  options: {},
  examples: [{ says: 'Every plugin and its state', line: 'leveret plugin list' }],
  async run({ common, io }) {
    const { config } = await configOf(common, io)
    const { BUILTIN_PLUGINS, checkPlugin } = await import('../server.ts')
    const builtin = BUILTIN_PLUGINS.map(({ kind, type }) => ({ kind, type, origin: 'built-in', ok: true, message: '' }))
    const external = await Promise.all(
      config.plugins.map(async ({ path: origin, optional, ...options }) => {
        const { sha256 } = options
        const check = await checkPlugin(origin, options)
        const { kind, type, message } = check.ok ? { ...check, message: '' } : { ...check, kind: '?', type: '?' }
        return { kind, type, origin, sha256, optional, ok: check.ok, message }
      }),
    )
    const plugins = [...builtin, ...external]
    const rows = plugins.map((each) => [each.kind, each.type, each.origin, each.ok ? 'ok' : each.message])
    return {
      data: plugins,
      text: table(['kind', 'type', 'origin', 'state'], rows, ''),
      ok: external.every((each) => each.ok || each.optional),
    }
  },
})

const check = defineCommand({
  name: 'check',
  summary: 'Load a plugin in a process of its own and say whether it can be used',
  args: { path },
  options: { sha256: { type: 'string', value: 'DIGEST', help: 'Also compare with this pin' } },
  examples: [{ says: 'Before it goes into the configuration', line: 'leveret plugin check ./acme-login' }],
  async run({ args, options, io }) {
    const { checkPlugin } = await import('../server.ts')
    const pin = options.sha256 === undefined ? {} : { sha256: options.sha256 }
    const found = await checkPlugin(resolve(io.cwd, args.path), pin)
    if (!found.ok) return { data: found, text: found.message, ok: false }
    const text = [`${found.path} can be used: ${found.kind} plugin "${found.type}"`, ...permissionLines(found)].join(
      '\n',
    )
    return { data: found, text }
  },
})

const pin = defineCommand({
  name: 'pin',
  summary: 'Check a plugin and print the lines that put it into the configuration',
  about: 'Whoever can change the plugin can act as the server: read what you pin.',
  args: { path },
  options: {},
  examples: [{ says: 'Add a plugin', line: 'leveret plugin pin ./acme-login >> leveret.toml' }],
  async run({ args, io }) {
    const { checkPlugin } = await import('../server.ts')
    const found = await checkPlugin(resolve(io.cwd, args.path))
    if (!found.ok) return { data: found, text: found.message, ok: false }
    return { data: found, text: `[[plugins]]\npath = ${JSON.stringify(found.path)}\nsha256 = "${found.sha256}"` }
  },
})

export const plugin: CommandGroup = {
  name: 'plugin',
  summary: 'Plugins: write, test, add, look over',
  commands: [list, addPlugin, removePlugin, doctorPlugin, check, pin, newPlugin, devPlugin, testPlugin, packPlugin],
}
