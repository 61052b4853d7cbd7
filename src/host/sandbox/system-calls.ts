/** Numbers of system calls on the processors that the executable is built for. */

/** Since Linux 5.0 all processors number new calls alike. */
const SAME = {
  pidfd_send_signal: 424,
  io_uring_setup: 425,
  io_uring_enter: 426,
  io_uring_register: 427,
  open_tree: 428,
  move_mount: 429,
  fsopen: 430,
  fsconfig: 431,
  fsmount: 432,
  fspick: 433,
  clone3: 435,
  close_range: 436,
  pidfd_getfd: 438,
  process_madvise: 440,
  mount_setattr: 442,
  landlock_create_ruleset: 444,
  landlock_add_rule: 445,
  landlock_restrict_self: 446,
  fchmodat2: 452,
  setxattrat: 463,
  removexattrat: 466,
}
const X64 = {
  shmget: 29,
  shmat: 30,
  socket: 41,
  sendto: 44,
  sendmsg: 46,
  clone: 56,
  execve: 59,
  kill: 62,
  semget: 64,
  msgget: 68,
  fchmod: 91,
  fchown: 93,
  ptrace: 101,
  syslog: 103,
  capset: 126,
  rt_sigqueueinfo: 129,
  personality: 135,
  pivot_root: 155,
  prctl: 157,
  adjtimex: 159,
  chroot: 161,
  acct: 163,
  settimeofday: 164,
  mount: 165,
  umount2: 166,
  swapon: 167,
  swapoff: 168,
  reboot: 169,
  sethostname: 170,
  setdomainname: 171,
  init_module: 175,
  delete_module: 176,
  quotactl: 179,
  setxattr: 188,
  lsetxattr: 189,
  fsetxattr: 190,
  removexattr: 197,
  lremovexattr: 198,
  fremovexattr: 199,
  tkill: 200,
  clock_settime: 227,
  tgkill: 234,
  mq_open: 240,
  kexec_load: 246,
  add_key: 248,
  request_key: 249,
  keyctl: 250,
  openat: 257,
  fchownat: 260,
  fchmodat: 268,
  unshare: 272,
  utimensat: 280,
  inotify_init1: 294,
  rt_tgsigqueueinfo: 297,
  perf_event_open: 298,
  fanotify_init: 300,
  prlimit64: 302,
  name_to_handle_at: 303,
  open_by_handle_at: 304,
  sendmmsg: 307,
  setns: 308,
  process_vm_readv: 310,
  process_vm_writev: 311,
  kcmp: 312,
  finit_module: 313,
  seccomp: 317,
  kexec_file_load: 320,
  bpf: 321,
  execveat: 322,
  userfaultfd: 323,
}
/** Calls that newer processors were spared. */
const OLD = {
  fork: 57,
  vfork: 58,
  chmod: 90,
  chown: 92,
  lchown: 94,
  utime: 132,
  utimes: 235,
  inotify_init: 253,
  futimesat: 261,
}
const ARM64: Readonly<Record<keyof typeof X64, number>> = {
  setxattr: 5,
  lsetxattr: 6,
  fsetxattr: 7,
  removexattr: 14,
  lremovexattr: 15,
  fremovexattr: 16,
  inotify_init1: 26,
  umount2: 39,
  mount: 40,
  pivot_root: 41,
  chroot: 51,
  fchmod: 52,
  fchmodat: 53,
  fchownat: 54,
  fchown: 55,
  openat: 56,
  quotactl: 60,
  utimensat: 88,
  acct: 89,
  capset: 91,
  personality: 92,
  unshare: 97,
  kexec_load: 104,
  init_module: 105,
  delete_module: 106,
  clock_settime: 112,
  syslog: 116,
  ptrace: 117,
  kill: 129,
  tkill: 130,
  tgkill: 131,
  rt_sigqueueinfo: 138,
  reboot: 142,
  sethostname: 161,
  setdomainname: 162,
  prctl: 167,
  settimeofday: 170,
  adjtimex: 171,
  mq_open: 180,
  msgget: 186,
  semget: 190,
  shmget: 194,
  shmat: 196,
  socket: 198,
  sendto: 206,
  sendmsg: 211,
  add_key: 217,
  request_key: 218,
  keyctl: 219,
  clone: 220,
  execve: 221,
  swapon: 224,
  swapoff: 225,
  rt_tgsigqueueinfo: 240,
  perf_event_open: 241,
  prlimit64: 261,
  fanotify_init: 262,
  name_to_handle_at: 264,
  open_by_handle_at: 265,
  setns: 268,
  sendmmsg: 269,
  process_vm_readv: 270,
  process_vm_writev: 271,
  kcmp: 272,
  finit_module: 273,
  seccomp: 277,
  bpf: 280,
  execveat: 281,
  userfaultfd: 282,
  kexec_file_load: 294,
}
export type CommonCall = keyof typeof SAME | keyof typeof X64
export type SystemCall = CommonCall | keyof typeof OLD

interface Processor {
  /** AUDIT_ARCH of <linux/audit.h>. */
  readonly audit: number
  /** Of x86 alone: a second set of numbers for the same calls begins here. */
  readonly second?: number
  readonly numbers: Readonly<Record<CommonCall, number>> & Readonly<Partial<Record<SystemCall, number>>>
}

const PROCESSORS: Readonly<Record<string, Processor>> = {
  x64: { audit: 0xc000003e, second: 0x40000000, numbers: { ...SAME, ...X64, ...OLD } },
  arm64: { audit: 0xc00000b7, numbers: { ...SAME, ...ARM64 } },
}

/** Throws an `Error` on any other processor. */
export function processor(): Processor {
  const found = PROCESSORS[process.arch]
  if (!found) throw new Error(`system calls of ${process.arch} are not known`)
  return found
}

/** The number of a call, or `undefined` where there is no such call. */
export function numberOf(name: SystemCall): number | undefined {
  return processor().numbers[name]
}

/** The number of a call that every processor has. */
export function callNumber(name: CommonCall): number {
  return processor().numbers[name]
}
