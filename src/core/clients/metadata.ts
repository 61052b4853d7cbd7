/** Client metadata (RFC 7591 section 2, OpenID Connect Registration section 2): what is taken of it, and how it is told. */
import { type Static, Type as t } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import { OAuthError } from '../oauth/oauth-error.ts'
import { CLIENT_DEFAULTS } from './client-input.ts'
import type { ClientInput } from './clients.ts'
import type { Client } from './records.ts'

const text = t.Optional(t.String({ maxLength: 2_000 }))
const texts = t.Optional(t.Array(t.String({ maxLength: 2_000 }), { maxItems: 100 }))
const flag = t.Optional(t.Boolean())

/** Members that mean something here; others are ignored, as RFC 7591 says. */
const Metadata = t.Object({
  redirect_uris: texts,
  token_endpoint_auth_method: text,
  token_endpoint_auth_signing_alg: text,
  grant_types: texts,
  response_types: texts,
  client_name: t.Optional(t.String({ maxLength: 200 })),
  client_uri: text,
  logo_uri: text,
  policy_uri: text,
  tos_uri: text,
  contacts: texts,
  scope: text,
  jwks_uri: text,
  jwks: t.Optional(t.Object({ keys: t.Array(t.Record(t.String(), t.Unknown()), { maxItems: 50 }) })),
  subject_type: text,
  sector_identifier_uri: text,
  id_token_signed_response_alg: text,
  userinfo_signed_response_alg: text,
  request_object_signing_alg: text,
  id_token_encrypted_response_alg: text,
  userinfo_encrypted_response_alg: text,
  request_object_encryption_alg: text,
  default_max_age: t.Optional(t.Integer({ minimum: 0, maximum: 1_000_000_000 })),
  require_auth_time: flag,
  default_acr_values: texts,
  post_logout_redirect_uris: texts,
  backchannel_logout_uri: text,
  backchannel_logout_session_required: flag,
  require_pushed_authorization_requests: flag,
  require_signed_request_object: flag,
  dpop_bound_access_tokens: flag,
  tls_client_certificate_bound_access_tokens: flag,
  tls_client_auth_subject_dn: text,
})
export type Metadata = Static<typeof Metadata>

/** What anybody may give themselves; more is for an administrator to add. */
const GRANTS: ReadonlySet<string> = new Set([
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
])
const SCOPES: ReadonlySet<string> = new Set(CLIENT_DEFAULTS.scopes)

/** Throws `invalid_client_metadata` for what is no metadata at all. */
export function readMetadata(body: unknown): Metadata {
  const error = Value.Errors(Metadata, body).First()
  if (error) throw new OAuthError('invalid_client_metadata', `${error.path.slice(1) || 'The body'}: ${error.message}`)
  return body as Metadata
}

/**
 * The client that the metadata describes; what is left out takes its default. What an administrator gave the client as it
 * was `before` it may go on naming.
 */
export function clientOfMetadata(metadata: Metadata, before?: Client): ClientInput & { readonly name: string } {
  refuseUnsupported(metadata, new Set([...GRANTS, ...(before?.grants ?? [])]))
  const scopes = new Set([...SCOPES, ...(before?.scopes ?? [])])
  const { token_endpoint_auth_method: authMethod = 'client_secret_basic', redirect_uris: redirectUris = [] } = metadata
  return {
    name: metadata.client_name ?? hostOf(redirectUris[0]) ?? 'Registered client',
    confidential: authMethod !== 'none',
    authMethod,
    redirectUris,
    grants: metadata.grant_types ?? ['authorization_code'],
    scopes: metadata.scope?.split(' ').filter((scope) => scopes.has(scope)) ?? [...SCOPES],
    clientUri: metadata.client_uri ?? null,
    logoUri: metadata.logo_uri ?? null,
    policyUri: metadata.policy_uri ?? null,
    tosUri: metadata.tos_uri ?? null,
    contacts: metadata.contacts ?? [],
    jwks: metadata.jwks ?? null,
    jwksUri: metadata.jwks_uri ?? null,
    tlsSubject: metadata.tls_client_auth_subject_dn ?? null,
    idTokenAlg: metadata.id_token_signed_response_alg ?? CLIENT_DEFAULTS.idTokenAlg,
    userinfoAlg: metadata.userinfo_signed_response_alg ?? null,
    requestObjectAlgs: listed(metadata.request_object_signing_alg),
    assertionAlgs: listed(metadata.token_endpoint_auth_signing_alg),
    defaultMaxAge: metadata.default_max_age ?? null,
    defaultAcrValues: metadata.default_acr_values ?? [],
    postLogoutRedirectUris: metadata.post_logout_redirect_uris ?? [],
    backchannelLogoutUri: metadata.backchannel_logout_uri ?? null,
    requirePushedRequests: metadata.require_pushed_authorization_requests ?? false,
    requireSignedRequests: metadata.require_signed_request_object ?? false,
    requireDpop: metadata.dpop_bound_access_tokens ?? false,
  }
}

/** What a client would rely on without having it is refused, not ignored. */
function refuseUnsupported(metadata: Metadata, known: ReadonlySet<string>): void {
  const { grant_types: grants = ['authorization_code'], response_types: responses = ['code'] } = metadata
  const refuse = (what: string): never => {
    throw new OAuthError('invalid_client_metadata', what)
  }
  for (const grant of grants) if (!known.has(grant)) refuse(`grant_types: ${grant} cannot be registered`)
  for (const response of responses) if (response !== 'code') refuse('response_types: only code is supported')
  if (metadata.response_types && responses.includes('code') !== grants.includes('authorization_code'))
    refuse('response_types: code goes with the grant type authorization_code')
  if ((metadata.subject_type ?? 'public') !== 'public') refuse('subject_type: only public is supported')
  if (metadata.sector_identifier_uri !== undefined) refuse('sector_identifier_uri: pairwise subjects are not supported')
  for (const member of ENCRYPTION) if (metadata[member] !== undefined) refuse(`${member}: encryption is not supported`)
  if (metadata.tls_client_certificate_bound_access_tokens)
    refuse('tls_client_certificate_bound_access_tokens: use dpop_bound_access_tokens')
}

const ENCRYPTION = [
  'id_token_encrypted_response_alg',
  'userinfo_encrypted_response_alg',
  'request_object_encryption_alg',
] as const

/** The metadata that is registered, in the words of RFC 7591. */
export function metadataOf(client: Client): Metadata & { readonly client_id: string } {
  const given = {
    client_uri: client.clientUri,
    logo_uri: client.logoUri,
    policy_uri: client.policyUri,
    tos_uri: client.tosUri,
    jwks: client.jwks,
    jwks_uri: client.jwksUri,
    tls_client_auth_subject_dn: client.tlsSubject,
    userinfo_signed_response_alg: client.userinfoAlg,
    request_object_signing_alg: client.requestObjectAlgs[0] ?? null,
    token_endpoint_auth_signing_alg: client.assertionAlgs[0] ?? null,
    default_max_age: client.defaultMaxAge,
    backchannel_logout_uri: client.backchannelLogoutUri,
  }
  return {
    client_id: client.id,
    client_name: client.name,
    redirect_uris: [...client.redirectUris],
    post_logout_redirect_uris: [...client.postLogoutRedirectUris],
    token_endpoint_auth_method: client.authMethod,
    grant_types: [...client.grants],
    response_types: client.grants.includes('authorization_code') ? ['code'] : [],
    scope: client.scopes.join(' '),
    contacts: [...client.contacts],
    subject_type: 'public',
    id_token_signed_response_alg: client.idTokenAlg,
    default_acr_values: [...client.defaultAcrValues],
    require_auth_time: true,
    backchannel_logout_session_required: true,
    require_pushed_authorization_requests: client.requirePushedRequests,
    require_signed_request_object: client.requireSignedRequests,
    dpop_bound_access_tokens: client.requireDpop,
    ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)),
  }
}

function listed(alg: string | undefined): string[] {
  return alg === undefined ? [] : [alg]
}

function hostOf(uri: string | undefined): string | undefined {
  return uri === undefined || !URL.canParse(uri) ? undefined : new URL(uri).host || undefined
}
