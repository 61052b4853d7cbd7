/**
 * The README's tasks, block by block as written, in one folder with the executable. Only what a machine of its own would
 * have is put in its place: the public name, the port, every interface, a safe place.
 */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../harness/broker.ts'
import { builtExecutable } from '../harness/executable.ts'
import { exampleOfGuide, type Folder, temporaryFolder } from '../harness/plugins.ts'
import { readmeBlocks } from './readme.ts'

setDefaultTimeout(60_000)

const blocks = (await readmeBlocks()).filter(({ language, notRun }) => language === 'sh' && notRun === undefined)
const port = freePort()

/** Stands for the program: what runs until it is stopped runs beside the block, and whoever types is here. */
const stand = (executable: string) => `#!/bin/sh
beside() {
  '${executable}' "$@" >>../beside.log 2>&1 &
  echo $! >>../beside.pids
}
case " $* " in
  ' serve ') beside "$@"; until '${executable}' healthcheck >/dev/null; do kill -0 $! || exit 1; sleep 0.05; done ;;
  *' --watch '*' --out token ') beside "$@"; until [ -s token ]; do kill -0 $! || exit 1; sleep 0.05; done ;;
  ' user add '*' --password-file '*) exec '${executable}' "$@" ;;
  ' user add '*) echo orbit-Vellum-77-kite | '${executable}' "$@" ;;
  *) exec '${executable}' "$@" ;;
esac
`

let folder: Folder
beforeAll(async () => {
  folder = await temporaryFolder()
  await chmod(await folder.write('bin/leveret', stand(await builtExecutable())), 0o755)
  await folder.write('safe/.keep', '')
  const { name, text } = await exampleOfGuide()
  await folder.write(`work/${name}`, text)
})
afterAll(async () => {
  const pids = await Bun.file(join(folder.path, 'beside.pids')).text()
  for (const pid of pids.trim().split('\n')) process.kill(Number(pid))
  await folder[Symbol.asyncDispose]()
})

function here(text: string): string {
  return text
    .replaceAll('login.example.com', 'localhost')
    .replaceAll('8443', String(port))
    .replaceAll('0.0.0.0', '127.0.0.1')
    .replaceAll('/some/safe/place', join(folder.path, 'safe'))
}

test.each(blocks.map((block) => [`${block.heading}, line ${block.line}`, block] as const))(
  '%s',
  async (_, { text }) => {
    const child = Bun.spawn(['sh', '-e', '-c', here(text)], {
      cwd: join(folder.path, 'work'),
      env: { PATH: `${folder.path}/bin:${process.env['PATH'] ?? ''}`, HOME: folder.path },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const texts = [child.stdout, child.stderr].map((stream) => new Response(stream).text())
    const [code, out, err] = await Promise.all([child.exited, ...texts])
    expect({ code, out, err }).toMatchObject({ code: 0, err: '' })
    expect(out).not.toMatch(/"(?:error|code)":|FAULT/)
  },
)

test('the story leads where it says: a token file, a broker configuration, a copy', async () => {
  const work = (name: string) => Bun.file(join(folder.path, 'work', name)).text()
  expect(await work('token')).toMatch(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/)
  expect(await work('50-leveret.conf')).toContain(`auth_oauth2.resource_server_id = prod-cluster`)
  expect(await work('leveret.toml')).toContain('[[plugins]]')
})
