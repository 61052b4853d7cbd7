/** What browsers send for a passkey, checked before anything is made of it. */
import { type Static, Type as t } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'

const Bytes = t.String({ pattern: '^[\\w-]+$', maxLength: 20_000 })
const shared = { id: Bytes, rawId: Bytes, type: t.Literal('public-key') }

const Registration = t.Object({
  ...shared,
  response: t.Object({
    clientDataJSON: Bytes,
    attestationObject: Bytes,
    transports: t.Optional(t.Array(t.String({ maxLength: 32 }), { maxItems: 16 })),
  }),
})
const Authentication = t.Object({
  ...shared,
  response: t.Object({ clientDataJSON: Bytes, authenticatorData: Bytes, signature: Bytes }),
})

export function isRegistration(response: unknown): response is Static<typeof Registration> {
  return Value.Check(Registration, response)
}

export function isAuthentication(response: unknown): response is Static<typeof Authentication> {
  return Value.Check(Authentication, response)
}

/** The challenge that the browser says it got; the signature over it is checked later. */
export function challengeIn(response: Static<typeof Registration> | Static<typeof Authentication>): string | undefined {
  try {
    const data: unknown = JSON.parse(Buffer.from(response.response.clientDataJSON, 'base64url').toString())
    const challenge: unknown =
      data !== null && typeof data === 'object' && 'challenge' in data ? data.challenge : undefined
    return typeof challenge === 'string' ? challenge : undefined
  } catch {
    return undefined
  }
}

/**
 * Without certificates: none were asked for, and looking at those of a stranger means fetching their revocation lists from
 * wherever they say.
 */
export async function isPlainAttestation({ response }: Static<typeof Registration>): Promise<boolean> {
  const { decodeAttestationObject } = await import('@simplewebauthn/server/helpers')
  try {
    const attestation = decodeAttestationObject(new Uint8Array(Buffer.from(response.attestationObject, 'base64url')))
    const format = attestation.get('fmt')
    return format === 'none' || (format === 'packed' && attestation.get('attStmt').get('x5c') === undefined)
  } catch {
    return false
  }
}
