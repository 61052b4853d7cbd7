/** Secrets that must be read again (signing keys, TOTP secrets), encrypted at rest under the master key with AES-256-GCM. */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import type { World } from '../world.ts'

/** Where a secret is kept. Text sealed for one place opens in no other. */
export interface SealedPlace {
  /** Chooses the key: `signing`, `totp`. */
  readonly purpose: string
  readonly collection: string
  readonly key: string
}

export interface Sealer {
  seal(secret: string, place: SealedPlace): string
  /** Throws `UnsealError` when the master key is another one or the text was altered, moved or cut. */
  open(sealed: string, place: SealedPlace): string
}

export class UnsealError extends Error {
  override name = 'UnsealError'
}

const VERSION = 'v1'
const SEALED = /^v1\.([\w-]{16})\.([\w-]{22,})$/
const NONCE_BYTES = 12
const TAG_BYTES = 16
const MASTER_KEY_BYTES = 32

/** Reads a master key as configured: 32 bytes in base64 or base64url. */
export function parseMasterKey(text: string): Uint8Array {
  const trimmed = text.trim()
  const bytes = Buffer.from(trimmed, 'base64')
  if (bytes.length !== MASTER_KEY_BYTES || !/^[\w+/-]{43}=?$/.test(trimmed)) {
    throw new Error('Cannot use the master key: it must be 32 random bytes in base64 (openssl rand -base64 32)')
  }
  return new Uint8Array(bytes)
}

export function createSealer(masterKey: Uint8Array, world: Pick<World, 'random'>): Sealer {
  if (masterKey.length !== MASTER_KEY_BYTES) {
    throw new Error(`Cannot use the master key: it has ${masterKey.length} bytes and must have ${MASTER_KEY_BYTES}`)
  }
  const keys = new Map<string, Uint8Array>()
  const keyFor = (purpose: string) => {
    const known = keys.get(purpose)
    if (known) return known
    const key = new Uint8Array(hkdfSync('sha256', masterKey, '', `leveret sealing ${VERSION} ${purpose}`, 32))
    keys.set(purpose, key)
    return key
  }
  return {
    seal(secret, place) {
      const nonce = world.random(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', keyFor(place.purpose), nonce).setAAD(boundTo(place))
      const body = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `${VERSION}.${Buffer.from(nonce).toString('base64url')}.${body.toString('base64url')}`
    },
    open(sealed, place) {
      const [, nonce = '', text = ''] = SEALED.exec(sealed) ?? []
      if (nonce === '') throw new UnsealError(`${cannotOpen(place)}: it is not in a format this release knows`)
      const body = Buffer.from(text, 'base64url')
      const cipher = createDecipheriv('aes-256-gcm', keyFor(place.purpose), Buffer.from(nonce, 'base64url'))
        .setAAD(boundTo(place))
        .setAuthTag(body.subarray(-TAG_BYTES))
      try {
        return Buffer.concat([cipher.update(body.subarray(0, -TAG_BYTES)), cipher.final()]).toString('utf8')
      } catch (cause) {
        throw new UnsealError(
          `${cannotOpen(place)}: the master key is not the one it was sealed with, or it was altered`,
          {
            cause,
          },
        )
      }
    },
  }
}

function boundTo({ purpose, collection, key }: SealedPlace): Buffer {
  return Buffer.from(JSON.stringify([VERSION, purpose, collection, key]))
}

function cannotOpen({ collection, key }: SealedPlace): string {
  return `Cannot open the secret of ${collection} ${key}`
}
