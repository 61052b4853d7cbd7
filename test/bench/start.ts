/** How long until the executable answers `/readyz` with 200, and how much memory it holds while nobody asks for anything. */
import { join } from 'node:path'
import { freePort } from '../harness/broker.ts'
import { runExecutable } from '../harness/executable.ts'
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

async function start(executable: string, folder: string, port: number): Promise<Started> {
  const begun = performance.now()
  const child = Bun.spawn([executable, 'serve'], { cwd: folder, env: {}, stdio: ['ignore', 'ignore', 'ignore'] })
  while (!(await isReady(port)))
    if (child.exitCode !== null) throw new Error(`The server ended with ${child.exitCode} before it was ready`)
  const milliseconds = performance.now() - begun
  return {
    pid: child.pid,
    milliseconds,
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await child.exited
    },
  }
}

async function isReady(port: number): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { keepalive: false })
    await answer.arrayBuffer()
    return answer.status === 200
  } catch {
    return false
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
    const port = freePort()
    const words = ['init', '--port', String(port)]
    const { code, err } = await runExecutable({ executable, folder: folder.path }, ...words)
    if (code !== 0) throw new Error(`Cannot set up a server: ${err}`)
    // `init` has migrated and made the key that signs; the first start still makes the one for ID tokens.
    const times: number[] = []
    let memory = { all: 0, anonymous: 0 }
    for (let count = 0; count <= STARTS; count++) {
      await using server = await start(executable, folder.path, port)
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
