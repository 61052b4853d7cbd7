/** Every way a plugin can be broken gives its own sentence, and the process that asks survives. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmod, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { checkPlugin } from '../../src/host/external.ts'
import { type Folder, loginSourceText, temporaryFolder } from '../harness/plugins.ts'

let folder: Folder
beforeAll(async () => {
  folder = await temporaryFolder()
})
afterAll(() => folder[Symbol.asyncDispose]())

interface Broken {
  readonly name: string
  readonly text: string
  readonly fault: string
  readonly sentence: string
}

const exporting = (change: string): string =>
  `import { Type } from '@sinclair/typebox'
   export default { apiVersion: 1, kind: 'login', type: 'x', config: Type.Object({}), open() {}, ${change} }`

const BROKEN: readonly Broken[] = [
  {
    name: 'throws',
    text: "throw new Error('no licence\\nfound')",
    fault: 'throws',
    sentence: 'it throws while loading: no licence found',
  },
  {
    name: 'loops',
    text: 'for (;;);',
    fault: 'hangs',
    sentence: 'it does not finish loading',
  },
  {
    name: 'waits-for-ever',
    text: 'Bun.serve({ port: 0, fetch: () => new Response() }); await new Promise(() => {})',
    fault: 'hangs',
    sentence: 'it does not finish loading',
  },
  {
    name: 'waits-for-nothing',
    text: 'await new Promise(() => {})',
    fault: 'hangs',
    sentence: 'it does not finish loading',
  },
  {
    name: 'exits',
    text: 'process.exit(3)',
    fault: 'exits',
    sentence: 'it ends the process while loading (exit code 3)',
  },
  {
    name: 'exits-as-if-all-were-well',
    text: "console.log('ok'); process.exit(0)",
    fault: 'exits',
    sentence: 'it ends the process while loading (exit code 0)',
  },
  {
    name: 'rejects-later',
    text: loginSourceText('x', "Promise.resolve().then(() => Promise.reject(new Error('licence expired')))"),
    fault: 'fails-later',
    sentence: 'it fails after loading: licence expired',
  },
  {
    name: 'throws-later',
    text: loginSourceText('x', "setImmediate(() => { throw new Error('licence expired') })"),
    fault: 'fails-later',
    sentence: 'it fails after loading: licence expired',
  },
  {
    name: 'syntax',
    text: "const a = 1\nexport default { type: 'x'",
    fault: 'syntax',
    sentence: 'it cannot be parsed (line 2): Expected "}" but found end of file',
  },
  {
    name: 'unknown-package',
    text: "import pad from 'leftpad'\nexport default pad",
    fault: 'import',
    sentence: 'it imports "leftpad", which is neither part of it nor lent by the server',
  },
  {
    name: 'neighbour-outside-the-pin',
    text: "import { x } from './waits-for-nothing.ts'\nexport default x",
    fault: 'import',
    sentence: 'it imports "./waits-for-nothing.ts", which is neither part of it nor lent by the server',
  },
  {
    name: 'missing-export',
    text: "import { defineOracle } from 'leveret/plugin'\nexport default defineOracle({})",
    fault: 'import',
    sentence: "its imports do not fit: Export named 'defineOracle' not found in module 'leveret/plugin'.",
  },
  {
    name: 'no-default',
    text: 'export const type = 1',
    fault: 'export',
    sentence: 'its default export is not a plugin: there is none, or it is not an object',
  },
  {
    name: 'newer-contract',
    text: exporting('apiVersion: 7'),
    fault: 'api-version',
    sentence: 'it is written for version 7 of the plugin contract, and this server takes 1',
  },
  {
    name: 'no-version',
    text: exporting('apiVersion: undefined'),
    fault: 'api-version',
    sentence: 'it is written for version missing of the plugin contract, and this server takes 1',
  },
  {
    name: 'other-kind',
    text: exporting("kind: 'theme'"),
    fault: 'export',
    sentence: 'its default export is not a plugin: "kind" is "theme", not "login" or "storage"',
  },
  {
    name: 'odd-type',
    text: exporting("type: 'A b'"),
    fault: 'export',
    sentence: 'its default export is not a plugin: "type" is "A b", not lower-case letters, digits and hyphens',
  },
  {
    name: 'no-schema',
    text: exporting('config: undefined'),
    fault: 'export',
    sentence: 'its default export is not a plugin: "config" is not a TypeBox object schema',
  },
  {
    name: 'no-open',
    text: exporting('open: undefined'),
    fault: 'export',
    sentence: 'its default export is not a plugin: "open" is not a function',
  },
]

describe('checkPlugin() says in one sentence what is wrong with a plugin that', () => {
  for (const { name, text, fault, sentence } of BROKEN) {
    test(name, async () => {
      const path = await folder.write(`${name}.ts`, text)
      const deadline = fault === 'hangs' ? 1_000 : 20_000
      const found = await checkPlugin(path, { deadline })
      expect(found).toEqual({
        ok: false,
        path,
        fault,
        message: `Cannot use plugin ${path}: ${sentence}`,
      } as typeof found)
    })
  }
})

describe('checkPlugin() refuses before anything of it runs', () => {
  const refused = async (path: string, sentence: string) =>
    expect(await checkPlugin(path)).toMatchObject({ ok: false, message: `Cannot use plugin ${path}: ${sentence}` })

  test('what is not there', () =>
    refused(join(folder.path, 'nothing.ts'), 'there is no such file or folder, or it cannot be read'))

  test('a symbolic link', async () => {
    const target = await folder.write('target.ts', loginSourceText('x'))
    const link = join(folder.path, 'link.ts')
    await symlink(target, link)
    await refused(link, `${link} is a symbolic link, and a plugin is made of plain files`)
  })

  test('a symbolic link inside a folder', async () => {
    await folder.write('linked/index.ts', loginSourceText('x'))
    const link = join(folder.path, 'linked', 'other.ts')
    await symlink('index.ts', link)
    await refused(join(folder.path, 'linked'), `${link} is a symbolic link, and a plugin is made of plain files`)
  })

  test('a file that anybody may write to', async () => {
    const path = await folder.write('open.ts', loginSourceText('x'))
    await chmod(path, 0o646)
    await refused(path, `anybody may write to ${path} (mode 0646), which must not be`)
  })

  test('a folder in which anybody may write', async () => {
    await folder.write('open-folder/index.ts', loginSourceText('x'))
    const path = join(folder.path, 'open-folder')
    await chmod(path, 0o777)
    await refused(path, `anybody may write to ${path} (mode 0777), which must not be`)
  })

  test('a file of another kind', async () => {
    const path = await folder.write('plugin.json', '{}')
    await refused(path, 'a plugin is a folder or a file that ends in .ts, .mts, .js, .mjs, .cjs, .leveret-plugin')
  })

  test('a folder without an entry', async () => {
    await folder.write('no-entry/other.ts', loginSourceText('x'))
    const sentence = 'the folder has neither a package.json that names an entry nor an index.ts'
    await refused(join(folder.path, 'no-entry'), sentence)
  })

  test('a folder whose entry lies outside', async () => {
    await folder.write('escaping/package.json', '{ "main": "../target.ts" }')
    await refused(join(folder.path, 'escaping'), 'its package.json names ../target.ts, which is not in the folder')
  })
})
