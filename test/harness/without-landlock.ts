/** `bun without-landlock.ts COMMAND…`: becomes the command, for which the kernel has no Landlock any more. */
import { cString, cStrings, kernel } from '../../src/host/sandbox/kernel.ts'
import { applyFilter } from '../../src/host/sandbox/seccomp.ts'
import { callNumber } from '../../src/host/sandbox/system-calls.ts'

const NO_NEW_PRIVS = 38
const NOT_IMPLEMENTED = 0x00050000 | 38
const ALLOW = 0x7fff0000

const { call } = kernel()
call(callNumber('prctl'), NO_NEW_PRIVS, 1, 0, 0, 0)
applyFilter(
  [
    [0x20, 0, 0, 0],
    [0x15, 0, 1, callNumber('landlock_create_ruleset')],
    [0x06, 0, 0, NOT_IMPLEMENTED],
    [0x06, 0, 0, ALLOW],
  ],
  'this',
)
const command = process.argv.slice(2)
const words = cStrings(command)
const environment = cStrings(Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`))
const outcome = call(callNumber('execve'), cString(command[0] ?? ''), words.addresses, environment.addresses)
throw new Error(`Cannot become ${command.join(' ')}: ${outcome} (${words.keep.length + environment.keep.length})`)
