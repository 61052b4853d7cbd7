/** Key material: made, shown in public, used to sign and to verify. Private members never leave this file but sealed. */
import { createPrivateKey, type KeyObject, sign as signBytes } from 'node:crypto'
import { compactVerify, exportJWK, generateKeyPair, importJWK, type JWTPayload } from 'jose'
import type { SigningAlgorithm } from './key-ring.ts'
import type { SigningKey } from './records.ts'

const encoder = new TextEncoder()
/** RFC 7515 section 2. */
const BASE64URL = { alphabet: 'base64url', omitPadding: true } as const

/** Members of a public JWK (RFC 7518 section 6, RFC 8037); anything else a library might export stays inside. */
const PUBLIC_MEMBERS = ['kty', 'crv', 'x', 'y', 'n', 'e'] as const

export async function makeKeyPair(algorithm: SigningAlgorithm, kid: string) {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = await exportJWK(privateKey)
  const publicJwk: Record<string, string> = { kid, alg: algorithm, use: 'sig' }
  for (const member of PUBLIC_MEMBERS) {
    const value = jwk[member]
    if (value !== undefined) publicJwk[member] = value
  }
  return { privateJwk: JSON.stringify(jwk), publicJwk }
}

/** A key ready for work; parsed at first use, because most starts use one of many. */
export interface KeyMaterial {
  /** The first part of every token signed with this key: exactly `alg`, `kid` and `typ`. */
  header(typ: string): string
  sign(claims: JWTPayload, typ: string): Promise<string>
  /** The payload, if the signature is by this key. */
  verify(token: string): Promise<Uint8Array | undefined>
}

export function keyMaterial({ kid, algorithm, publicJwk }: SigningKey, privateJwk: string | undefined): KeyMaterial {
  const headers = new Map<string, string>()
  const header = (typ: string) => {
    const known = headers.get(typ)
    if (known !== undefined) return known
    const made = base64url(JSON.stringify({ alg: algorithm, kid, typ }))
    headers.set(typ, made)
    return made
  }
  let privateKey: KeyObject | undefined
  let publicKey: ReturnType<typeof importJWK> | undefined
  return {
    header,
    async sign(claims, typ) {
      if (privateJwk === undefined) throw new Error(`Cannot sign with key ${kid}: it only verifies`)
      privateKey ??= createPrivateKey({ key: JSON.parse(privateJwk), format: 'jwk' })
      const input = `${header(typ)}.${base64url(JSON.stringify(claims))}`
      return `${input}.${await signature(algorithm, privateKey, input)}`
    },
    async verify(token) {
      publicKey ??= importJWK(publicJwk, algorithm)
      const verified = compactVerify(token, await publicKey, { algorithms: [algorithm] })
      return await verified.then(
        ({ payload }) => payload,
        () => undefined,
      )
    },
  }
}

/** RFC 7515 signatures through node:crypto: measured at a third of what WebCrypto takes for the elliptic curves. */
async function signature(algorithm: SigningAlgorithm, key: KeyObject, input: string): Promise<string> {
  const bytes = encoder.encode(input)
  if (algorithm === 'ES256') return signBytes('sha256', bytes, { key, dsaEncoding: 'ieee-p1363' }).toBase64(BASE64URL)
  if (algorithm === 'EdDSA') return signBytes(null, bytes, key).toBase64(BASE64URL)
  // RSA takes long enough to leave the loop to others meanwhile.
  const made = Promise.withResolvers<Buffer>()
  signBytes('sha256', bytes, key, (error, signed) => (error ? made.reject(error) : made.resolve(signed)))
  return (await made.promise).toBase64(BASE64URL)
}

function base64url(text: string): string {
  return encoder.encode(text).toBase64(BASE64URL)
}
