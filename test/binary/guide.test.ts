/** The plugin author's guide, run as it is written, with nothing but the executable. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { copyOfExample } from '../harness/examples.ts'
import { builtExecutable } from '../harness/executable.ts'
import { type Folder, temporaryFolder } from '../harness/plugins.ts'

setDefaultTimeout(180_000)

const PLUGINS = join(import.meta.dir, '../../plugins')
const guide = await Bun.file(join(PLUGINS, 'README.md')).text()

/** The commands of a block, one for each line that does not go on. */
function commandsOf(name: string): string[] {
  const [, text = ''] = new RegExp(`<!-- run: ${name} -->\\n\`\`\`sh\\n([^]*?)\`\`\``).exec(guide) ?? []
  return text.replaceAll('\\\n', ' ').trim().split('\n')
}

function freePort(): number {
  using server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response() })
  return server.port ?? 0
}

let folder: Folder
beforeAll(async () => {
  folder = await temporaryFolder()
  await mkdir(join(folder.path, 'bin'))
  await symlink(await builtExecutable(), join(folder.path, 'bin/leveret'))
})
afterAll(() => folder[Symbol.asyncDispose]())

/** Runs the commands in a shell, as somebody would who types them; what they leave running is ended with it. */
async function follow(
  name: string,
  port: { readonly told: string; readonly free: number } = { told: '8080', free: freePort() },
) {
  const cwd = folder.path
  const text = commandsOf(name).join('\n').replaceAll(port.told, String(port.free))
  const script = `set -e\ntrap 'kill $(jobs -p) 2>/dev/null || true; wait || true' EXIT\n${text}\n`
  const child = Bun.spawn(['bash', '-c', script], {
    cwd,
    env: { PATH: `${join(folder.path, 'bin')}:/usr/bin:/bin`, HOME: cwd },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [out, err, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  if (code !== 0) throw new Error(`The guide stops with ${code}:\n${out}${err}`)
  return out
}

describe('the guide for plugin authors:', () => {
  test('fewer than eight commands lie between nothing and a login', async () => {
    expect(commandsOf('first-login').length).toBeLessThan(8)
    const since = performance.now()
    const out = await follow('first-login')
    console.info(`From "plugin new" to a login: ${Math.round(performance.now() - since)} ms of machine time`)
    expect(out).toMatch(/\n31 passed, 0 failed, 9 skipped\n/)
    expect(out).toContain('"id_token":"')
  })

  test('the plugin is packed, added to a server, and logs people in there', async () => {
    const out = await follow('on-a-server')
    expect(out).toContain('login plugin "acme" 0.1.0')
    expect(out).toContain('"id_token":"')
  })

  test('the login source on an HTTP API passes the kit', async () => {
    const path = await copyOfExample(folder, 'directory-api')
    const free = freePort()
    const kit = await Bun.file(join(path, 'kit.json')).text()
    await folder.write('directory-api/kit.json', kit.replace('8099', String(free)))
    const out = await follow('directory-api', { told: '8099', free })
    expect(out).toMatch(/\n\d+ passed, 0 failed, \d+ skipped\n/)
    expect(out).toContain('connects to {url}')
  })

  test('the storage over files passes the kit', async () => {
    await copyOfExample(folder, 'journal')
    const out = await follow('journal')
    expect(out).toMatch(/\n145 passed, 0 failed, \d+ skipped\n/)
    expect(out).toContain('writes {folder}')
  })

  test('the code that it shows is the code that is run', async () => {
    const shown = [...guide.matchAll(/<!-- file: (\S+) -->\n```\w+\n([^]*?)```/g)]
    expect(shown.map(([, file]) => file)).toEqual([
      'examples/directory-api/main.ts',
      'examples/directory-api/plugin.json',
      'examples/journal/main.ts',
    ])
    for (const [, file = '', text] of shown) expect(text).toBe(await Bun.file(join(PLUGINS, file)).text())
  })
})
