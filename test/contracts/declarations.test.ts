/** The published types are those of the contract: what the templates and examples say compiles with them alone. */
import { expect, setDefaultTimeout, test } from 'bun:test'
import { copyFile, mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { templateOf } from '../../src/cli/plugin-templates.ts'
import { temporaryFolder } from '../harness/plugins.ts'
import { DECLARATIONS } from './published.ts'

setDefaultTimeout(30_000)

const root = join(import.meta.dir, '../..')
const OPTIONS = ['--ignoreConfig', '--noEmit', '--strict', '--target', 'esnext', '--module', 'preserve']
const STRICT = ['--moduleResolution', 'bundler', '--allowImportingTsExtensions', '--skipLibCheck', '--types', 'bun']

async function compile(folder: string): Promise<string> {
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'))
  const files = (await readdir(folder)).filter((name) => name.endsWith('.ts'))
  const command = [join(root, 'node_modules/.bin/tsc'), ...OPTIONS, ...STRICT, ...files]
  return Bun.spawnSync(command, { cwd: folder, env: { PATH: process.env['PATH'] ?? '' } }).stdout.toString()
}

for (const kind of ['login', 'storage'])
  test(`the template of a ${kind} compiles`, async () => {
    await using folder = await temporaryFolder()
    for (const [name, { text }] of templateOf('acme', { kind, lang: 'ts' }) ?? []) await folder.write(name, text)
    expect(await compile(folder.path)).toBe('')
  })

test('the example of a login source compiles, and a wrong one does not', async () => {
  await using folder = await temporaryFolder()
  await copyFile(join(root, DECLARATIONS), join(folder.path, 'leveret-plugin.d.ts'))
  await mkdir(join(folder.path, 'wrong'))
  const text = await Bun.file(join(root, 'plugins/examples/directory-api/main.ts')).text()
  await folder.write('main.ts', text)
  await folder.write('wrong.ts', text.replace("why: 'disabled'", "why: 'gone'"))
  const said = await compile(folder.path)
  expect(said).toContain('wrong.ts')
  expect(said).not.toContain('main.ts')
})
