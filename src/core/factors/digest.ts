import { timingSafeEqual } from 'node:crypto'

/** SHA-256, base64url: for values that are random or live for minutes. */
export function digestOf(...parts: readonly string[]): string {
  return new Bun.CryptoHasher('sha256').update(parts.join('\n')).digest('base64url')
}

export function isSameDigest(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/** A code as people type it: without the blanks and hyphens that make it readable. */
export function typed(code: string): string {
  return code.replace(/[\s-]/g, '').toLowerCase()
}
