/** Resident memory of a process, looked at now and then: address space says nothing about a runtime that only reserves it. */
import { readFileSync } from 'node:fs'

const EVERY = 2_000
const PAGE = 4_096

/** Calls back once when the process holds more than `limit` bytes. Does nothing where there is no `/proc`. */
export function watchMemory(pid: number, limit: number, exceeded: () => void): Disposable {
  if (process.platform !== 'linux') return { [Symbol.dispose]: () => undefined }
  const timer = setInterval(() => {
    if (residentBytes(pid) <= limit) return
    clearInterval(timer)
    exceeded()
  }, EVERY)
  timer.unref()
  return { [Symbol.dispose]: () => clearInterval(timer) }
}

function residentBytes(pid: number): number {
  try {
    const [, resident = '0'] = readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')
    return Number(resident) * PAGE
  } catch {
    return 0
  }
}
