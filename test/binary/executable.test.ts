/** The compiled executable itself: it depends on no folder, and no folder it is started in changes what it does. */
import { beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { version } from '../../package.json' with { type: 'json' }
import { builtExecutable, copyExecutable, runExecutable } from '../harness/executable.ts'
import { temporaryFolder } from '../harness/plugins.ts'

setDefaultTimeout(60_000)

let executable: string
beforeAll(async () => {
  executable = await builtExecutable()
})

test('--version names version, commit and Bun', async () => {
  await using folder = await temporaryFolder()
  expect(await runExecutable({ executable, folder: folder.path }, '--version')).toEqual({
    code: 0,
    out: `leveret ${version} (commit tested, Bun ${Bun.version})\n`,
    err: '',
  })
})

test('it runs from any folder, moved away from where it was built', async () => {
  await using folder = await temporaryFolder()
  const moved = await copyExecutable(executable, join(folder.path, 'some where', 'renamed'))
  const { code, out } = await runExecutable({ executable: moved, folder: '/' }, 'config', 'reference')
  expect(code).toBe(0)
  expect(out).toContain('publicUrl')
})

test('neither bunfig.toml nor .env nor tsconfig.json of the folder it is started in takes effect', async () => {
  await using folder = await temporaryFolder()
  await folder.write('preload.ts', "await Bun.write('owned', 'by the preload'); console.log('owned')")
  await folder.write('bunfig.toml', 'preload = ["./preload.ts"]\n[run]\npreload = ["./preload.ts"]\n')
  await folder.write('.env', 'LEVERET_PUBLIC_URL=https://attacker.example\nLEVERET_MASTER_KEY=x\n')
  await folder.write('tsconfig.json', '{ "compilerOptions": { "paths": { "*": ["./preload.ts"] } } }')
  const start = { executable, folder: folder.path }
  const { out } = await runExecutable(start, '--version')
  expect(out).toStartWith('leveret ')
  const check = await runExecutable(start, 'config', 'check', '--json')
  expect(`${check.out}${check.err}`).not.toContain('attacker')
  expect(await Bun.file(join(folder.path, 'owned')).exists()).toBe(false)
})

test('a hostile bunfig.toml in the folder of a plugin does not reach the probe', async () => {
  await using folder = await temporaryFolder()
  await folder.write('acme/preload.ts', "await Bun.write('owned', 'by the preload')")
  await folder.write('acme/bunfig.toml', 'preload = ["./preload.ts"]\n')
  await folder.write('acme/index.ts', 'export default 1')
  await runExecutable({ executable, folder: join(folder.path, 'acme') }, 'plugin', 'check', '.')
  expect(await Bun.file(join(folder.path, 'acme', 'owned')).exists()).toBe(false)
})
