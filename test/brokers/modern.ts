/** `bun run test:brokers`: the suites of this folder against newer brokers than the distribution's own. */
import { join } from 'node:path'
import { brokerRoot, brokerRootFault, type Suite } from '../harness/broker-root.ts'
import { brokerRelease } from '../harness/broker.ts'

const SUITES: readonly Suite[] = ['trixie', 'sid']

async function run(suite: Suite): Promise<boolean> {
  const root = await brokerRoot(suite)
  console.log(`\nRabbitMQ ${brokerRelease(root)?.version} of Debian ${suite}`)
  const child = Bun.spawn([process.execPath, 'test', './test/brokers'], {
    cwd: join(import.meta.dir, '../..'),
    env: { ...process.env, LEVERET_BROKER_ROOT: root, LEVERET_REAL: '1' },
    stdio: ['ignore', 'inherit', 'inherit'],
  })
  return (await child.exited) === 0
}

const fault = brokerRootFault()
if (fault !== undefined) {
  console.error(`Cannot test against newer brokers: ${fault}`)
  process.exit(1)
}
let failed = 0
for (const suite of SUITES) failed += (await run(suite)) ? 0 : 1
process.exit(failed === 0 ? 0 : 1)
