/**
 * How the descriptor on which the kernel asks about a plugin gets from its launcher to the server: in a datagram, as
 * `sendmsg` has it. All launchers inherit the same socket.
 */
import { readdirSync, readlinkSync } from 'node:fs'
import { addressOf, kernel } from './kernel.ts'
import type { Policy } from './policy.ts'
import { callNumber } from './system-calls.ts'
import { threadCalled } from './thread.ts'

const AF_UNIX = 1
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000
const SOL_SOCKET = 1
const SCM_RIGHTS = 1
const MSG_DONTWAIT = 0x40
const MSG_NOSIGNAL = 0x4000
const MSG_CMSG_CLOEXEC = 0x40000000
const MOST = 128 * 1024
/** A header of 16 bytes, one descriptor, padded. */
const CONTROL = 24

/** The descriptor after standard error, which the server gave to the launcher. */
export const WATCHER = 3
const MILLISECOND = 1_000_000n

/** What a launcher says when it hands over the descriptor on which its calls are asked about, or why it has none. */
export interface Handed {
  readonly token: string
  readonly policy: Policy
  readonly pid: number
  readonly error?: number
}

export interface Handover {
  readonly text: string
  readonly descriptor?: number
}

/** Two ends that nobody inherits unless told. */
export function socketPair(): readonly [number, number] {
  const ends = new Int32Array(2)
  const outcome = kernel().call(callNumber('socketpair'), AF_UNIX, SOCK_DGRAM_CLOEXEC, 0, ends)
  if (outcome < 0) throw new Error(`no pair of sockets (error ${-outcome})`)
  return [ends[0] ?? -1, ends[1] ?? -1]
}

/** Returns less than 0 if it cannot be sent. */
export function sendOver(socket: number, { text, descriptor }: Handover): number {
  const data = Buffer.from(text)
  const control = Buffer.alloc(CONTROL)
  control.writeBigUInt64LE(20n, 0)
  control.writeInt32LE(SOL_SOCKET, 8)
  control.writeInt32LE(SCM_RIGHTS, 12)
  control.writeInt32LE(descriptor ?? -1, 16)
  const { header, part } = messageOf(data, descriptor === undefined ? Buffer.alloc(0) : control)
  const sent = kernel().call(callNumber('sendmsg'), socket, header, MSG_NOSIGNAL)
  return part.length > 0 ? sent : -1 // named so that it is kept until the kernel has read it
}

/** What is there to be read, or `undefined`. */
export function receiveFrom(socket: number): Handover | undefined {
  const data = Buffer.alloc(MOST)
  const control = Buffer.alloc(CONTROL)
  const { header, part } = messageOf(data, control)
  const flags = MSG_DONTWAIT | MSG_CMSG_CLOEXEC
  const length = kernel().call(callNumber('recvmsg'), socket, header, flags)
  if (length < 0 || part.length === 0) return undefined
  const text = data.toString('utf8', 0, length)
  const carries = header.readBigUInt64LE(40) >= 20n && control.readInt32LE(12) === SCM_RIGHTS
  return carries ? { text, descriptor: control.readInt32LE(16) } : { text }
}

function messageOf(data: Buffer, control: Buffer): { readonly header: Buffer; readonly part: BigUint64Array } {
  const part = new BigUint64Array([addressOf(data), BigInt(data.length)])
  const header = Buffer.alloc(56)
  header.writeBigUInt64LE(addressOf(part), 16)
  header.writeBigUInt64LE(1n, 24)
  header.writeBigUInt64LE(control.length > 0 ? addressOf(control) : 0n, 32)
  header.writeBigUInt64LE(BigInt(control.length), 40)
  return { header, part }
}

/**
 * Starts a thread that hands the descriptor over as soon as there is one. The thread that it was made for cannot: the kernel
 * asks about its calls from that moment on, and a runtime opens a file whenever it sees fit.
 */
export async function beforeAsking(handed: Handed): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const thread = threadCalled('handover-thread')
  thread.addEventListener('message', () => resolve(), { once: true })
  thread.addEventListener('error', ({ message }) => reject(new Error(message)), { once: true })
  thread.postMessage(handed)
  await promise
}

/** That thread's own part. Never returns: it ends when the launcher becomes the plugin, not in the midst of that. */
export function handOver(handed: Handed): never {
  const { call } = kernel()
  for (;;) {
    const descriptor = readdirSync('/proc/self/fd').find((each) => isListener(each))
    if (descriptor === undefined) call(callNumber('ppoll'), 0, 0, new BigUint64Array([0n, MILLISECOND]), 0, 0)
    else if (sendOver(WATCHER, { text: JSON.stringify(handed), descriptor: Number(descriptor) }) < 0)
      call(callNumber('close'), Number(descriptor)) // nobody is there: the start fails at once
    else for (;;) call(callNumber('ppoll'), 0, 0, 0, 0, 0)
  }
}

function isListener(descriptor: string): boolean {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`) === 'anon_inode:seccomp notify'
  } catch {
    return false // closed meanwhile
  }
}
