/** Signed assertions of clients (RFC 7523 section 3): whose, for whom, until when, and never twice. */
import { type JWTPayload, jwtVerify } from 'jose'
import { insert, type Storage } from '#plugin'
import type { Settings } from '../settings.ts'
import { shownOnce } from '../token/records.ts'
import type { World } from '../world.ts'
import { ASYMMETRIC_ALGS } from './client-input.ts'
import { type ClientKeysDeps, createClientKeys } from './client-keys.ts'
import type { Clients } from './clients.ts'
import type { Client } from './records.ts'

export interface AssertionDeps extends ClientKeysDeps {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly clients: Clients
}

export interface Assertions {
  /** Why this does not authenticate the client, for the log; `undefined` if it does. It then never does again. */
  fault(client: Client, assertion: string): Promise<string | undefined>
}

const HMAC_ALGS = ['HS256', 'HS384', 'HS512']
/** Where clients authenticate, and what older ones therefore name as the audience. */
const ENDPOINTS = ['token', 'par', 'introspect', 'revoke', 'device_authorization'] as const
/** Seconds that clocks may differ. */
const SKEW = 30
/** Nobody needs an assertion for longer; a far end would be kept for as long. */
const LONGEST = 3_600

export function createAssertions(deps: AssertionDeps): Assertions {
  const { storage, world, settings, clients } = deps
  const keys = createClientKeys(deps)

  async function verified(client: Client, assertion: string): Promise<JWTPayload> {
    const hmac = client.authMethod === 'client_secret_jwt'
    const known: readonly string[] = hmac ? HMAC_ALGS : ASYMMETRIC_ALGS
    const algorithms =
      client.assertionAlgs.length > 0 ? known.filter((alg) => client.assertionAlgs.includes(alg)) : [...known]
    const options = {
      algorithms,
      clockTolerance: SKEW,
      currentDate: new Date(world.now()),
      issuer: client.id,
      subject: client.id,
    }
    if (!hmac) return (await jwtVerify(assertion, await keys.of(client), options)).payload
    return await anyOf(clients.sharedSecrets(client), async (secret) => {
      return (await jwtVerify(assertion, new TextEncoder().encode(secret), options)).payload
    })
  }

  /** The issuer, or an endpoint that older clients name; `fapi2` takes the issuer as a single string only. */
  function isForUs({ profile }: Client, aud: JWTPayload['aud']): boolean {
    const { issuer } = settings()
    if (profile === 'fapi2') return aud === issuer
    const ours = [issuer, ...ENDPOINTS.map((name) => `${issuer}/auth/oauth/${name}`)]
    const named = Array.isArray(aud) ? aud : [aud]
    return named.length === 1 ? ours.includes(named[0] ?? '') : named.includes(issuer)
  }

  return {
    async fault(client, assertion) {
      let claims: JWTPayload
      try {
        claims = await verified(client, assertion)
      } catch (error) {
        return error instanceof Error ? error.message : 'not verified'
      }
      const { aud, exp, iat, jti } = claims
      const now = Math.floor(world.now() / 1000)
      if (!isForUs(client, aud)) return 'wrong audience'
      if (exp === undefined || exp > now + LONGEST) return 'expires too late or never'
      if (iat !== undefined && iat > now + SKEW) return 'made in the future'
      if (jti === undefined || jti === '' || jti.length > 512) return 'no usable jti'
      const digest = new Bun.CryptoHasher('sha256')
        .update(JSON.stringify(['assertion', client.id, jti]))
        .digest('base64url')
      const expiresAt = (exp + SKEW + 1) * 1000
      return (await storage.commit([insert(shownOnce, { digest, expiresAt })])).ok ? undefined : 'shown before'
    },
  }
}

/** The first that succeeds; throws what the last one threw. */
async function anyOf<T, R>(choices: readonly T[], attempt: (choice: T) => Promise<R>): Promise<R> {
  let last: unknown = new Error('the client has no secret to sign with')
  for (const choice of choices) {
    try {
      return await attempt(choice)
    } catch (error) {
      last = error
    }
  }
  throw last
}
