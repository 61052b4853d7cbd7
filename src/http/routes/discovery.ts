/** Discovery documents (RFC 8414, OpenID Connect Discovery): what is true now, nothing that is not there. */
import { PROMPTS } from '../../core/authorization/openid-parameters.ts'
import { RESPONSE_MODES } from '../../core/authorization/request.ts'
import { ASYMMETRIC_ALGS, SIGNING_ALGS } from '../../core/clients/client-input.ts'
import type { Core } from '../../core/core.ts'
import { ACR_VALUES } from '../../core/factors/acr.ts'
import type { Settings } from '../../core/settings.ts'
import { DPOP_ALGS } from '../../core/token/dpop.ts'
import { CLAIMS_SUPPORTED } from '../../core/token/standard-claims.ts'
import { IDENTITY_SCOPES } from '../../core/token/target.ts'
import { type Endpoint, endpoint } from '../endpoint.ts'
import { AUTHORIZE, PAR } from '../front-channel/authorize.ts'
import { DEVICE_AUTHORIZATION } from '../front-channel/device.ts'
import { END_SESSION } from '../front-channel/logout.ts'
import { REGISTER } from './registration.ts'
import { INTROSPECT, REVOKE, TOKEN, USERINFO } from './token.ts'

export const OPENID_CONFIGURATION = '/.well-known/openid-configuration'
export const AUTHORIZATION_SERVER = '/.well-known/oauth-authorization-server'

const SECRET_METHODS = ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt'] as const
const ASSERTION_ALGS = [...ASYMMETRIC_ALGS, 'HS256', 'HS384', 'HS512']

export function discoveryRoutes({ settings, tokens }: Pick<Core, 'settings' | 'tokens'>): readonly Endpoint[] {
  let made: { readonly of: Settings; readonly text: string } | undefined
  /** Made anew when the settings are other ones. */
  const text = (): string => {
    const now = settings()
    if (made?.of !== now) made = { of: now, text: JSON.stringify(metadata(now, tokens.grants)) }
    return made.text
  }
  return [OPENID_CONFIGURATION, AUTHORIZATION_SERVER].map((path) =>
    endpoint({
      method: 'GET',
      path,
      access: 'public',
      cors: true,
      summary: 'Issuer metadata: every endpoint and what it can do',
      handle: () =>
        new Response(text(), {
          headers: { 'content-type': 'application/json', 'cache-control': 'public, max-age=60' },
        }),
    }),
  )
}

function metadata({ issuer, oauth }: Settings, grants: readonly string[]) {
  return {
    issuer,
    jwks_uri: `${issuer}/auth/oauth/jwks`,
    ...(oauth.registration !== 'off' && { registration_endpoint: issuer + REGISTER }),
    ...frontChannel(issuer),
    ...tokenSide(issuer, grants, methodsFor(oauth)),
  }
}

function methodsFor({ clientCertificateHeader }: Settings['oauth']): readonly string[] {
  return clientCertificateHeader === undefined ? SECRET_METHODS : [...SECRET_METHODS, 'tls_client_auth']
}

/** What browsers and people see. */
function frontChannel(issuer: string) {
  return {
    authorization_endpoint: issuer + AUTHORIZE,
    pushed_authorization_request_endpoint: issuer + PAR,
    device_authorization_endpoint: issuer + DEVICE_AUTHORIZATION,
    end_session_endpoint: issuer + END_SESSION,
    response_types_supported: ['code'],
    response_modes_supported: RESPONSE_MODES,
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    prompt_values_supported: PROMPTS,
    acr_values_supported: ACR_VALUES,
    display_values_supported: ['page'],
    ui_locales_supported: ['en', 'de'],
    claims_parameter_supported: true,
    request_parameter_supported: true,
    // Only those that were pushed, which is told by the endpoint for pushing.
    request_uri_parameter_supported: false,
    request_object_signing_alg_values_supported: ASYMMETRIC_ALGS,
    require_pushed_authorization_requests: false,
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    authorization_details_types_supported: ['rabbitmq'],
  }
}

/** What clients ask directly. */
function tokenSide(issuer: string, grants: readonly string[], confidential: readonly string[]) {
  const authentication = (name: string, methods: readonly string[]) => ({
    [`${name}_endpoint_auth_methods_supported`]: methods,
    [`${name}_endpoint_auth_signing_alg_values_supported`]: ASSERTION_ALGS,
  })
  return {
    token_endpoint: issuer + TOKEN,
    ...authentication('token', ['none', ...confidential]),
    introspection_endpoint: issuer + INTROSPECT,
    ...authentication('introspection', confidential),
    introspection_signing_alg_values_supported: ['ES256'],
    revocation_endpoint: issuer + REVOKE,
    ...authentication('revocation', ['none', ...confidential]),
    userinfo_endpoint: issuer + USERINFO,
    userinfo_signing_alg_values_supported: SIGNING_ALGS,
    id_token_signing_alg_values_supported: SIGNING_ALGS,
    dpop_signing_alg_values_supported: DPOP_ALGS,
    grant_types_supported: grants,
    subject_types_supported: ['public'],
    scopes_supported: [...IDENTITY_SCOPES],
    claim_types_supported: ['normal'],
    claims_supported: [
      ...CLAIMS_SUPPORTED,
      'iss',
      'aud',
      'exp',
      'iat',
      'auth_time',
      'nonce',
      'acr',
      'amr',
      'azp',
      'sid',
    ],
  }
}
