/** How a case of either kit says that a promise was broken; no test runner is involved. */

/** The plugin did not keep what the contract promises. */
export class BrokenPromise extends Error {
  override name = 'BrokenPromise'
}

/** Deeply equal, or the plugin broke the promise. */
export function equal(actual: unknown, expected: unknown, what = 'the outcome'): void {
  if (Bun.deepEquals(actual, expected, true)) return
  throw new BrokenPromise(`Expected ${what} to be ${Bun.inspect(expected)}, got ${Bun.inspect(actual)}`)
}

/** Rejects with an error of this name. */
export async function throws(work: () => Promise<unknown>, error: string): Promise<void> {
  try {
    const value = await work()
    throw new BrokenPromise(`Expected ${error}, got ${Bun.inspect(value)}`)
  } catch (thrown) {
    if (thrown instanceof Error && thrown.name === error) return
    if (thrown instanceof BrokenPromise) throw thrown
    throw new BrokenPromise(`Expected ${error}, got ${String(thrown)}`, { cause: thrown })
  }
}

/** All at once, as many callers would. */
export function times<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => work(index)))
}
