/** Login sources by somebody else beside the compiled executable, with nothing installed there. */
import { beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import {
  builtExecutable,
  copyExecutable,
  type RunningExecutable,
  runExecutable,
  serveExecutable,
} from '../harness/executable.ts'
import { type Folder, loginSourceText, temporaryFolder, writeConfiguration } from '../harness/plugins.ts'

setDefaultTimeout(60_000)

let built: string
beforeAll(async () => {
  built = await builtExecutable()
})

/** An empty machine: a folder with the executable, a configuration, a master key. */
async function machine(sections: string): Promise<Folder & { readonly executable: string; readonly folder: string }> {
  const folder = await temporaryFolder()
  await writeConfiguration(folder, sections)
  return { ...folder, folder: folder.path, executable: await copyExecutable(built, join(folder.path, 'leveret')) }
}

function login(server: RunningExecutable, password: string): Promise<Response> {
  return fetch(`${server.url}/auth/session/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'outsider', password, vhost: 'prod' }),
  })
}

const FORMS = {
  'a TypeScript file': {
    path: 'acme.ts',
    files: { 'acme.ts': loginSourceText('acme') },
  },
  'a JavaScript file': {
    path: 'acme.js',
    files: { 'acme.js': new Bun.Transpiler({ loader: 'ts' }).transformSync(loginSourceText('acme')) },
  },
  'a package folder': {
    path: 'acme',
    files: {
      'acme/package.json': JSON.stringify({ name: 'acme', exports: { '.': { import: './lib/source.ts' } } }),
      'acme/lib/source.ts': loginSourceText('acme', "import './more.ts'"),
      'acme/lib/more.ts':
        "import { Value } from '@sinclair/typebox/value'\nif (!Value.Check) throw new Error('not lent')",
    },
  },
}

for (const [form, { path, files }] of Object.entries(FORMS)) {
  test(`somebody logs in through ${form}, before and after a restart`, async () => {
    await using place = await machine('')
    for (const [name, text] of Object.entries(files)) await place.write(name, text)
    const pin = await runExecutable(place, 'plugin', 'pin', `./${path}`)
    expect({ code: pin.code, err: pin.err }).toEqual({ code: 0, err: '' })
    const config = await Bun.file(join(place.folder, 'leveret.toml')).text()
    const source = '[[login]]\ntype = "acme"\nid = "team"\nsecret = { env = "ACME_SECRET" }\n'
    await place.write('leveret.toml', `${config}\n${pin.out}\n${source}`)
    const env = { ACME_SECRET: 'open sesame' }
    const start = { ...place, env }
    for (const words of [
      ['broker', 'add', 'main', '--id', 'rabbitmq', '--version', '3.10'],
      ['rule', 'add', '--user', 'outsider', '--vhost', 'prod', '--preset', 'owner'],
    ]) {
      const { code, err } = await runExecutable(start, ...words)
      expect({ words, code, err }).toMatchObject({ words, code: 0 })
    }
    for (const round of ['first', 'second']) {
      await using server = await serveExecutable(start)
      const answer = await login(server, 'open sesame')
      expect({ round, status: answer.status }).toEqual({ round, status: 200 })
      expect(await answer.json()).toMatchObject({ token_type: 'bearer', vhost: 'prod' })
      expect((await login(server, 'wrong')).status).toBe(401)
      expect(await server.stop()).toBe(0)
      expect(server.log()).not.toContain('open sesame')
    }
  })
}

test('a plugin that does not fit its pin stops the start, and if it is optional only the plugin', async () => {
  const sections = (optional: boolean) =>
    `[[plugins]]\npath = "acme.ts"\nsha256 = "${'a'.repeat(64)}"\noptional = ${optional}\n[[login]]\ntype = "local"\n`
  await using strict = await machine(sections(false))
  await strict.write('acme.ts', loginSourceText('acme'))
  const { code, out, err } = await runExecutable(strict, 'serve')
  expect({ code, out }).toEqual({ code: 1, out: '' })
  expect(err).toContain(`Cannot use plugin ${join(strict.folder, 'acme.ts')}: its SHA-256 is `)

  await using lenient = await machine(sections(true))
  await lenient.write('acme.ts', loginSourceText('acme'))
  await using server = await serveExecutable(lenient)
  expect((await fetch(`${server.url}/readyz`)).status).toBe(200)
  const unix = join(lenient.folder, 'data', 'control.sock')
  const forOperator = await fetch('http://localhost/readyz', { unix })
  expect(await forOperator.text()).toContain(`Cannot use plugin ${join(lenient.folder, 'acme.ts')}`)
  const listed = await runExecutable(lenient, 'plugin', 'list', '--json')
  expect(listed.code).toBe(0)
  expect(listed.out).toContain('its SHA-256 is ')
})

const BROKEN = {
  'throws while loading': ["throw new Error('no licence')", 'it throws while loading: no licence'],
  'does not finish loading': ['await new Promise(() => {})', 'it does not finish loading'],
  loops: ['for (;;);', 'it does not finish loading'],
  'ends the process': ['process.exit(0)', 'it ends the process while loading (exit code 0)'],
  'fails a moment later': [
    loginSourceText('acme', "setImmediate(() => { throw new Error('too late') })"),
    'it fails after loading: too late',
  ],
  'cannot be parsed': ['export default {', 'it cannot be parsed (line 1): Expected identifier but found end of file'],
  'imports what is not there': [
    "import pad from 'leftpad'; export default pad",
    'it imports "leftpad", which is neither part of it nor lent by the server',
  ],
  'wants a newer contract': [
    `${loginSourceText('acme').replace('export default', 'const made =')}\nexport default { ...made, apiVersion: 2 }`,
    'it is written for version 2 of the plugin contract, and this server takes 1',
  ],
  'exports nothing': ['export {}', 'its default export is not a plugin: there is none, or it is not an object'],
} as const

for (const [what, [text, sentence]] of Object.entries(BROKEN)) {
  test(`plugin check says in one sentence that a plugin ${what}`, async () => {
    await using folder = await temporaryFolder()
    const path = await folder.write('acme.ts', text)
    const { code, out } = await runExecutable({ executable: built, folder: folder.path }, 'plugin', 'check', 'acme.ts')
    expect({ code, out }).toEqual({ code: 1, out: `Cannot use plugin ${path}: ${sentence}\n` })
  })
}
