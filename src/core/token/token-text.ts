/** Tokens as text: made of random bytes, kept as a digest. */
import { hash } from 'node:crypto'
import type { World } from '../world.ts'

/** 256 random bits; the prefix tells secret scanners, and us, what it is. */
export function newToken(prefix: string, world: Pick<World, 'random'>): string {
  return `${prefix}${Buffer.from(world.random(32)).toString('base64url')}`
}

/** SHA-256, base64url: random text needs no slow hash. */
export function sha256(text: string): string {
  return hash('sha256', text, 'base64url')
}
