/** What a call of a plugin would do that its permissions do not let it: for people to read, never to decide by. */
import type { Permissions } from '../manifest.ts'
import { bytesAt, isStream } from './memory-of.ts'
import { fileAttempt } from './file-attempt.ts'
import type { Policy } from './policy.ts'
import type { SystemCall } from './system-calls.ts'

export interface Attempt {
  /** What would have let it; none does if this is left out. */
  readonly permission?: Exclude<keyof Permissions, 'env'>
  /** Completes "it tried to …". */
  readonly deed: string
  /** Runtimes do that while they start, whoever the plugin is, and go on without. */
  readonly usual?: boolean
}

export interface Call {
  readonly name: SystemCall
  readonly args: readonly bigint[]
  readonly thread: number
}

/** The permissions of a process, paths without symbolic links in them. */
export interface Grants extends Policy {
  /** The process that was started, whose own folder in `/proc` is granted. */
  readonly pid: number
}

/** Finished when the call has been answered: only what the caller can change meanwhile is looked at before. */
export type Sight = () => Attempt | undefined

const AF_UNIX = 1
const AF_INET = 2
const AF_INET6 = 10
const AF_NETLINK = 16
const SOCK_STREAM = 1
const SOCK_DGRAM = 2
const SOCK_RAW = 3
const ADDRESS_LENGTH = 28
const FAMILIES: Readonly<Record<number, string>> = { 1: 'a unix', 16: 'a netlink', 17: 'a packet', 40: 'a vsock' }

/** Throws `Unseen` if the caller cannot be looked at. */
export function lookAt(call: Call, grants: Grants): Sight {
  const { name, args } = call
  const first = low(args[0])
  switch (name) {
    case 'socket':
      return () => socketAttempt(first, low(args[1]) & 0xf, low(args[2]), grants)
    case 'sendto':
    case 'sendmsg':
    case 'sendmmsg':
      return () => ({ deed: 'connect by sending' })
    case 'connect':
    case 'bind':
      return connection(call, grants)
    case 'kill':
    case 'tgkill':
    case 'tkill':
    case 'rt_sigqueueinfo':
    case 'rt_tgsigqueueinfo':
      return () => ({ deed: first === -1 ? 'send a signal to every process' : `send a signal to process ${first}` })
    case 'setuid':
    case 'setreuid':
    case 'setresuid':
      return () => becoming(args, process.getuid?.(), name.length - 'setuid'.length + 1)
    case 'setgid':
    case 'setregid':
    case 'setresgid':
      return () => becoming(args, process.getgid?.(), name.length - 'setgid'.length + 1)
    case 'prctl':
      return () => ({ deed: 'hide what it does from the server' })
    default:
      return fileAttempt(call, grants) ?? (() => ({ deed: `call ${name}` }))
  }
}

export function low(argument: bigint | undefined): number {
  return Number(BigInt.asIntN(32, argument ?? 0n))
}

function socketAttempt(family: number, kind: number, protocol: number, grants: Grants): Attempt | undefined {
  const { ports, datagrams } = grants
  const resolves = datagrams
  // Resolving a name asks for the addresses of this machine, and for a daemon that caches names.
  if (family === AF_NETLINK && protocol === 0 && (ports === 'any' || ports.length > 0)) return undefined
  if (family === AF_UNIX && kind === SOCK_STREAM && resolves) return undefined
  const other = FAMILIES[family]
  if (other !== undefined) return { deed: `open ${other} socket`, usual: family === AF_UNIX }
  if (family !== AF_INET && family !== AF_INET6) return { deed: `open a socket of family ${family}` }
  if (kind === SOCK_RAW) return { deed: 'open a raw socket' }
  if (kind === SOCK_STREAM && (protocol === 0 || protocol === 6))
    return { permission: 'net', deed: 'open a network connection' }
  if (kind === SOCK_DGRAM && (protocol === 0 || protocol === 17)) return { permission: 'net', deed: 'send datagrams' }
  return { deed: `open a socket of protocol ${protocol}` }
}

function connection({ name, args, thread }: Call, { ports, datagrams }: Grants): Sight {
  const target = targetOf(bytesAt(thread, args[1] ?? 0n, Math.min(ADDRESS_LENGTH, low(args[2]))))
  if (!target) return () => undefined
  const allowed = name === 'connect' && (ports === 'any' || ports.includes(target.port))
  if (allowed || (datagrams && isStream(thread, low(args[0])) !== true)) return () => undefined
  const { text } = target
  return () =>
    name === 'bind' ? { deed: `take connections on ${text}` } : { permission: 'net', deed: `connect to ${text}` }
}

function targetOf(address: Buffer): { readonly text: string; readonly port: number } | undefined {
  if (address.length < 8) return undefined
  const family = address.readUInt16LE(0)
  const port = address.readUInt16BE(2)
  if (family === AF_INET) return { port, text: `${address.subarray(4, 8).join('.')}:${port}` }
  if (family !== AF_INET6 || address.length < 24) return undefined
  const words = Array.from({ length: 8 }, (_, at) => address.readUInt16BE(8 + 2 * at).toString(16))
  return { port, text: `${new URL(`http://[${words.join(':')}]`).hostname}:${port}` }
}

function becoming(args: readonly bigint[], own: number | undefined, count: number): Attempt | undefined {
  const wanted = args.slice(0, count).map(low)
  return wanted.every((id) => id === -1 || id === own) ? undefined : { deed: 'become somebody else' }
}
