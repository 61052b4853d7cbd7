/** How to run the suite: the commands of this folder's README as written, and that the clients they make are the right ones. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../harness/broker.ts'
import { testCertificates } from '../harness/certificates.ts'
import { type Program, PROGRAM, type Workplace, workplace } from '../harness/command-line.ts'
import { blocksOf } from '../readme/readme.ts'
import { CLAIMS } from './basic-client.ts'
import { makeKeys } from './keys.ts'

setDefaultTimeout(60_000)

const blocks = blocksOf(await Bun.file(join(import.meta.dir, 'README.md')).text())
const [settingUp = [], running = []] = ['before', 'after'].map((side) => {
  const serve = blocks.findIndex(({ text }) => text === 'leveret serve\n')
  const asked = side === 'before' ? blocks.slice(0, serve) : blocks.slice(serve)
  return asked.filter(({ language, notRun }) => language === 'sh' && notRun === undefined)
})
const port = freePort()

let place: Workplace
let server: Program
beforeAll(async () => {
  place = await workplace()
  const { folder } = place
  await Bun.write(join(folder, 'bin/leveret'), `#!/bin/sh\nexec ${PROGRAM.map((word) => `'${word}'`).join(' ')} "$@"\n`)
  await chmod(join(folder, 'bin/leveret'), 0o755)
  await Bun.write(join(folder, 'suite-ca.pem'), Bun.file((await testCertificates()).caFile))
  await makeKeys('fapi', 'ES256', folder)
  await makeKeys('fapi-two', 'PS256', folder)
  for (const { text } of settingUp) await inShell(text)
  server = place.start(['serve'])
  await server.saw('out', /https:\/\//)
})
afterAll(() => place[Symbol.asyncDispose]())

async function inShell(text: string): Promise<string> {
  const here = text
    .replaceAll('login.example.com', 'localhost')
    .replaceAll('8443', String(port))
    .replace('--host 0.0.0.0', '--host 127.0.0.1')
  const child = Bun.spawn(['sh', '-e', '-c', here], {
    cwd: place.folder,
    env: { PATH: `${place.folder}/bin:${process.env['PATH'] ?? ''}`, HOME: place.folder },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const texts = [child.stdout, child.stderr].map((stream) => new Response(stream).text())
  const [code, out = '', err] = await Promise.all([child.exited, ...texts])
  expect({ code, out, err }).toMatchObject({ code: 0, err: '' })
  return out
}

test('the commands work as written', async () => {
  expect([settingUp.length, running.length]).toEqual([2, 3])
  const said = await Array.fromAsync(running, async ({ text }) => await inShell(text))
  expect(said.join('')).not.toContain('FAULT')
  const client = await place.json<object>(['client', 'show', 'suite'])
  expect(client).toMatchObject({ requirePkce: false, authMethod: 'client_secret_basic', idTokenAlg: 'RS256' })
  const alice = await place.json<{ claims: object }>(['user', 'show', 'alice'])
  expect(alice.claims).toEqual(CLAIMS)
  expect(await Bun.file(join(place.folder, 'suite-post.json')).json()).toMatchObject({
    client: { authMethod: 'client_secret_post' },
    secret: expect.stringMatching(/^[\w-]{43}$/) as string,
  })
})
