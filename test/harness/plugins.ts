/** Plugins as somebody else would deliver them: files in a folder of their own, nothing installed beside them. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

export interface Folder extends AsyncDisposable {
  readonly path: string
  /** Writes a file, the folders on the way included, and returns its absolute path. */
  write(name: string, text: string): Promise<string>
}

export async function temporaryFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), 'leveret-test-'))
  return {
    path,
    async write(name, text) {
      const file = join(path, name)
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text)
      return file
    },
    async [Symbol.asyncDispose]() {
      await rm(path, { recursive: true, force: true })
    },
  }
}

/** A configuration that starts a server in this folder, with these sections beyond what every server needs. */
export async function writeConfiguration(folder: Folder, sections: string): Promise<void> {
  await writeFile(join(folder.path, 'master.key'), Buffer.alloc(32, 7).toString('base64'), { mode: 0o600 })
  await folder.write(
    'leveret.toml',
    `publicUrl = "https://login.example"
dataDir = "data"
masterKey = { file = "master.key" }
listen = { port = 0 }
metrics = { enabled = false }
${sections}
`,
  )
}

/** A login source that knows one person; `extra` is put at the top of the module. */
export function loginSourceText(type: string, extra = ''): string {
  return `import { Type } from '@sinclair/typebox'
import { defineLoginSource, type Verdict } from 'leveret/plugin'
${extra}
export default defineLoginSource({
  type: '${type}',
  config: Type.Object({ secret: Type.String(), greeting: Type.String({ default: 'hello' }) }, { additionalProperties: false }),
  async open({ secret, greeting }, { id, log }) {
    log.info(greeting)
    return {
      password: {
        async verify({ username, password }): Promise<Verdict> {
          if (username !== 'outsider' || password !== secret) return { ok: false, why: 'credentials' }
          return { ok: true, identity: { externalId: \`\${id}-1\`, username, groups: ['outsiders'] } }
        },
      },
      async [Symbol.asyncDispose]() { log.info('closed') },
    }
  },
})
`
}

/** The file that the plugin author's guide shows whole. */
export async function exampleOfGuide(): Promise<{ readonly name: string; readonly text: string }> {
  const guide = await Bun.file(join(import.meta.dir, '../../plugins/README.md')).text()
  const [, name = '', text = ''] = /<!-- example: (\S+) -->\n```ts\n([\s\S]*?)```/.exec(guide) ?? []
  return { name, text }
}
