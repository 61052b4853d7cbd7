/** Password hashes: Argon2id is what is written, bcrypt and PBKDF2 of older systems are read until the next login. */
import { randomBytes } from 'node:crypto'
import { parsePbkdf2, verifyPbkdf2 } from './pbkdf2.ts'

export interface Argon2Cost {
  readonly memoryKib: number
  readonly iterations: number
}

const ARGON2 =
  /^\$argon2(?<kind>id|i|d)\$v=19\$m=(?<memory>\d{1,7}),t=(?<time>\d{1,3}),p=1\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/
const BCRYPT = /^\$2[aby]\$(?<cost>\d\d)\$[./A-Za-z0-9]{53}$/
/** What a stored hash may cost to check; more would let one record starve the server. */
const MAX_MEMORY_KIB = 1_048_576
const MAX_ITERATIONS = 64
const MAX_BCRYPT_COST = 15
/** Other systems look at no more than this of a password; Bun would digest a longer one first. */
const BCRYPT_BYTES = 72

export function hashPassword(password: string, cost: Argon2Cost): Promise<string> {
  const options = { algorithm: 'argon2id', memoryCost: cost.memoryKib, timeCost: cost.iterations } as const
  return Bun.password.hash(normalised(password), options)
}

/** Can `verifyHash` check this text? */
export function isHash(text: string): boolean {
  return argon2Cost(text) !== undefined || isBcrypt(text) || parsePbkdf2(text) !== undefined
}

export async function verifyHash(password: string, text: string): Promise<boolean> {
  if (argon2Cost(text)) return Bun.password.verify(normalised(password), text)
  if (isBcrypt(text)) return Bun.password.verify(Buffer.from(password).subarray(0, BCRYPT_BYTES), text)
  const pbkdf2 = parsePbkdf2(text)
  if (pbkdf2) return verifyPbkdf2(password, pbkdf2)
  throw new Error('Cannot check a password: the stored hash is of no known form')
}

/** Older algorithm or cheaper than what is configured. */
export function isWeaker(text: string, cost: Argon2Cost): boolean {
  const stored = argon2Cost(text)
  return !stored?.id || stored.memoryKib < cost.memoryKib || stored.iterations < cost.iterations
}

/** A hash that no password has, as expensive to check as a real one. */
export function impossibleHash({ memoryKib, iterations }: Argon2Cost): string {
  const unpadded = () => randomBytes(32).toString('base64').replace(/=+$/, '')
  return `$argon2id$v=19$m=${memoryKib},t=${iterations},p=1$${unpadded()}$${unpadded()}`
}

function argon2Cost(text: string): (Argon2Cost & { readonly id: boolean }) | undefined {
  const { kind, memory, time } = ARGON2.exec(text)?.groups ?? {}
  if (kind === undefined) return undefined
  const cost = { id: kind === 'id', memoryKib: Number(memory), iterations: Number(time) }
  return cost.memoryKib <= MAX_MEMORY_KIB && cost.iterations <= MAX_ITERATIONS ? cost : undefined
}

function isBcrypt(text: string): boolean {
  const cost = Number(BCRYPT.exec(text)?.groups?.cost)
  return cost >= 4 && cost <= MAX_BCRYPT_COST
}

/** The same password typed on another system may come composed differently (RFC 8265 section 4.2). */
function normalised(password: string): string {
  return password.normalize('NFC')
}
