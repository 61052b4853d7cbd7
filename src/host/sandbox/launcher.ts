/** Applies a sandbox to itself and becomes the plugin: whatever that is, it starts inside. */
import { Value } from '@sinclair/typebox/value'
import { oneLine } from '../plugin-error.ts'
import { cString, cStrings, kernel } from './kernel.ts'
import { restrictFilesAndPorts } from './landlock.ts'
import { Policy } from './policy.ts'
import { applyAskingFilter, applyFilter } from './bpf.ts'
import { beforeAsking, type Handed, sendOver, WATCHER } from './handover.ts'
import { filterOf } from './seccomp.ts'
import { callNumber } from './system-calls.ts'

/** The hidden subcommand: `plugin-sandbox POLICY COMMAND…`. */
export const SANDBOX_COMMAND = 'plugin-sandbox'

const PR_SET_PDEATHSIG = 1
const PR_CAPBSET_DROP = 24
const PR_SET_NO_NEW_PRIVS = 38
const LAST_CAPABILITY = 63
const SIGKILL = 9
const RLIMIT_CORE = 4
const RLIMIT_NOFILE = 7
const MOST_FILES = 1_024
const CLOSE_RANGE_CLOEXEC = 4
const CAPABILITY_VERSION_3 = 0x20080522

/** Never returns: it becomes the command, or says on standard output, in the words of the protocol, why it cannot. */
export async function launcherMain(argv: readonly string[]): Promise<never> {
  try {
    const [text = '', ...command] = argv
    const policy: unknown = JSON.parse(text)
    if (!Value.Check(Policy, policy)) throw new Error('the policy is not one')
    const { token } = policy
    const asks = token !== undefined && sendOver(WATCHER, { text: '{}' }) >= 0 // somebody is there to be asked
    if (asks) await beforeAsking({ token, policy, pid: process.pid })
    enter(policy, asks ? token : undefined)
    become(command)
  } catch (error) {
    const reason = oneLine(error instanceof Error ? error.message : String(error))
    process.stdout.write(`${JSON.stringify({ refused: `its sandbox cannot be set up: ${reason}` })}\n`)
  }
  process.exit(1)
}

function enter(policy: Policy, token: string | undefined): void {
  const { call } = kernel()
  const prctl = callNumber('prctl')
  must(call(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 'give up new privileges')
  must(call(prctl, PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), 'end with the server')
  dropCapabilities()
  limit(RLIMIT_CORE, 0)
  limit(RLIMIT_NOFILE, MOST_FILES)
  must(call(callNumber('close_range'), 3, 0xffff_ffff, CLOSE_RANGE_CLOEXEC), 'close descriptors')
  restrictFilesAndPorts(policy)
  if (token === undefined || !isWatched(token, policy)) applyFilter(filterOf(policy, process.pid), 'this')
}

/** From here on the kernel asks the server about every file; false if it cannot, which the server is told. */
function isWatched(token: string, policy: Policy): boolean {
  const { pid } = process
  const descriptor = applyAskingFilter(filterOf(policy, pid, true))
  if (descriptor >= 0) return true
  sendOver(WATCHER, { text: JSON.stringify({ token, policy, pid, error: -descriptor } satisfies Handed) })
  return false
}

/** Root without capabilities is an ordinary user that owns root's files, and no `execve` gives them back. */
function dropCapabilities(): void {
  const { call } = kernel()
  for (let capability = 0; capability <= LAST_CAPABILITY; capability++)
    call(callNumber('prctl'), PR_CAPBSET_DROP, capability, 0, 0, 0) // not root, or no such capability: nothing to drop
  const header = new Uint32Array([CAPABILITY_VERSION_3, 0])
  must(call(callNumber('capset'), header, new Uint32Array(6)), 'drop capabilities')
}

function limit(resource: number, most: number): void {
  const value = new BigUint64Array([BigInt(most), BigInt(most)])
  must(kernel().call(callNumber('prlimit64'), 0, resource, value, 0), 'set a limit')
}

function become(command: readonly string[]): void {
  const words = cStrings(command)
  const environment = cStrings(Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`))
  const program = cString(command[0] ?? '')
  const outcome = kernel().call(callNumber('execve'), program, words.addresses, environment.addresses)
  // Named here so that nothing of it is collected while the kernel reads.
  const given = words.keep.length + environment.keep.length
  throw new Error(`${command[0] ?? 'nothing'} cannot be started (error ${-outcome}, ${given} texts given)`)
}

function must(outcome: number, what: string): void {
  if (outcome < 0) throw new Error(`the kernel does not let it ${what} (error ${-outcome})`)
}
