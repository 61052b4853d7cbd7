/** The number of a system call on this processor. */
import { ARM64, OLD, SAME, X64 } from './system-call-numbers.ts'

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

let names: ReadonlyMap<number, SystemCall> | undefined

/** The call of this number, or `undefined` if it is none of those that are known here. */
export function callOf(number: number): SystemCall | undefined {
  names ??= new Map(Object.entries(processor().numbers).map(([name, each]) => [each, name as SystemCall]))
  return names.get(number)
}
