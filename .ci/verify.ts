/**
 * Every check of the project, one after the other: types, lint, format, the build, every test folder in a process of its
 * own, and the coverage of the domain. A failure stops nothing. The last line reads `N passed, N failed`, and
 * `, N skipped` if any were; the exit code is 0 only if nothing failed. Folders may be named: `verify.ts host http`.
 */
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addCoverage, type Coverage, coverageOf, type Lines } from './coverage.ts'
import { type Count, countJUnit, sum } from './junit.ts'

const root = join(import.meta.dir, '..')
const results = join(root, '.test-results')
const CORE_LINES = 0.9
/** Everything together; continuous integration allows 40. */
const MOST_MINUTES = 36
const MOST_MINUTES_PER_FOLDER = 15
const CHECKS = ['types', 'lint', 'format:check', 'build'] as const
/** Benchmarks print numbers and promise nothing. */
const NOT_TESTS = ['bench']

const environment = { ...process.env, CI: 'true' }
const lastMinute = Bun.nanoseconds() + MOST_MINUTES * 60e9
const minutesLeft = (): number => Math.max(0.1, (lastMinute - Bun.nanoseconds()) / 60e9)

async function run(command: readonly string[], minutes: number, more = {}): Promise<string | undefined> {
  const child = Bun.spawn([process.execPath, ...command], {
    cwd: root,
    env: { ...environment, ...more },
    stdin: 'ignore',
    stdout: 'inherit',
    stderr: 'inherit',
    timeout: minutes * 60_000,
    killSignal: 'SIGKILL',
  })
  const code = await child.exited
  if (child.signalCode === 'SIGKILL') return `killed, probably after ${minutes.toFixed(0)} minutes`
  return code === 0 ? undefined : `exit code ${code}`
}

async function check(name: string): Promise<Count> {
  title(name)
  const fault = await run(['run', name], Math.min(10, minutesLeft()))
  if (fault === undefined) return { passed: 1, failed: 0, skipped: 0 }
  failures.push(`${name}: ${fault}`)
  return { passed: 0, failed: 1, skipped: 0 }
}

/** A process and a temporary folder each: what one leaves behind or breaks does not reach the next. */
async function testFolder(path: string, coverage: Map<string, Lines>): Promise<Count> {
  title(path)
  const place = join(results, path.replaceAll(/[^a-z0-9]+/g, '-'))
  const report = `${place}.xml`
  const words = ['test', '--no-orphans', '--timeout=30000', '--reporter=junit', `--reporter-outfile=${report}`]
  const measured = ['--coverage', '--coverage-reporter=lcov', `--coverage-dir=${place}`]
  const minutes = Math.min(MOST_MINUTES_PER_FOLDER, minutesLeft())
  const scratch = await mkdtemp(join(tmpdir(), 'leveret-run-'))
  await chmod(scratch, 0o755) // databases run as somebody else and find their folders below it
  const fault = await run([...words, ...measured, `./${path}`], minutes, { TMPDIR: scratch })
  await rm(scratch, { recursive: true, force: true })
  const lcov = Bun.file(join(place, 'lcov.info'))
  if (await lcov.exists()) addCoverage(coverage, await lcov.text())
  const counted = (await Bun.file(report).exists()) ? countJUnit(await Bun.file(report).text()) : undefined
  const count = counted ?? { passed: 0, failed: 0, skipped: 0 }
  if (fault === undefined && counted) return count
  failures.push(`${path}: ${count.failed > 0 ? `${count.failed} failed` : (fault ?? 'no report')}`)
  // A crash, a failed hook or an error between two tests is nobody's test and fails all the same.
  return count.failed > 0 ? count : { ...count, failed: 1 }
}

async function testFolders(named: readonly string[]): Promise<string[]> {
  const files = await Array.fromAsync(new Bun.Glob('test/**/*.test.ts').scan(root))
  const groups = new Set(files.map((file) => file.split('/').slice(0, 2).join('/')))
  return [...groups]
    .filter((group) => !NOT_TESTS.some((name) => group === `test/${name}`))
    .filter((group) => named.length === 0 || named.some((name) => group === `test/${name}` || group === name))
    .toSorted((a, b) => (a < b ? -1 : 1))
}

function judge({ share, covered, total, worst }: Coverage): Count {
  title('coverage of src/core')
  console.log(`${covered} of ${total} lines, ${(share * 100).toFixed(1)} % (wanted: ${CORE_LINES * 100} %)`)
  for (const { path, missed } of worst) console.log(`  ${path}: ${missed} lines never run`)
  if (share >= CORE_LINES) return { passed: 1, failed: 0, skipped: 0 }
  failures.push(`coverage of src/core: ${(share * 100).toFixed(1)} % of lines, below ${CORE_LINES * 100} %`)
  return { passed: 0, failed: 1, skipped: 0 }
}

function title(text: string): void {
  console.log(`\n== ${text}`)
}

const failures: string[] = []
const named = process.argv.slice(2)
await rm(results, { recursive: true, force: true })
await mkdir(results, { recursive: true })
const counts: Count[] = []
if (named.length === 0) for (const name of CHECKS) counts.push(await check(name))
const coverage = new Map<string, Lines>()
for (const folder of await testFolders(named)) counts.push(await testFolder(folder, coverage))
if (named.length === 0) counts.push(judge(await coverageOf(root, 'src/core', coverage)))

const { passed, failed, skipped } = sum(counts)
console.log('')
for (const failure of failures) console.log(`FAILED ${failure}`)
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(failed > 0 || passed === 0 ? 1 : 0)
