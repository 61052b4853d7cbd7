/** The few words this program says to the Linux kernel itself, through the C library that it runs on anyway. */
import { dlopen, type Pointer, ptr, read } from 'bun:ffi'

export interface Kernel {
  /** The result, or minus the error number. Buffers are passed by their address and must be kept until it returns. */
  readonly call: (number: number, ...args: readonly (number | bigint | NodeJS.TypedArray)[]) => number
}

const LIBRARIES = ['libc.so.6', `libc.musl-${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}.so.1`, 'libc.so']
const WORDS = 6
let opened: Kernel | undefined

/** Throws an `Error` where there is no Linux or no C library. */
export function kernel(): Kernel {
  opened ??= open()
  return opened
}

function open(): Kernel {
  if (process.platform !== 'linux') throw new Error(`this is ${process.platform}, not Linux`)
  const { syscall, __errno_location: errno } = library()
  return {
    call(number, ...args) {
      const words = args.map((each) => (typeof each === 'object' ? addressOf(each) : BigInt(each)))
      const [a = 0n, b = 0n, c = 0n, d = 0n, e = 0n, f = 0n] = words
      if (words.length > WORDS) throw new RangeError('Cannot make a system call of so many words')
      const result = Number(syscall(BigInt(number), a, b, c, d, e, f))
      return result < 0 ? -read.i32(errno() as Pointer, 0) : result // never null, says the C library
    },
  }
}

function library() {
  for (const name of LIBRARIES) {
    try {
      return dlopen(name, {
        syscall: { args: ['i64', 'i64', 'i64', 'i64', 'i64', 'i64', 'i64'], returns: 'i64' },
        __errno_location: { args: [], returns: 'ptr' },
      }).symbols
    } catch {
      // the next one
    }
  }
  throw new Error(`none of ${LIBRARIES.join(', ')} can be opened`)
}

/** Where this is in memory, for structures that point at others. */
export function addressOf(buffer: NodeJS.TypedArray): bigint {
  return BigInt(ptr(buffer))
}

/** Text as C has it, to be kept as long as the kernel reads it. */
export function cString(text: string): Buffer {
  return Buffer.from(`${text}\0`)
}

/** An array of addresses that ends with null, as `execve` takes it; `keep` holds what they point at. */
export function cStrings(texts: readonly string[]): {
  readonly addresses: BigUint64Array
  readonly keep: readonly Buffer[]
} {
  const keep = texts.map(cString)
  return { keep, addresses: new BigUint64Array([...keep.map((each) => addressOf(each)), 0n]) }
}
