/**
 * Memory that C reads and writes. Everything is made from an ArrayBuffer of its own, because the address of a small typed
 * array changes when somebody touches its `buffer`.
 */
import { CString, ptr, toArrayBuffer } from 'bun:ffi'

/** Room for one pointer: `cell[0]` is the address once C has written it. */
export type Cell = BigUint64Array

export function cell(value = 0n): Cell {
  return pointers(value)
}

/** Structures of 64-bit members: `gss_buffer_desc`, `gss_OID_desc` and arrays of pointers. */
export function pointers(...values: readonly bigint[]): Cell {
  const made = new BigUint64Array(new ArrayBuffer(8 * Math.max(1, values.length)))
  made.set(values)
  return made
}

/** Room for 32-bit results. */
export function word(): Uint32Array {
  return new Uint32Array(new ArrayBuffer(4))
}

export function room(bytes: number): Uint8Array {
  return new Uint8Array(new ArrayBuffer(bytes))
}

/** A C string. It lives as long as the array does, so keep that until C has returned. */
export function cString(text: string): Uint8Array {
  const encoded = new TextEncoder().encode(text)
  const made = room(encoded.byteLength + 1)
  made.set(encoded)
  return made
}

export function copyOf(bytes: Uint8Array): Uint8Array {
  const made = room(bytes.byteLength)
  made.set(bytes)
  return made
}

export function addressOf(memory: NodeJS.TypedArray): bigint {
  return BigInt(ptr(memory))
}

export function at(memory: Cell, index = 0): bigint {
  return memory[index] ?? 0n
}

/** A copy of what is there. */
export function bytesAt(address: bigint, length: number): Uint8Array {
  return address === 0n || length === 0 ? new Uint8Array() : new Uint8Array(toArrayBuffer(address, 0, length)).slice()
}

export function textAt(address: bigint): string {
  return address === 0n ? '' : new CString(address).toString()
}

/** What was kept last. Visible, so that no compiler finds `keep` to be for nothing. */
export const kept: unknown[] = []

/** Keeps what C has only an address of from being collected before this call. */
export function keep(...memory: readonly unknown[]): void {
  kept.splice(0, kept.length, ...memory)
}
