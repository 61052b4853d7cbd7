/**
 * System call filters, <linux/seccomp.h>: what Landlock does not reach. Sockets other than those that were asked for (the
 * unix socket of the server among them), a second process, another program, and doors of the kernel that no plugin opens.
 */
import {
  ALLOW,
  always,
  argument,
  ASK,
  EACCES,
  ifAny,
  ifEqual,
  type Instruction,
  KILL,
  on,
  onlyIf,
  refuse,
  result,
  thisArchitecture,
  unlessAny,
} from './bpf.ts'
import type { Policy } from './policy.ts'
import type { SystemCall } from './system-calls.ts'

const EPERM = 1
const ENOSYS = 38

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
const PR_SET_DUMPABLE = 4

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

/** Landlock and the kernel itself say yes or no to these; whoever listens only learns of them. */
const JUDGED: readonly SystemCall[] = [
  ...calls('open', 'openat', 'openat2', 'creat', 'truncate', 'execve', 'connect', 'bind'),
  ...calls('unlink', 'unlinkat', 'rmdir', 'mkdir', 'mkdirat', 'mknod', 'mknodat', 'symlink', 'symlinkat'),
  ...calls('rename', 'renameat', 'renameat2', 'link', 'linkat'),
  ...calls('setuid', 'setgid', 'setreuid', 'setregid', 'setresuid', 'setresgid'),
]

/** Whoever listens lets a call of these names go on; any other that it is asked about is refused, whatever it holds. */
export function isJudgedElsewhere(name: SystemCall): boolean {
  return JUDGED.includes(name)
}

/** The error of a call that is refused here. */
export function errorOf(name: SystemCall): number {
  return NETWORK.includes(name) ? EACCES : EPERM
}

const NETWORK = calls('socket', 'sendto', 'sendmsg', 'sendmmsg')

/**
 * The filter that a plugin starts with. One that asks lets nothing more through: what the other refuses is refused by
 * whoever listens, and what the other lets through to Landlock is heard of first.
 */
export function filterOf({ ports, datagrams, processes }: Policy, pid: number, asks = false): Instruction[] {
  const connects = ports === 'any' || ports.length > 0
  const kinds = [...(connects ? [SOCK_STREAM] : []), ...(datagrams ? [SOCK_DGRAM] : [])]
  const denied = asks ? ASK : refuse(EACCES)
  const closed = asks ? ASK : refuse(EPERM)
  return [
    ...thisArchitecture(),
    ...(asks ? JUDGED.flatMap((name) => always(name, ASK)) : []),
    ...NEVER.flatMap((name) => always(name, KILL)),
    ...NOT_HERE.flatMap((name) => always(name, refuse(ENOSYS))),
    ...CLOSED.flatMap((name) => always(name, closed)),
    ...on('socket', connects ? inetOnly(kinds, denied) : [result(denied)]),
    // Connecting by sending is not seen by Landlock.
    ...on('sendto', unlessAny(3, MSG_FASTOPEN, denied)),
    ...on('sendmsg', unlessAny(2, MSG_FASTOPEN, denied)),
    ...on('sendmmsg', unlessAny(3, MSG_FASTOPEN, denied)),
    // Whose memory cannot be looked at has no names of files in its attempts.
    ...on('prctl', [argument(0), ifEqual(PR_SET_DUMPABLE, 0, 1), result(closed)]),
    ...(processes ? on('clone', unlessAny(0, CLONE_NEW, KILL)) : alone(pid, closed)),
    result(ALLOW),
  ]
}

/** Whoever hosts a module needs no further program once it runs, not even itself. */
export function sealingFilter(): Instruction[] {
  return [...thisArchitecture(), ...always('execve', KILL), result(ALLOW)]
}

/** TCP and UDP and nothing that is not seen as such: no raw sockets, no MPTCP, no SCTP. */
function inetOnly(kinds: readonly number[], denied: number): Instruction[] {
  return [
    ...onlyIf(0, { bits: 0xffff_ffff, values: [AF_INET, AF_INET6] }, denied),
    ...onlyIf(1, { bits: SOCK_KIND, values: kinds }, denied),
    ...onlyIf(2, { bits: 0xffff_ffff, values: [0, IPPROTO_TCP, IPPROTO_UDP] }, denied),
  ]
}

/** No second process, and no signals but to itself. */
function alone(pid: number, closed: number): Instruction[] {
  const thread: Instruction[] = [argument(0), ifAny(CLONE_THREAD, 1, 0), result(KILL)]
  const own: Instruction[] = [argument(0), ifEqual(pid, 1, 0), result(closed)]
  return [
    ...always('fork', KILL),
    ...always('vfork', KILL),
    ...on('clone', thread),
    ...calls('kill', 'tgkill', 'rt_sigqueueinfo', 'rt_tgsigqueueinfo').flatMap((name) => on(name, own)),
    ...calls('tkill', 'pidfd_send_signal').flatMap((name) => always(name, closed)),
  ]
}
