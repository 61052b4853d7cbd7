/** Waiting no longer than agreed. */
export const TOO_LATE = Symbol('too late')

export async function within<T>(milliseconds: number, work: Promise<T>): Promise<T | typeof TOO_LATE> {
  const { promise, resolve } = Promise.withResolvers<typeof TOO_LATE>()
  const timer = setTimeout(() => resolve(TOO_LATE), milliseconds)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}
