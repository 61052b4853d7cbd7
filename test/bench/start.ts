/** How long until the executable answers `/readyz` with 200, and how much memory it holds while nobody asks for anything. */
import { join } from 'node:path'
import { runExecutable, serveExecutable } from '../harness/executable.ts'
import { temporaryFolder } from '../harness/storage-sqlite.ts'
import { until } from '../harness/until.ts'
import { type Bench, median } from './bench.ts'

const STARTS = 10
/** Milliseconds after which a server that nobody asks is idle: the first round of the janitor is over. */
const IDLE = 3_000

interface Started extends AsyncDisposable {
  readonly pid: number
  /** From the spawn of the process to its first 200. */
  readonly milliseconds: number
}

/** Waits for the line that says where it listens, so that asking takes nothing from the start, and then asks. */
async function start(executable: string, folder: string): Promise<Started> {
  const begun = performance.now()
  const server = await serveExecutable({ executable, folder })
  const { status } = await fetch(`${server.url}/readyz`)
  const milliseconds = performance.now() - begun
  if (status !== 200) throw new Error(`The server is not ready: ${status}\n${server.log()}`)
  return {
    pid: server.pid,
    milliseconds,
    async [Symbol.asyncDispose]() {
      await server.stop()
    },
  }
}

/** Megabytes of 10^6 bytes that Linux says are resident: all of it, and what is not mapped from a file. */
async function residentMemory(pid: number) {
  const status = await Bun.file(join('/proc', String(pid), 'status')).text()
  const megabytes = (name: string) =>
    (Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024) / 1e6
  return { all: megabytes('VmRSS'), anonymous: megabytes('RssAnon') }
}

export const startAndMemory: Bench = {
  name: 'start and memory',
  async run({ executable }) {
    using folder = temporaryFolder()
    const { code, err } = await runExecutable({ executable, folder: folder.path }, 'init', '--port', '0')
    if (code !== 0) throw new Error(`Cannot set up a server: ${err}`)
    // `init` has migrated and made the key that signs; the first start still makes the one for ID tokens.
    const times: number[] = []
    let memory = { all: 0, anonymous: 0 }
    for (let count = 0; count <= STARTS; count++) {
      await using server = await start(executable, folder.path)
      times.push(server.milliseconds)
      if (count > 0 && count < STARTS) continue
      const idleFrom = performance.now() + IDLE
      await until(() => performance.now() >= idleFrom)
      memory = await residentMemory(server.pid)
    }
    const [first = 0, ...others] = times
    return [
      {
        what: `start until /readyz is 200, median of ${STARTS} after the first`,
        value: median(others),
        unit: 'ms',
        against: { what: 'slowest', value: Math.max(...others) },
        below: 150,
      },
      { what: 'the same, the very first start after init', value: first, unit: 'ms' },
      {
        what: `idle memory, resident (VmRSS) ${IDLE / 1000} s after a start`,
        value: memory.all,
        unit: 'MB',
        against: { what: 'not from files (RssAnon)', value: memory.anonymous },
        below: 90,
      },
    ]
  },
}
