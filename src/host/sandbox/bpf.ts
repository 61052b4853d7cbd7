/** Programs for the kernel's filter of system calls, <linux/filter.h> and <linux/seccomp.h>, and how they are applied. */
import { addressOf, kernel } from './kernel.ts'
import { callNumber, numberOf, processor, type SystemCall } from './system-calls.ts'

export const ALLOW = 0x7fff0000
export const KILL = 0x80000000
/** Held until whoever listens has said what becomes of it; where nobody listens any more it is as if there were no such call. */
export const ASK = 0x7fc00000
export const refuse = (errno: number): number => 0x00050000 | errno
export const EACCES = 13

const EINVAL = 22

const SET_MODE_FILTER = 1
const FLAG_ALL_THREADS = 1
const FLAG_NEW_LISTENER = 8
/** Only the end of the process interrupts a call that is being looked at: signals that runtimes send themselves do not. */
const FLAG_WAIT_KILLABLE = 32

/** One instruction: code, two jumps, a constant. */
export type Instruction = readonly [number, number, number, number]

const load = (offset: number): Instruction => [0x20, 0, 0, offset]
export const result = (action: number): Instruction => [0x06, 0, 0, action]
export const mask = (bits: number): Instruction => [0x54, 0, 0, bits]
/** Jumps so many instructions ahead if it holds, or if it does not. */
export const ifEqual = (value: number, then: number, otherwise: number): Instruction => [0x15, then, otherwise, value]
const ifAtLeast = (value: number, then: number, otherwise: number): Instruction => [0x35, then, otherwise, value]
export const ifAny = (bits: number, then: number, otherwise: number): Instruction => [0x45, then, otherwise, bits]
const NUMBER = load(0)
const ARCHITECTURE = load(4)
/** The low half of an argument. */
export const argument = (index: number): Instruction => load(16 + 8 * index)

/** These instructions for this call; none where there is no such call. They end, or fall through to the next rule. */
export function on(name: SystemCall, body: readonly Instruction[]): Instruction[] {
  const number = numberOf(name)
  return number === undefined ? [] : [NUMBER, ifEqual(number, 0, body.length), ...body]
}

export function always(name: SystemCall, action: number): Instruction[] {
  return on(name, [result(action)])
}

export function onlyIf(
  index: number,
  { bits, values }: { readonly bits: number; readonly values: readonly number[] },
  action: number,
): Instruction[] {
  const tests = values.map((value, at) => ifEqual(value, values.length - at, 0))
  return [argument(index), mask(bits), ...tests, result(action)]
}

export function unlessAny(index: number, bits: number, action: number): Instruction[] {
  return [argument(index), ifAny(bits, 0, 1), result(action)]
}

/** Calls numbered for another architecture would slip through. */
export function thisArchitecture(): Instruction[] {
  const { audit, second } = processor()
  const native = [ARCHITECTURE, ifEqual(audit, 1, 0), result(KILL)]
  return second === undefined ? native : [...native, NUMBER, ifAtLeast(second, 0, 1), result(KILL)]
}

/** Applies a filter to the calling thread, or to all of them. `no_new_privs` must be set. Throws if the kernel refuses. */
export function applyFilter(filter: readonly Instruction[], threads: 'this' | 'all'): void {
  const outcome = install(filter, threads === 'all' ? FLAG_ALL_THREADS : 0)
  if (outcome !== 0) throw new Error(`seccomp does not take the filter (error ${-outcome})`)
}

/**
 * Applies a filter that asks to the calling thread. Returns the descriptor on which it is asked, or minus the error number
 * and has applied nothing: not every kernel can, and there is at most one who listens, which may be a container's manager.
 */
export function applyAskingFilter(filter: readonly Instruction[]): number {
  const listener = install(filter, FLAG_NEW_LISTENER | FLAG_WAIT_KILLABLE)
  return listener === -EINVAL ? install(filter, FLAG_NEW_LISTENER) : listener
}

function install(filter: readonly Instruction[], flags: number): number {
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
  return kernel().call(callNumber('seccomp'), SET_MODE_FILTER, flags, program)
}
