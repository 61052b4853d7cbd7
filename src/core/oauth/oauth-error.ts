/** Every refusal of the OAuth endpoints: RFC 6749 section 5.2 and the registries of the RFCs that build on it. */
const STATUS = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  invalid_scope: 400,
  access_denied: 400,
  unsupported_response_type: 400,
  server_error: 500,
  temporarily_unavailable: 503,
  /** RFC 6750. */
  invalid_token: 401,
  insufficient_scope: 403,
  /** RFC 8707. */
  invalid_target: 400,
  /** RFC 8628. */
  authorization_pending: 400,
  slow_down: 400,
  expired_token: 400,
  /** OpenID Connect Core section 3.1.2.6 and unmet_authentication_requirements. */
  interaction_required: 400,
  login_required: 400,
  account_selection_required: 400,
  consent_required: 400,
  unmet_authentication_requirements: 400,
  invalid_request_uri: 400,
  invalid_request_object: 400,
  request_not_supported: 400,
  request_uri_not_supported: 400,
  registration_not_supported: 400,
  /** RFC 9396. */
  invalid_authorization_details: 400,
  /** RFC 9449. */
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
  /** RFC 7591. */
  invalid_redirect_uri: 400,
  invalid_client_metadata: 400,
  invalid_software_statement: 400,
  unapproved_software_statement: 400,
  /** RFC 7009. */
  unsupported_token_type: 400,
  /** As Auth0 answers the password grant of somebody with a second factor. */
  mfa_required: 403,
} as const

export type OAuthErrorCode = keyof typeof STATUS

export interface OAuthErrorOptions extends ErrorOptions {
  /** Another status than that of the code: 429 for too many attempts, 401 for `use_dpop_nonce` at a resource. */
  readonly status?: number
  /** Seconds; becomes `Retry-After`. */
  readonly retryAfter?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Further members of the answer: `mfa_token`, `interval`. */
  readonly members?: Readonly<Record<string, unknown>>
}

/** A refusal that a client is told in the standards' own words. `cause` is for the log and never leaves the server. */
export class OAuthError extends Error {
  override name = 'OAuthError'
  readonly code: OAuthErrorCode
  /** `error_description`: what is wrong and what to do, in ASCII without `"` and `\` (RFC 6749 section 5.2). */
  readonly description: string
  readonly status: number
  readonly retryAfter: number | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly members: Readonly<Record<string, unknown>>

  constructor(code: OAuthErrorCode, description: string, options: OAuthErrorOptions = {}) {
    super(`${code}: ${description}`, options)
    this.code = code
    this.description = printable(description)
    this.status = options.status ?? STATUS[code]
    this.retryAfter = options.retryAfter
    this.headers = options.headers ?? {}
    this.members = options.members ?? {}
  }

  /** The answer's JSON, or the parameters of an error redirect. */
  get body(): Readonly<Record<string, unknown>> {
    return { error: this.code, error_description: this.description, ...this.members }
  }
}

/** What RFC 6749 allows in a description; it may quote what a stranger sent. */
function printable(text: string): string {
  return text.replaceAll('"', "'").replace(/[^\x20-\x21\x23-\x5B\x5D-\x7E]/g, '?')
}
