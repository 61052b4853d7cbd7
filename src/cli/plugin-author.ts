/** `leveret plugin new`, `test` and `pack`: from nothing to one file that can be added to a server. */
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { CommandError, defineCommand, UsageError } from './command.ts'
import { createFile } from './files.ts'
import { permissionLines } from './plugin-permissions.ts'

const LANGUAGES = ['ts', 'python'] as const

export const newPlugin = defineCommand({
  name: 'new',
  summary: 'Begin a plugin in a folder of its own',
  about: `Writes a plugin that works, its manifest, a configuration and accounts to test it with, and a README. Nothing is
    downloaded.`,
  args: { name: { help: 'Its name: lower-case letters, digits and hyphens' } },
  options: {
    kind: { type: 'string', required: true, choices: ['login', 'storage'], help: 'What it is' },
    lang: { type: 'string', choices: LANGUAGES, help: 'The language (default: ts)' },
  },
  examples: [
    { says: 'A login source in TypeScript', line: 'leveret plugin new acme --kind login' },
    { says: 'The same in Python, standard library only', line: 'leveret plugin new acme --kind login --lang python' },
  ],
  async run({ args, options, io }) {
    const { name } = args
    if (!/^[a-z0-9][a-z0-9-]{0,62}$/.test(name)) {
      throw new UsageError(`the name must be lower-case letters, digits and hyphens, not "${name}"`)
    }
    const { templateOf } = await import('./plugin-templates.ts')
    const { kind, lang = 'ts' } = options
    const template = templateOf(name, { kind, lang })
    if (!template) throw new CommandError(`there is no template for a ${kind} in ${lang}; begin with the one in ts`)
    const folder = resolve(io.cwd, name)
    await mkdir(folder).catch((cause: NodeJS.ErrnoException) => {
      throw new CommandError(cause.code === 'EEXIST' ? `${folder} exists already` : `cannot make ${folder}`, { cause })
    })
    for (const [file, { text, mode }] of template) await createFile(join(folder, file), text, mode)
    const files = [...template.keys()]
    return {
      data: { folder, files },
      text: `${folder} holds ${files.join(', ')}\nNext: leveret plugin test ${name} && leveret plugin dev ${name}`,
    }
  },
})

export const testPlugin = defineCommand({
  name: 'test',
  summary: 'Run the conformance kit on a plugin',
  about: `Loads the plugin the way a server does, its permissions enforced, and tries every promise of the contract. kit.json in
    its folder says with which configuration and, for a login source, with which accounts.`,
  args: { path: { help: 'A folder, a file or a packed plugin' } },
  options: {
    kit: { type: 'string', value: 'FILE', help: 'Instead of kit.json in its folder' },
    only: { type: 'string', value: 'TEXT', help: 'Only cases whose name contains this' },
    tap: { type: 'boolean', help: 'Print the Test Anything Protocol' },
    sandbox: { type: 'string', choices: ['auto', 'require', 'off'], help: 'As in the configuration' },
  },
  examples: [
    { says: 'Every case', line: 'leveret plugin test acme' },
    { says: 'For a machine that reads it', line: 'leveret plugin test acme --tap' },
  ],
  async run({ args, options, common, io }) {
    const path = resolve(io.cwd, args.path)
    const workshop = await import('../plugin-workshop.ts')
    const kit = await workshop.readKit(
      options.kit === undefined ? join(path, 'kit.json') : resolve(io.cwd, options.kit),
    )
    const sandbox = options.sandbox as 'auto' | 'require' | 'off' | undefined // one of the choices
    await using bench = await workshop.onTheBench(path, kit, { env: io.env, ...(sandbox && { sandbox }) })
    const { only = '' } = options
    const cases = bench.cases.filter(({ name }) => name.includes(only))
    const loud = !options.tap && !common.json
    const results = await workshop.runAll(cases, (result) => {
      if (loud) io.out(`${resultLine(result)}\n`)
    })
    const { passed, failed, skipped } = workshop.summary(results)
    const { kind, type, sha256 } = bench
    const text = options.tap ? workshop.tap(results) : `${passed} passed, ${failed} failed, ${skipped} skipped`
    return { data: { kind, type, sha256, passed, failed, skipped, results }, text, ok: failed === 0 && passed > 0 }
  },
})

function resultLine(result: { readonly name: string; readonly outcome: string; readonly reason?: string }): string {
  const mark = { passed: 'ok     ', failed: 'FAILED ', skipped: 'skipped' }[result.outcome] ?? ''
  return `${mark} ${result.name}${result.reason === undefined ? '' : `\n        ${result.reason}`}`
}

export const packPlugin = defineCommand({
  name: 'pack',
  summary: 'Put a plugin into one file',
  about: 'The same folder always gives the same file. Its digest is what a server pins.',
  args: { path: { help: 'The folder' } },
  options: { out: { type: 'string', value: 'FILE', help: 'Instead of NAME-VERSION.leveret-plugin here' } },
  examples: [{ says: 'Ready to be handed on', line: 'leveret plugin pack acme' }],
  async run({ args, options, io }) {
    const { checkPlugin, packFolder } = await import('../plugin-workshop.ts')
    const { name, bytes } = await packFolder(resolve(io.cwd, args.path))
    const file = resolve(io.cwd, options.out ?? name)
    await Bun.write(file, bytes)
    const check = await checkPlugin(file)
    if (!check.ok) return { data: check, text: check.message, ok: false }
    return { data: { file, ...check }, text: [file, `SHA-256  ${check.sha256}`, ...permissionLines(check)].join('\n') }
  },
})
