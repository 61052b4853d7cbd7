/**
 * `bun without.ts landlock COMMAND…`, `bun without.ts listener COMMAND…`: becomes the command, for which the kernel has no
 * Landlock any more, or lets nobody listen to system calls, as in a container whose manager does.
 */
import { applyFilter, type Instruction } from '../../src/host/sandbox/bpf.ts'
import { cString, cStrings, kernel } from '../../src/host/sandbox/kernel.ts'
import { callNumber } from '../../src/host/sandbox/system-calls.ts'

const NO_NEW_PRIVS = 38
const NOT_IMPLEMENTED = 0x00050000 | 38
const BUSY = 0x00050000 | 16
const NEW_LISTENER = 8
const ALLOW = 0x7fff0000

const WITHOUT: Readonly<Record<string, readonly Instruction[]>> = {
  landlock: [
    [0x20, 0, 0, 0],
    [0x15, 0, 1, callNumber('landlock_create_ruleset')],
    [0x06, 0, 0, NOT_IMPLEMENTED],
    [0x06, 0, 0, ALLOW],
  ],
  listener: [
    [0x20, 0, 0, 0],
    [0x15, 0, 3, callNumber('seccomp')],
    [0x20, 0, 0, 24],
    [0x45, 0, 1, NEW_LISTENER],
    [0x06, 0, 0, BUSY],
    [0x06, 0, 0, ALLOW],
  ],
}

const { call } = kernel()
const [what = '', ...command] = process.argv.slice(2)
call(callNumber('prctl'), NO_NEW_PRIVS, 1, 0, 0, 0)
applyFilter(WITHOUT[what] ?? [], 'this')
const words = cStrings(command)
const environment = cStrings(Object.entries(process.env).map(([name, value]) => `${name}=${value ?? ''}`))
const outcome = call(callNumber('execve'), cString(command[0] ?? ''), words.addresses, environment.addresses)
throw new Error(`Cannot become ${command.join(' ')}: ${outcome} (${words.keep.length + environment.keep.length})`)
