/**
 * PBKDF2 hashes of older systems. Three spellings are read:
 *
 * - Django: `pbkdf2_sha256$ITERATIONS$SALT$BASE64`, the salt taken as text
 * - passlib: `$pbkdf2-sha256$ITERATIONS$SALT$HASH`, both in base64 with `.` for `+` and without padding
 * - PHC: `$pbkdf2-sha256$i=ITERATIONS[,l=LENGTH]$SALT$HASH`, both in base64 without padding
 *
 * with `sha1` (passlib: `$pbkdf2$`), `sha256` or `sha512`.
 */
import { pbkdf2, timingSafeEqual } from 'node:crypto'
import { promisify } from 'node:util'

const DJANGO = /^pbkdf2_(?<digest>sha1|sha256|sha512)\$(?<rounds>\d{1,8})\$(?<salt>[^$]{1,128})\$(?<hash>[^$]{16,172})$/
const MODULAR =
  /^\$pbkdf2(?:-(?<digest>sha1|sha256|sha512))?\$(?:i=)?(?<rounds>\d{1,8})(?:,l=\d{1,3})?\$(?<salt>[^$]{1,172})\$(?<hash>[^$]{16,172})$/
const BASE64 = /^[A-Za-z0-9+/.]+={0,2}$/
/** More would let one stored hash keep a thread busy for seconds. */
const MAX_ROUNDS = 5_000_000

const derive = promisify(pbkdf2)

interface Parsed {
  readonly digest: string
  readonly rounds: number
  readonly salt: Buffer
  readonly hash: Buffer
}

/** `undefined` when this is not a PBKDF2 hash that can be checked. */
export function parsePbkdf2(text: string): Parsed | undefined {
  const django = DJANGO.exec(text)
  const { digest = 'sha1', rounds, salt, hash } = (django ?? MODULAR.exec(text))?.groups ?? {}
  if (rounds === undefined || salt === undefined || hash === undefined || !BASE64.test(hash)) return undefined
  if (!django && !BASE64.test(salt)) return undefined
  if (Number(rounds) < 1 || Number(rounds) > MAX_ROUNDS) return undefined
  return {
    digest,
    rounds: Number(rounds),
    salt: django ? Buffer.from(salt) : fromBase64(salt),
    hash: fromBase64(hash),
  }
}

export async function verifyPbkdf2(password: string, { digest, rounds, salt, hash }: Parsed): Promise<boolean> {
  const right = timingSafeEqual(await derive(password, salt, rounds, hash.length, digest), hash)
  // HMAC fills a short key up with zeros: "x" and "x\0" would be one password.
  return right && !password.includes('\0')
}

function fromBase64(text: string): Buffer {
  return Buffer.from(text.replaceAll('.', '+'), 'base64')
}
