/** Parameters of OpenID Connect Core section 3.1.2.1 and 5.5: what they say, or `invalid_request`. */
import type { Client } from '../clients/records.ts'
import { ACR_VALUES } from '../factors/acr.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import { type Parameters, words } from '../oauth/parameters.ts'
import { ID_TOKEN_TYPE } from '../token/id-token.ts'
import { requestedClaims } from '../token/standard-claims.ts'

const MOST_CLAIMS = 16_384
/** Others are of extensions that we have not. */
export const PROMPTS = ['none', 'login', 'consent', 'select_account'] as const

type Claims = Readonly<Record<string, unknown>>

export function readPrompt(parameters: Parameters): string[] {
  const prompt = words(parameters.get('prompt'))
  if (prompt.includes('none') && prompt.length > 1)
    throw new OAuthError('invalid_request', 'prompt=none goes with no other value')
  return prompt.filter((word) => PROMPTS.some((known) => known === word))
}

/** Seconds. */
export function readMaxAge(parameters: Parameters, { defaultMaxAge }: Client): number | null {
  const text = parameters.get('max_age')
  if (text === undefined) return defaultMaxAge === null ? null : Math.floor(defaultMaxAge / 1000)
  if (!/^\d{1,9}$/.test(text)) throw new OAuthError('invalid_request', 'max_age is a number of seconds')
  return Number(text)
}

export function readClaims(parameters: Parameters): Record<string, unknown> | null {
  const text = parameters.get('claims')
  if (text === undefined) return null
  const wrong = (cause?: unknown) =>
    new OAuthError('invalid_request', 'claims is a JSON object with the members userinfo and id_token', { cause })
  if (text.length > MOST_CLAIMS) throw wrong()
  const { userinfo, id_token: idToken } = objectIn(text, wrong)
  for (const each of [userinfo, idToken])
    if (each !== undefined && each !== null && (typeof each !== 'object' || Array.isArray(each))) throw wrong()
  return { ...(userinfo != null && { userinfo }), ...(idToken != null && { id_token: idToken }) }
}

function objectIn(text: string, wrong: (cause?: unknown) => OAuthError): Record<string, unknown> {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw wrong(cause)
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw wrong()
  return { ...parsed }
}

/**
 * The levels that will do, of those that we know. Essential ones that we do not know at all are refused (OpenID Connect
 * Core section 5.5.1.1), others are a wish.
 */
export function readAcrValues(parameters: Parameters, claims: Claims | null, client: Client): string[] {
  const claim = requestOf(requestedClaims(claims, 'id_token').get('acr'))
  const asked = claim.values ?? words(parameters.get('acr_values') ?? client.defaultAcrValues.join(' '))
  const known = asked.filter((value) => ACR_VALUES.includes(value))
  if (claim.essential && asked.length > 0 && known.length === 0) {
    const supported = ACR_VALUES.join(', ')
    throw new OAuthError('unmet_authentication_requirements', `The levels that people can reach here are ${supported}`)
  }
  return known
}

/** The one user that the request can be about. */
export async function readSubject(
  parameters: Parameters,
  claims: Claims | null,
  {
    client,
    issuer,
    keys,
  }: { readonly client: Client; readonly issuer: string; readonly keys: Pick<KeyRing, 'verify'> },
): Promise<string | null> {
  const named = (['id_token', 'userinfo'] as const).flatMap((place) => {
    return requestOf(requestedClaims(claims, place).get('sub')).values ?? []
  })
  const hint = parameters.get('id_token_hint')
  const hinted = hint === undefined ? [] : [await subjectOfHint(hint, { client, issuer, keys })]
  const [subject = null, ...others] = new Set([...named, ...hinted])
  if (others.length > 0) throw new OAuthError('invalid_request', 'The request is about more than one user')
  return subject
}

/** It may have expired: it says who, not that they are there. */
async function subjectOfHint(
  hint: string,
  {
    client,
    issuer,
    keys,
  }: { readonly client: Client; readonly issuer: string; readonly keys: Pick<KeyRing, 'verify'> },
): Promise<string> {
  const token = await keys.verify(hint, ID_TOKEN_TYPE)
  const audience = [token?.aud ?? []].flat()
  if (token?.iss !== issuer || typeof token.sub !== 'string' || !audience.includes(client.id))
    throw new OAuthError('invalid_request', 'id_token_hint is no ID token that this server gave to the client')
  return token.sub
}

/** OpenID Connect Core section 5.5.1. */
function requestOf(request: unknown): { readonly essential: boolean; readonly values: readonly string[] | undefined } {
  if (typeof request !== 'object' || request === null) return { essential: false, values: undefined }
  const { essential, value, values } = request as Claims
  const list = Array.isArray(values) ? values : value === undefined ? undefined : [value]
  return { essential: essential === true, values: list?.filter((each) => typeof each === 'string') }
}
