/** What a client may be: defaults for what is left out, every fault named at once. */
import type { Fault } from '../users/names.ts'
import { isStorableName } from '../users/names.ts'
import type { AuthMethod, ClientInput } from './clients.ts'
import type { Client } from './records.ts'
import { redirectUriFault, webUriFault } from './redirect-uri.ts'

export type ClientFields = Required<ClientInput>

export const GRANT_TYPES = [
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'password',
  'urn:ietf:params:oauth:grant-type:device_code',
  'urn:ietf:params:oauth:grant-type:token-exchange',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
  'http://auth0.com/oauth/grant-type/mfa-otp',
  'http://auth0.com/oauth/grant-type/mfa-oob',
  'http://auth0.com/oauth/grant-type/mfa-recovery-code',
] as const
export type GrantType = (typeof GRANT_TYPES)[number]

export const AUTH_METHODS: readonly AuthMethod[] = [
  'none',
  'client_secret_basic',
  'client_secret_post',
  'client_secret_jwt',
  'private_key_jwt',
  'tls_client_auth',
]
/** What our own tokens can be signed with. */
export const SIGNING_ALGS = ['ES256', 'RS256', 'EdDSA'] as const
/** What we take of others, EdDSA by either of its names (RFC 9864); never `none`, and HMAC only where the method says so. */
export const ASYMMETRIC_ALGS = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'EdDSA',
  'Ed25519',
] as const
/** FAPI 2.0 Security Profile section 5.4. */
export const FAPI_ALGS = ['PS256', 'ES256', 'EdDSA', 'Ed25519'] as const

/** RFC 6749 appendix A.4. Scopes of brokers hold `:`, `/`, `.` and `*`. */
const SCOPE = /^[\x21\x23-\x5B\x5D-\x7E]{1,500}$/
const CLIENT_ID = /^[\x21\x23-\x2E\x30-\x39\x3B-\x5B\x5D-\x7E]{1,190}$/
const FEWEST_RSA_BYTES = 256
const MOST_ENTRIES = 100
const DAY = 86_400_000

export const CLIENT_DEFAULTS: Omit<ClientFields, 'name'> = {
  logoUri: null,
  clientUri: null,
  policyUri: null,
  tosUri: null,
  contacts: [],
  ownerId: null,
  disabled: false,
  confidential: true,
  profile: null,
  authMethod: 'client_secret_basic',
  jwks: null,
  jwksUri: null,
  tlsSubject: null,
  redirectUris: [],
  postLogoutRedirectUris: [],
  grants: ['authorization_code', 'refresh_token'],
  scopes: ['openid', 'profile', 'email', 'phone', 'address', 'offline_access'],
  audiences: [],
  groups: [],
  roles: [],
  requirePkce: true,
  requirePushedRequests: false,
  requireSignedRequests: false,
  requireDpop: false,
  accessTokenFormat: 'jwt',
  accessTokenTtl: null,
  idTokenTtl: null,
  idTokenAlg: 'RS256',
  userinfoAlg: null,
  assertionAlgs: [],
  requestObjectAlgs: [],
  refreshPolicy: 'rotate',
  refreshReplayWindow: 0,
  refreshIdleTtl: null,
  refreshAbsoluteTtl: null,
  consent: 'remember',
  secondFactor: false,
  defaultMaxAge: null,
  defaultAcrValues: [],
  backchannelLogoutUri: null,
}

/** The fields of a client after `change`, and what is wrong with them. */
export function acceptClient(
  before: ClientFields,
  change: ClientInput,
): { readonly fields: ClientFields; readonly faults: readonly Fault[] } {
  const given = { ...before, ...change }
  const fields = given.profile === 'fapi2' ? { ...given, ...fapi2(given) } : given
  const open = fields.confidential ? fields : { ...fields, authMethod: 'none', requirePkce: true }
  return { fields: open, faults: [...faultsOf(open)] }
}

/** What the FAPI 2.0 Security Profile demands, whatever else was said. */
function fapi2(client: ClientFields): Partial<ClientFields> {
  const strong = (algs: readonly string[]) => {
    const kept = algs.filter((alg) => FAPI_ALGS.some((each) => each === alg))
    return kept.length > 0 ? kept : [...FAPI_ALGS]
  }
  return {
    confidential: true,
    authMethod: client.authMethod === 'tls_client_auth' ? 'tls_client_auth' : 'private_key_jwt',
    requirePkce: true,
    requirePushedRequests: true,
    requireDpop: true,
    refreshPolicy: 'reuse',
    refreshReplayWindow: 0,
    idTokenAlg: client.idTokenAlg === 'RS256' ? 'ES256' : client.idTokenAlg,
    assertionAlgs: strong(client.assertionAlgs),
    requestObjectAlgs: strong(client.requestObjectAlgs),
  }
}

export function clientIdFault(id: string): string | undefined {
  if (!CLIENT_ID.test(id)) return 'Use 1 to 190 visible ASCII characters without ":", "/", "\\" and quotes'
  return /^u_/i.test(id) ? 'Ids that begin with "u_" are those of users' : undefined
}

function* faultsOf(client: ClientFields): Iterable<Fault> {
  if (client.name.trim() === '' || client.name.length > 200 || /[\p{Cc}\p{Cs}]/u.test(client.name))
    yield { path: '/name', message: 'Must be 1 to 200 characters on one line' }
  yield* uriFaults(client)
  yield* wordFaults(client)
  yield* authenticationFaults(client)
  yield* lifetimeFaults(client)
  for (const member of ['groups', 'roles', 'audiences', 'contacts', 'defaultAcrValues'] as const)
    yield* eachFault(client, member, (text) => (isStorableName(text) ? undefined : 'Must be 1 to 190 characters'))
}

function* uriFaults(client: ClientFields): Iterable<Fault> {
  yield* eachFault(client, 'redirectUris', (uri) => redirectUriFault(uri, client.confidential))
  yield* eachFault(client, 'postLogoutRedirectUris', (uri) => redirectUriFault(uri, client.confidential))
  const pages = ['logoUri', 'clientUri', 'policyUri', 'tosUri', 'jwksUri', 'backchannelLogoutUri'] as const
  for (const member of pages) {
    const fault = client[member] === null ? undefined : webUriFault(client[member])
    if (fault !== undefined) yield { path: `/${member}`, message: fault }
  }
  if (client.grants.includes('authorization_code') && client.redirectUris.length === 0)
    yield { path: '/redirectUris', message: 'Name at least one: the authorization_code grant redirects to it' }
}

function* wordFaults(client: ClientFields): Iterable<Fault> {
  yield* eachFault(client, 'grants', oneOf(GRANT_TYPES))
  yield* eachFault(client, 'scopes', (scope) => (SCOPE.test(scope) ? undefined : 'Must be one scope without spaces'))
  yield* eachFault(client, 'assertionAlgs', oneOf([...ASYMMETRIC_ALGS, 'HS256', 'HS384', 'HS512']))
  yield* eachFault(client, 'requestObjectAlgs', oneOf(ASYMMETRIC_ALGS))
  const choices = { idTokenAlg: SIGNING_ALGS, authMethod: AUTH_METHODS } as const
  for (const [member, words] of Object.entries(choices)) {
    const fault = oneOf(words)(client[member as keyof typeof choices])
    if (fault !== undefined) yield { path: `/${member}`, message: fault }
  }
  const userinfo = client.userinfoAlg === null ? undefined : oneOf(SIGNING_ALGS)(client.userinfoAlg)
  if (userinfo !== undefined) yield { path: '/userinfoAlg', message: userinfo }
  if (client.profile === 'fapi2' && client.grants.includes('password'))
    yield { path: '/grants', message: 'The password grant is no part of FAPI 2.0' }
  if (!client.confidential && client.grants.includes('client_credentials'))
    yield { path: '/grants', message: 'client_credentials is for confidential clients' }
}

function* authenticationFaults({ confidential, authMethod, jwks, jwksUri, tlsSubject }: ClientFields): Iterable<Fault> {
  if (confidential && authMethod === 'none')
    yield { path: '/authMethod', message: 'A confidential client proves who it is; a public one has "none"' }
  if (jwks !== null && jwksUri !== null) yield { path: '/jwks', message: 'Give jwks or jwksUri, not both' }
  if (jwks?.keys.length === 0) yield { path: '/jwks', message: 'Give at least one key' }
  if (authMethod === 'private_key_jwt' && jwks === null && jwksUri === null)
    yield { path: '/jwks', message: 'private_key_jwt needs jwks or jwksUri' }
  if (authMethod === 'tls_client_auth' && tlsSubject === null)
    yield { path: '/tlsSubject', message: 'tls_client_auth needs the subject of the certificate' }
  for (const [index, key] of (jwks?.keys ?? []).entries()) yield* keyFaults(key, `/jwks/keys/${index}`)
}

function* keyFaults(key: Readonly<Record<string, unknown>>, path: string): Iterable<Fault> {
  const { kty, n } = key
  if (kty === 'oct' || 'd' in key || 'k' in key) yield { path, message: 'Must be a public key' }
  else if (kty !== 'EC' && kty !== 'RSA' && kty !== 'OKP') yield { path, message: 'Must be an EC, RSA or OKP key' }
  else if (kty === 'RSA' && !(typeof n === 'string' && Buffer.from(n, 'base64url').length >= FEWEST_RSA_BYTES))
    yield { path, message: 'Must be an RSA key of 2048 bits or more' }
}

function* lifetimeFaults(client: ClientFields): Iterable<Fault> {
  const most = {
    accessTokenTtl: DAY,
    idTokenTtl: DAY,
    refreshIdleTtl: 366 * DAY,
    refreshAbsoluteTtl: 3660 * DAY,
  } as const
  for (const [member, longest] of Object.entries(most)) {
    const value = client[member as keyof typeof most]
    if (value !== null && (!Number.isInteger(value) || value < 1_000 || value > longest))
      yield { path: `/${member}`, message: `Must be 1 second to ${longest / DAY} days` }
  }
  // RFC 9700 section 4.14.2.
  if (!client.confidential && client.refreshPolicy === 'reuse' && !client.requireDpop)
    yield {
      path: '/refreshPolicy',
      message: 'Must be "rotate" for a public client whose tokens are not bound to a key',
    }
  if (
    !Number.isInteger(client.refreshReplayWindow) ||
    client.refreshReplayWindow < 0 ||
    client.refreshReplayWindow > 10_000
  )
    yield { path: '/refreshReplayWindow', message: 'Must be 0 to 10 seconds' }
  if (client.defaultMaxAge !== null && (!Number.isInteger(client.defaultMaxAge) || client.defaultMaxAge < 0))
    yield { path: '/defaultMaxAge', message: 'Must be a number of seconds' }
}

type Lists = { [K in keyof ClientFields]: ClientFields[K] extends readonly string[] ? K : never }[keyof ClientFields]

function* eachFault(client: ClientFields, member: Lists, check: (text: string) => string | undefined): Iterable<Fault> {
  if (client[member].length > MOST_ENTRIES) yield { path: `/${member}`, message: `Must be at most ${MOST_ENTRIES}` }
  for (const [index, text] of client[member].entries()) {
    const message = check(text)
    if (message !== undefined) yield { path: `/${member}/${index}`, message }
  }
}

function oneOf(words: readonly string[]): (text: string) => string | undefined {
  return (text) => (words.includes(text) ? undefined : `Must be one of ${words.join(', ')}`)
}

/** The members that somebody decides about. */
export function fieldsOf(client: Client): ClientFields {
  const {
    id: _id,
    managedBy: _by,
    secrets: _secrets,
    registrationDigest: _digest,
    unusedSince: _unused,
    createdAt: _made,
    updatedAt: _changed,
    ...fields
  } = client
  return fields
}
