/** Every refusal outside the OAuth endpoints, as RFC 9457 problem details with a stable code. */
const STATUS = {
  invalid_request: 400,
  not_authenticated: 401,
  invalid_credentials: 401,
  invalid_token: 401,
  forbidden: 403,
  second_factor_required: 403,
  no_rule: 403,
  vhost_not_allowed: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  too_many_attempts: 429,
  internal: 500,
  unavailable: 503,
} as const

export type ProblemCode = keyof typeof STATUS

export interface ProblemOptions extends ErrorOptions {
  /** Seconds after which trying again makes sense; becomes `Retry-After`. */
  readonly retryAfter?: number
  /** Faulty members of the input: path and what would be right. */
  readonly faults?: readonly { readonly path: string; readonly message: string }[]
}

/** A refusal the caller is told about. `cause` is for the log and never leaves the server. */
export class Problem extends Error {
  override name = 'Problem'
  readonly code: ProblemCode
  /** One sentence for the caller: what is wrong and what to do. Never a secret, never an internal text. */
  readonly detail: string
  readonly retryAfter: number | undefined
  readonly faults: ProblemOptions['faults']

  constructor(code: ProblemCode, detail: string, options: ProblemOptions = {}) {
    super(`${code}: ${detail}`, options)
    this.code = code
    this.detail = detail
    this.retryAfter = options.retryAfter
    this.faults = options.faults
  }

  get status(): number {
    return STATUS[this.code]
  }
}
