/** The contract's types as one file that an editor understands without anything installed from us. */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const root = join(import.meta.dir, '../..')
const OPTIONS =
  '--ignoreConfig --declaration --emitDeclarationOnly --rootDir src/plugin --target esnext --module preserve ' +
  '--moduleResolution bundler --strict --exactOptionalPropertyTypes --skipLibCheck --allowImportingTsExtensions ' +
  '--types bun --pretty false'
const TYPEBOX = '@sinclair/typebox'

/** Throws an `Error` with what the compiler says if the contract does not compile. */
export async function contractDeclarations(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'leveret-types-'))
  try {
    const command = [
      join(root, 'node_modules/.bin/tsc'),
      ...OPTIONS.split(' '),
      '--outDir',
      folder,
      'src/plugin/index.ts',
    ]
    const run = Bun.spawnSync(command, { cwd: root, env: { PATH: process.env['PATH'] ?? '' }, stderr: 'pipe' })
    if (!run.success) throw new Error(`Cannot compile the contract: ${run.stdout.toString()}${run.stderr.toString()}`)
    const barrel = await readFile(join(folder, 'index.d.ts'), 'utf8')
    const names = [...barrel.matchAll(/from '\.\/([a-z-]+)\.ts'/g)].map(([, name = '']) => name)
    const files = await Promise.all(names.map((name) => readFile(join(folder, `${name}.d.ts`), 'utf8')))
    return asModule(files)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** One ambient module: imports among the files go, those of TypeBox become one. */
function asModule(files: readonly string[]): string {
  const borrowed = new Set<string>()
  const bodies = files.map((text) =>
    text
      .replace(/^import (?:type )?\{([^}]*)\} from '([^']+)';\n/gm, (_, list: string, from: string) => {
        const names = list.split(',').map((name) => name.trim().replace(/^type /, ''))
        if (from === TYPEBOX) for (const name of names) borrowed.add(name)
        else if (!from.startsWith('./')) throw new Error(`Cannot publish what the contract takes from ${from}`)
        return ''
      })
      .replace(/^export \{\};\n/gm, '')
      .replace(/^(export )?declare /gm, '$1')
      .trim(),
  )
  const imports = `import type { ${[...borrowed].toSorted().join(', ')} } from '${TYPEBOX}';`
  const body = [imports, ...bodies].join('\n\n').replace(/^(?=.)/gm, '    ')
  const title = '/** What `leveret/plugin` is, for editors; the server lends the module itself. */'
  return `${title}\ndeclare module 'leveret/plugin' {\n${body}\n}\n`
}
