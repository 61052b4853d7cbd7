/**
 * System call filters, <linux/seccomp.h>: what Landlock does not reach. Sockets other than those that were asked for (the
 * unix socket of the server among them), a second process, another program, and doors of the kernel that no plugin opens.
 */
import { addressOf, kernel } from './kernel.ts'
import type { Policy } from './policy.ts'
import { callNumber, numberOf, processor, type SystemCall } from './system-calls.ts'

const ALLOW = 0x7fff0000
const KILL = 0x80000000
const refuse = (errno: number): number => 0x00050000 | errno
const EPERM = 1
const EACCES = 13
const ENOSYS = 38

const SET_MODE_FILTER = 1
const FLAG_ALL_THREADS = 1

const AF_INET = 2
const AF_INET6 = 10
const SOCK_STREAM = 1
const SOCK_DGRAM = 2
const SOCK_KIND = 0xf
const IPPROTO_TCP = 6
const IPPROTO_UDP = 17
const MSG_FASTOPEN = 0x20000000
const CLONE_THREAD = 0x10000
/** New namespaces of every kind. */
const CLONE_NEW = 0x7e020080

const calls = (...names: readonly SystemCall[]): readonly SystemCall[] => names

/** No honest plugin does that, so one that does is ended, which is how it is noticed. */
const NEVER: readonly SystemCall[] = [
  ...calls(
    'ptrace',
    'process_vm_readv',
    'process_vm_writev',
    'process_madvise',
    'kcmp',
    'pidfd_getfd',
    'bpf',
    'perf_event_open',
  ),
  ...calls(
    'mount',
    'umount2',
    'pivot_root',
    'chroot',
    'open_tree',
    'move_mount',
    'fsopen',
    'fsconfig',
    'fsmount',
    'fspick',
  ),
  ...calls(
    'mount_setattr',
    'swapon',
    'swapoff',
    'reboot',
    'init_module',
    'finit_module',
    'delete_module',
    'kexec_load',
  ),
  ...calls(
    'kexec_file_load',
    'keyctl',
    'add_key',
    'request_key',
    'unshare',
    'setns',
    'open_by_handle_at',
    'acct',
    'quotactl',
  ),
  ...calls('sethostname', 'setdomainname', 'settimeofday', 'clock_settime', 'syslog', 'userfaultfd', 'execveat'),
]
/** Libraries try these and go on without. */
const NOT_HERE: readonly SystemCall[] = [
  'io_uring_setup',
  'io_uring_enter',
  'io_uring_register',
  'clone3',
  'name_to_handle_at',
]

/** Landlock lets these through: modes and owners of files that cannot be opened, memory and names shared by all processes. */
const CLOSED: readonly SystemCall[] = [
  ...calls(
    'chmod',
    'fchmod',
    'fchmodat',
    'fchmodat2',
    'chown',
    'fchown',
    'lchown',
    'fchownat',
    'utime',
    'utimes',
    'futimesat',
  ),
  ...calls(
    'utimensat',
    'setxattr',
    'lsetxattr',
    'fsetxattr',
    'setxattrat',
    'removexattr',
    'lremovexattr',
    'fremovexattr',
  ),
  ...calls(
    'removexattrat',
    'shmget',
    'shmat',
    'semget',
    'msgget',
    'mq_open',
    'inotify_init',
    'inotify_init1',
    'fanotify_init',
  ),
]

/** One instruction: code, two jumps, a constant. */
type Instruction = readonly [number, number, number, number]

const load = (offset: number): Instruction => [0x20, 0, 0, offset]
const result = (action: number): Instruction => [0x06, 0, 0, action]
const mask = (bits: number): Instruction => [0x54, 0, 0, bits]
/** Jumps so many instructions ahead if it holds, or if it does not. */
const ifEqual = (value: number, then: number, otherwise: number): Instruction => [0x15, then, otherwise, value]
const ifAtLeast = (value: number, then: number, otherwise: number): Instruction => [0x35, then, otherwise, value]
const ifAny = (bits: number, then: number, otherwise: number): Instruction => [0x45, then, otherwise, bits]
const NUMBER = load(0)
const ARCHITECTURE = load(4)
/** The low half of an argument. */
const argument = (index: number): Instruction => load(16 + 8 * index)

/** These instructions for this call; none where there is no such call. They end, or fall through to the next rule. */
function on(name: SystemCall, body: readonly Instruction[]): Instruction[] {
  const number = numberOf(name)
  return number === undefined ? [] : [NUMBER, ifEqual(number, 0, body.length), ...body]
}

function always(name: SystemCall, action: number): Instruction[] {
  return on(name, [result(action)])
}

function onlyIf(
  index: number,
  { bits, values }: { readonly bits: number; readonly values: readonly number[] },
): Instruction[] {
  const tests = values.map((value, at) => ifEqual(value, values.length - at, 0))
  return [argument(index), mask(bits), ...tests, result(refuse(EACCES))]
}

function unlessAny(index: number, bits: number, action: number): Instruction[] {
  return [argument(index), ifAny(bits, 0, 1), result(action)]
}

/** The filter that a plugin starts with. */
export function filterOf({ ports, datagrams, processes }: Policy, pid: number): Instruction[] {
  const connects = ports === 'any' || ports.length > 0
  const kinds = [...(connects ? [SOCK_STREAM] : []), ...(datagrams ? [SOCK_DGRAM] : [])]
  return [
    ...thisArchitecture(),
    ...NEVER.flatMap((name) => always(name, KILL)),
    ...NOT_HERE.flatMap((name) => always(name, refuse(ENOSYS))),
    ...CLOSED.flatMap((name) => always(name, refuse(EPERM))),
    ...on('socket', connects ? inetOnly(kinds) : [result(refuse(EACCES))]),
    // Connecting by sending is not seen by Landlock.
    ...on('sendto', unlessAny(3, MSG_FASTOPEN, refuse(EACCES))),
    ...on('sendmsg', unlessAny(2, MSG_FASTOPEN, refuse(EACCES))),
    ...on('sendmmsg', unlessAny(3, MSG_FASTOPEN, refuse(EACCES))),
    ...(processes ? on('clone', unlessAny(0, CLONE_NEW, KILL)) : alone(pid)),
    result(ALLOW),
  ]
}

/** Whoever hosts a module needs no further program once it runs, not even itself. */
export function sealingFilter(): Instruction[] {
  return [...thisArchitecture(), ...always('execve', KILL), result(ALLOW)]
}

/** TCP and UDP and nothing that is not seen as such: no raw sockets, no MPTCP, no SCTP. */
function inetOnly(kinds: readonly number[]): Instruction[] {
  return [
    ...onlyIf(0, { bits: 0xffff_ffff, values: [AF_INET, AF_INET6] }),
    ...onlyIf(1, { bits: SOCK_KIND, values: kinds }),
    ...onlyIf(2, { bits: 0xffff_ffff, values: [0, IPPROTO_TCP, IPPROTO_UDP] }),
  ]
}

/** No second process, and no signals but to itself. */
function alone(pid: number): Instruction[] {
  const thread: Instruction[] = [argument(0), ifAny(CLONE_THREAD, 1, 0), result(KILL)]
  const own: Instruction[] = [argument(0), ifEqual(pid, 1, 0), result(refuse(EPERM))]
  return [
    ...always('fork', KILL),
    ...always('vfork', KILL),
    ...on('clone', thread),
    ...calls('kill', 'tgkill', 'rt_sigqueueinfo', 'rt_tgsigqueueinfo').flatMap((name) => on(name, own)),
    ...calls('tkill', 'pidfd_send_signal').flatMap((name) => always(name, refuse(EPERM))),
  ]
}

/** Calls numbered for another architecture would slip through. */
function thisArchitecture(): Instruction[] {
  const { audit, second } = processor()
  const native = [ARCHITECTURE, ifEqual(audit, 1, 0), result(KILL)]
  return second === undefined ? native : [...native, NUMBER, ifAtLeast(second, 0, 1), result(KILL)]
}

/** Applies a filter to the calling thread, or to all of them. `no_new_privs` must be set. Throws if the kernel refuses. */
export function applyFilter(filter: readonly Instruction[], threads: 'this' | 'all'): void {
  const code = Buffer.alloc(filter.length * 8)
  for (const [at, [operation, then, otherwise, value]] of filter.entries()) {
    code.writeUInt16LE(operation, at * 8)
    code.writeUInt8(then, at * 8 + 2)
    code.writeUInt8(otherwise, at * 8 + 3)
    code.writeUInt32LE(value >>> 0, at * 8 + 4)
  }
  const program = Buffer.alloc(16)
  program.writeUInt16LE(filter.length, 0)
  program.writeBigUInt64LE(addressOf(code), 8)
  const flags = threads === 'all' ? FLAG_ALL_THREADS : 0
  const outcome = kernel().call(callNumber('seccomp'), SET_MODE_FILTER, flags, program)
  if (outcome !== 0) throw new Error(`seccomp does not take the filter (error ${-outcome})`)
}
