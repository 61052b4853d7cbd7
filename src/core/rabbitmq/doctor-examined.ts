/** A token taken apart for the doctor, before anything about it is known to be right. */
import { compactVerify, decodeProtectedHeader, importJWK, type JWK } from 'jose'
import type { Broker } from './records.ts'

export interface DoctorInput {
  readonly token: string
  readonly broker: Broker
  /** The key set as the broker would fetch it. */
  readonly jwks: string
  /** Epoch milliseconds. */
  readonly now: number
  /** The vhost to be opened; default the token's own. */
  readonly vhost?: string
  /** The token that an open connection was made with, when this one is to refresh it. */
  readonly previous?: string
}

export type Json = Readonly<Record<string, unknown>>

export interface Examined {
  readonly input: DoctorInput
  readonly header: Json
  readonly claims: Json
  /** The `scope` claim as the list that the broker makes of it; `undefined` when there is none. */
  readonly scopes: readonly string[] | undefined
  /** The user name the broker shows and compares. */
  readonly user: string
  readonly key: JWK | undefined
  readonly signatureOk: boolean
}

export interface Finding {
  /** Stable name of the rule. */
  readonly rule: string
  /** False where the broker refuses, and where it accepts something dangerous. */
  readonly ok: boolean
  readonly text: string
  /** What its log or the client shows; absent when it does not refuse. */
  readonly brokerSays?: string
}

export type Check = (examined: Examined) => Finding | undefined

/** `undefined` for what is not a JWS with JSON objects in it. */
export async function examine(input: DoctorInput): Promise<Examined | undefined> {
  const parts = takeApart(input.token)
  if (!parts) return undefined
  const key = keyFor(input.jwks, parts.header)
  return {
    input,
    ...parts,
    scopes: scopeList(parts.claims.scope),
    user: userOf(parts.claims, input.broker),
    key,
    signatureOk: key !== undefined && (await isSignedBy(input.token, parts.header, key)),
  }
}

function takeApart(token: string): { readonly header: Json; readonly claims: Json } | undefined {
  const [, payload = '', signature, ...more] = token.split('.')
  if (signature === undefined || more.length > 0) return undefined
  try {
    const header = decodeProtectedHeader(token) as Json
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
    return isObject(claims) ? { header, claims } : undefined
  } catch {
    return undefined
  }
}

export function claimsOf(token: string): Json | undefined {
  return takeApart(token)?.claims
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function keyFor(jwks: string, header: Json): JWK | undefined {
  try {
    const { keys } = JSON.parse(jwks) as { readonly keys?: readonly JWK[] }
    return keys?.find((key) => key.kid === header.kid)
  } catch {
    return undefined
  }
}

async function isSignedBy(token: string, header: Json, jwk: JWK): Promise<boolean> {
  try {
    await compactVerify(token, await importJWK(jwk, String(header.alg)))
    return true
  } catch {
    return false
  }
}

function scopeList(scope: unknown): readonly string[] | undefined {
  if (typeof scope === 'string') return scope.split(' ').filter((part) => part !== '')
  return Array.isArray(scope) ? scope.filter((part) => typeof part === 'string') : undefined
}

/** 3.10 takes `client_id` before `sub`; later brokers the other way round. */
export function userOf(claims: Json, broker: Broker): string {
  const names = broker.version.startsWith('3.10') ? [claims.client_id, claims.sub] : [claims.sub, claims.client_id]
  return names.find((name) => typeof name === 'string') ?? 'unknown'
}
