/**
 * Compiles the executable: `bun run build` makes `dist/leveret` for this machine, `bun run build --all` the release set
 * with its `SHA256SUMS`. Runtimes for other systems come from the package registry, as every dependency does.
 */
import { createHash } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

const root = join(import.meta.dir, '..')

/** Each target is Bun's own name for a system; the file is what is left of it. */
const RELEASE = [
  'linux-x64',
  'linux-arm64',
  'linux-x64-musl',
  'linux-arm64-musl',
  'darwin-arm64',
  'windows-x64',
] as const

/**
 * Bytecode halves the time to start and allows top-level await only as esm. Nothing in the folder that the executable is
 * started in may change what it does, hence the two `--no-compile-autoload` flags: by default Bun would run a preload
 * named in `bunfig.toml` and read `.env`.
 */
const FLAGS = [
  '--compile',
  '--production',
  '--bytecode',
  '--format=esm',
  '--sourcemap',
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-bunfig',
]

/** Begun from inside the executable, by the name that they have under `src`. */
const THREADS = ['src/host/sandbox/watch-thread.ts', 'src/host/sandbox/handover-thread.ts']

export interface Compile {
  readonly outfile: string
  readonly commit: string
  readonly target?: (typeof RELEASE)[number]
  /** What is compiled, if not the executable: benchmarks build a server of their own the same way. */
  readonly entry?: string
}

export async function compile({ outfile, commit, target, entry = 'src/main.ts' }: Compile): Promise<void> {
  await mkdir(dirname(outfile), { recursive: true })
  const command = [process.execPath, 'build', ...FLAGS, '--define', `LEVERET_COMMIT=${JSON.stringify(commit)}`]
  const threads = entry === 'src/main.ts' ? THREADS : []
  if (target) command.push(`--target=bun-${target}`)
  const build = Bun.spawn([...command, entry, ...threads, '--outfile', outfile], {
    cwd: root,
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [code, out, err] = await Promise.all([
    build.exited,
    new Response(build.stdout).text(),
    new Response(build.stderr).text(),
  ])
  if (code !== 0) throw new Error(`Cannot build ${basename(outfile)}: ${`${out}${err}`.trim()}`)
  const maps = [outfile, ...threads.map((each) => join(dirname(outfile), basename(each, '.ts').concat('.js')))]
  for (const each of maps) await rm(`${each}.map`, { force: true }) // the executable holds its own copy
}

/** What is being built: the commit, marked if files differ from it; without git what `LEVERET_COMMIT` says. */
export function commitOf(environment: Record<string, string | undefined>): string {
  const git = (...words: string[]): string | undefined => {
    if (!Bun.which('git')) return undefined
    const run = Bun.spawnSync(['git', '-C', root, ...words], { stderr: 'ignore' })
    return run.success ? run.stdout.toString().trim() : undefined
  }
  const head = git('rev-parse', '--short=12', 'HEAD')
  if (!head) return environment['LEVERET_COMMIT'] ?? 'unknown'
  return git('status', '--porcelain', '--untracked-files=no') ? `${head}+changes` : head
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of Bun.file(file).stream()) hash.update(chunk)
  return hash.digest('hex')
}

async function buildReleases(commit: string): Promise<void> {
  const folder = join(root, 'dist', 'release')
  await rm(folder, { recursive: true, force: true })
  const sums: string[] = []
  for (const target of RELEASE) {
    const outfile = join(folder, `leveret-${target}${target.startsWith('windows') ? '.exe' : ''}`)
    await compile({ outfile, commit, target })
    sums.push(`${await sha256(outfile)}  ${basename(outfile)}\n`)
    console.log(`dist/release/${basename(outfile)}`)
  }
  await Bun.write(join(folder, 'SHA256SUMS'), sums.join(''))
  console.log('dist/release/SHA256SUMS')
}

/** For authors of plugins: the types of the contract, which a test keeps as the sources have them. */
async function publishDeclarations(): Promise<void> {
  const declarations = Bun.file(join(root, 'plugins/templates/leveret-plugin.d.ts.txt'))
  await Bun.write(join(root, 'dist/leveret-plugin.d.ts'), declarations)
  console.log('dist/leveret-plugin.d.ts')
}

if (import.meta.main) {
  const commit = commitOf(process.env)
  const [option] = process.argv.slice(2)
  if (option === '--all') {
    await buildReleases(commit)
    await publishDeclarations()
  } else if (option === undefined) {
    await compile({ outfile: join(root, 'dist', 'leveret'), commit })
    console.log('dist/leveret')
    await publishDeclarations()
  } else {
    console.error(`Cannot build: unknown option ${option}; there is only --all`)
    process.exit(2)
  }
}
