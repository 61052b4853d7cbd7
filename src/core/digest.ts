import { hash, timingSafeEqual } from 'node:crypto'

/** SHA-256, base64url: for what is random, or lives for minutes. Several parts stay apart. */
export function digestOf(...parts: readonly string[]): string {
  return hash('sha256', parts.join('\n'), 'base64url')
}

/** In constant time. */
export function isSameDigest(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}
