/** What a process that waits in a system call has in its memory and its table of descriptors. Read, never written. */
import { readFileSync, readlinkSync } from 'node:fs'
import { addressOf, kernel } from './kernel.ts'
import { callNumber } from './system-calls.ts'

const PAGE = 4_096
const LONGEST_PATH = 4_096
const EPERM = 1
const SOL_SOCKET = 1
const SO_TYPE = 3
const SOCK_STREAM = 1

/** This process may not look at that one: nothing of it can be named. */
export class Unseen extends Error {
  override name = 'Unseen'
}

/** As many of the bytes as there are; less where its memory ends. Throws `Unseen`. */
export function bytesAt(thread: number, address: bigint, length: number): Buffer {
  const into = Buffer.alloc(length)
  let read = 0
  while (read < length) {
    const from = address + BigInt(read)
    const part = Math.min(length - read, PAGE - Number(from % BigInt(PAGE)))
    const here = new BigUint64Array([addressOf(into) + BigInt(read), BigInt(part)])
    const there = new BigUint64Array([from, BigInt(part)])
    const got = kernel().call(callNumber('process_vm_readv'), thread, here, 1, there, 1, 0)
    if (got === -EPERM) throw new Unseen('the kernel does not let the server look at it')
    if (got <= 0) break
    read += got
  }
  return into.subarray(0, read)
}

/** Text that ends with a zero, as C has it; `undefined` if there is none. */
export function textAt(thread: number, address: bigint): string | undefined {
  for (const length of [256, LONGEST_PATH]) {
    const bytes = bytesAt(thread, address, length)
    const end = bytes.indexOf(0)
    if (end >= 0) return bytes.toString('utf8', 0, end)
  }
  return undefined
}

export function folderOf(thread: number, descriptor: number | 'current'): string | undefined {
  try {
    return readlinkSync(`/proc/${thread}/${descriptor === 'current' ? 'cwd' : `fd/${descriptor}`}`)
  } catch {
    return undefined
  }
}

/** The process that a thread belongs to. */
export function processOf(thread: number): number {
  const [, id] = /^Tgid:\t(\d+)$/m.exec(readFileSync(`/proc/${thread}/status`, 'latin1')) ?? []
  return Number(id ?? thread)
}

/** Whether a descriptor is a socket for connections; `undefined` where it cannot be told. */
export function isStream(thread: number, descriptor: number): boolean | undefined {
  const { call } = kernel()
  const handle = call(callNumber('pidfd_open'), processOf(thread), 0)
  if (handle < 0) return undefined
  const copy = call(callNumber('pidfd_getfd'), handle, descriptor, 0)
  call(callNumber('close'), handle)
  if (copy < 0) return undefined
  const kind = new Int32Array(1)
  const outcome = call(callNumber('getsockopt'), copy, SOL_SOCKET, SO_TYPE, kind, new Int32Array([4]))
  call(callNumber('close'), copy)
  return outcome < 0 ? undefined : kind[0] === SOCK_STREAM
}
