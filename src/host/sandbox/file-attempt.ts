/** Which file a call is about, and whether its permissions cover that. */
import { lstatSync, realpathSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Attempt, Call, Grants, Sight } from './attempt.ts'
import { bytesAt, folderOf, processOf, textAt } from './memory-of.ts'
import type { SystemCall } from './system-calls.ts'

const AT_FDCWD = -100
const O_ACCMODE = 3
const O_CREAT = 0o100
const O_TRUNC = 0o1000
const O_PATH = 0o10000000
const OURS = `/proc/${process.pid}/`

const AT_THE_START = ['/etc/passwd', '/etc/nsswitch.conf', '/sys/fs/cgroup']
/** Settings of libraries, asked for whenever those are first used and done without. */
const OF_LIBRARIES = ['/etc/locale.alias', '/etc/ssl/openssl.cnf', '/etc/pki/tls/openssl.cnf']

/** Which arguments say where: a path alone, or one that starts in an open folder. */
interface Place {
  readonly folder?: number
  readonly path: number
}
const path = (at: number): Place => ({ path: at })
const inside = (at: number): Place => ({ folder: at, path: at + 1 })

/** The calls that open files; where their flags are. */
const OPEN: Readonly<Partial<Record<SystemCall, readonly [Place, number | 'creates' | 'pointed at']>>> = {
  open: [path(0), 1],
  openat: [inside(0), 2],
  openat2: [inside(0), 'pointed at'],
  creat: [path(0), 'creates'],
}

type Change = 'empty' | 'remove' | 'make' | 'link' | 'rename'
/** Links lead to where they are made: symbolic ones are never allowed. */
const CHANGE: Readonly<Partial<Record<SystemCall, readonly [Change, Place, Place?]>>> = {
  truncate: ['empty', path(0)],
  unlink: ['remove', path(0)],
  unlinkat: ['remove', inside(0)],
  rmdir: ['remove', path(0)],
  mkdir: ['make', path(0)],
  mkdirat: ['make', inside(0)],
  mknod: ['make', path(0)],
  mknodat: ['make', inside(0)],
  symlink: ['link', path(1)],
  symlinkat: ['link', inside(1)],
  rename: ['rename', path(0), path(1)],
  renameat: ['rename', inside(0), inside(2)],
  renameat2: ['rename', inside(0), inside(2)],
  link: ['rename', path(0), path(1)],
  linkat: ['rename', inside(0), inside(2)],
}

/** No permission lets owners, modes, times and attributes be changed. */
const ATTRIBUTES: Readonly<Partial<Record<SystemCall, Place>>> = {
  chmod: path(0),
  fchmodat: inside(0),
  fchmodat2: inside(0),
  chown: path(0),
  lchown: path(0),
  fchownat: inside(0),
  utime: path(0),
  utimes: path(0),
  futimesat: inside(0),
  utimensat: inside(0),
  setxattr: path(0),
  lsetxattr: path(0),
  setxattrat: inside(0),
  removexattr: path(0),
  lremovexattr: path(0),
  removexattrat: inside(0),
}

/** `undefined` for a call that is about no file. */
export function fileAttempt(call: Call, grants: Grants): Sight | undefined {
  const { name } = call
  const open = OPEN[name]
  if (open) return opening(call, open, grants)
  const change = CHANGE[name]
  if (change) return changing(call, change, grants)
  if (name === 'execve') return running(call, grants)
  const attributes = ATTRIBUTES[name]
  if (!attributes) return undefined
  const target = placeOf(call, attributes)
  return () => ({ deed: `change the attributes of ${(target && existing(target)) ?? target ?? 'an open file'}` })
}

function opening(call: Call, [place, where]: NonNullable<(typeof OPEN)[SystemCall]>, grants: Grants): Sight {
  const target = placeOf(call, place)
  const flags = flagsOf(call, where)
  if (target === undefined || flags & O_PATH) return () => undefined
  const writes = (flags & O_ACCMODE) !== 0 || (flags & O_TRUNC) !== 0
  return () => {
    const real = flags & O_CREAT ? (existing(target) ?? inFolder(target)) : existing(target)
    if (real === undefined) return undefined
    if (writes)
      return covers(grants.write, real) ? undefined : { permission: 'write', deed: `write to ${shown(real, target)}` }
    const readable = [...grants.read, ...grants.write, ...grants.execute]
    if (covers(readable, real) || OF_LIBRARIES.includes(real)) return undefined
    return { permission: 'read', deed: `read ${shown(real, target)}`, usual: isUsual(real, readable) }
  }
}

function flagsOf({ args, thread }: Call, where: number | 'creates' | 'pointed at'): number {
  if (where === 'creates') return O_CREAT | O_TRUNC | 1
  if (where !== 'pointed at') return Number(BigInt.asUintN(32, args[where] ?? 0n))
  const flags = bytesAt(thread, args[2] ?? 0n, 8)
  return flags.length < 8 ? 0 : flags.readUInt32LE(0)
}

function changing(call: Call, [kind, from, to]: NonNullable<(typeof CHANGE)[SystemCall]>, grants: Grants): Sight {
  const [target, other] = [placeOf(call, from), to && placeOf(call, to)]
  return (): Attempt | undefined => {
    const real = target && (kind === 'empty' ? existing(target) : inFolder(target))
    if (target === undefined || real === undefined || (kind !== 'make' && kind !== 'link' && !isThere(real)))
      return undefined
    const ends = [real, ...(other === undefined ? [] : [inFolder(other) ?? other])]
    if (kind !== 'link' && ends.every((each) => covers(grants.write, each))) return undefined
    return { permission: 'write', deed: `${deedOf(call.name, kind)} ${shown(real, target)}` }
  }
}

function deedOf(name: SystemCall, kind: Change): string {
  if (kind === 'rename') return name.startsWith('link') ? 'make a second name of' : 'rename'
  return kind === 'link' ? 'make a symbolic link at' : kind
}

function running(call: Call, { execute }: Grants): Sight {
  const target = placeOf(call, path(0))
  return () => {
    const real = target && existing(target)
    if (target === undefined || real === undefined || covers(execute, real)) return undefined
    return { permission: 'run', deed: `run ${shown(real, target)}` }
  }
}

/** Python asks where the user's folder is, Bun what the folders around a module hold and how much memory there is. */
function isUsual(real: string, readable: readonly string[]): boolean {
  return covers(AT_THE_START, real) || readable.some((each) => covers([real], each))
}

/** The path as the caller means it, symbolic links still in it. */
function placeOf({ args, thread }: Call, { folder, path: at }: Place): string | undefined {
  const text = textAt(thread, args[at] ?? 0n)
  const start = folder === undefined ? AT_FDCWD : Number(BigInt.asIntN(32, args[folder] ?? 0n))
  if (text?.startsWith('/')) return itsOwn(text, thread)
  const base = folderOf(thread, start === AT_FDCWD ? 'current' : start)
  return base === undefined || text === undefined ? base : `${base}/${text}`
}

/** What means something else to each process. */
function itsOwn(text: string, thread: number): string {
  const [, own, rest = ''] =
    /^\/(?:proc\/self|dev\/(fd|stdin|stdout|stderr)|proc\/thread-self)(\/.*)?$/.exec(text) ?? []
  if (own === undefined && !text.startsWith('/proc/')) return text
  if (text.startsWith('/proc/thread-self')) return `/proc/${thread}${rest}`
  if (text.startsWith('/proc/self')) return `/proc/${processOf(thread)}${rest}`
  if (own === undefined) return text
  const descriptor = ['stdin', 'stdout', 'stderr'].indexOf(own)
  return `/proc/${processOf(thread)}/fd${descriptor < 0 ? rest : `/${descriptor}`}`
}

/** Without symbolic links; `undefined` if there is nothing there. */
function existing(target: string): string | undefined {
  try {
    const real = realpathSync.native(target)
    // A link to `/proc/self`, as `/etc/mtab` is one, led to the server's own: the caller came to its own.
    return real.startsWith(OURS) && !target.startsWith(OURS) ? undefined : real
  } catch (error) {
    // Nobody but somebody who probes gets here: it is there, or its folder is closed to the server as well.
    return error instanceof Error && 'code' in error && error.code === 'EACCES' ? target : undefined
  }
}

/** Where it is or would be: its folder without symbolic links, its name as it is. */
function inFolder(target: string): string | undefined {
  const folder = existing(dirname(target))
  return folder === undefined ? undefined : `${folder === '/' ? '' : folder}/${basename(target)}`
}

function isThere(real: string): boolean {
  return lstatSync(real, { throwIfNoEntry: false }) !== undefined
}

function covers(granted: readonly string[], real: string): boolean {
  return granted.some((each) => real === each || each === '/' || real.startsWith(`${each}/`))
}

/** What it is, and what the caller called it. */
function shown(real: string, target: string): string {
  return real === target ? real : `${real} (as ${target})`
}
