/**
 * Every benchmark, and one table: `bun run bench`, or some of them by name: `bun run bench storage start`. Ends with 1 if a
 * target is missed. A further benchmark is a file of its own here and a line in the list.
 */
import { cpus } from 'node:os'
import { builtExecutable } from '../harness/executable.ts'
import type { Bed, Bench, Measure } from './bench.ts'
import { directory, frozenDirectory } from './directory.ts'
import { exchange } from './exchange.ts'
import { grants } from './grants.ts'
import { GENERATOR } from './load.ts'
import { negotiate } from './negotiate.ts'
import { type ServerUnderLoad, startServer } from './server-under-load.ts'
import { startAndMemory } from './start.ts'
import { storage } from './storage.ts'
import { misses, tableOf } from './table.ts'
import { tokens } from './tokens.ts'

const BENCHES: readonly Bench[] = [
  startAndMemory,
  exchange,
  grants,
  tokens,
  storage,
  negotiate,
  directory,
  frozenDirectory,
]

const named = process.argv.slice(2)
const asked = BENCHES.filter(({ name }) => named.length === 0 || named.some((word) => name.includes(word)))
if (asked.length === 0) {
  console.error(`No benchmark is called that; there are: ${BENCHES.map(({ name }) => name).join(', ')}`)
  process.exit(2)
}

await using stack = new AsyncDisposableStack()
const executable = await builtExecutable()
const started = new Map<string, Promise<ServerUnderLoad>>()
function serverWith(processes: string): Promise<ServerUnderLoad> {
  const server = started.get(processes) ?? startServer(executable, processes).then((each) => stack.use(each))
  started.set(processes, server)
  return server
}
const bed: Bed = {
  executable,
  server: () => serverWith('1'),
  wholeServer: () => serverWith('auto'),
}

const measures: Measure[] = []
for (const bench of asked) {
  console.error(`bench: ${bench.name}`)
  measures.push(...(await bench.run(bed)))
}
const [cpu] = cpus()
console.log(`\n${navigator.hardwareConcurrency} × ${cpu?.model ?? 'unknown processor'}, load by ${GENERATOR}\n`)
console.log(tableOf(measures))
process.exitCode = measures.some(misses) ? 1 : 0
