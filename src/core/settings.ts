/** What an operator may set about the domain. Times are milliseconds. Read through a function, so that a reload applies at once. */
export interface Settings {
  /** `iss` of every token; the public URL without a trailing slash. */
  readonly issuer: string
  readonly session: {
    readonly identityTokenTtl: number
    /** For brokers that set none of their own. */
    readonly accessTokenTtl: number
    readonly bindIp: 'off' | 'exact' | 'subnet'
    readonly maxIdentityTokens: number
    readonly defaultVhost: string
    /** Used when a login names no broker; without it the only broker there is. */
    readonly defaultBroker?: string
  }
  readonly oauth: {
    /** For clients that set none of their own. */
    readonly accessTokenTtl: number
    readonly idTokenTtl: number
    readonly codeTtl: number
    readonly pushedRequestTtl: number
    readonly deviceCodeTtl: number
    /** A refresh token that is not used for this long ends. */
    readonly refreshIdleTtl: number
    /** A grant ends after this long, however often it was refreshed. */
    readonly refreshAbsoluteTtl: number
    /** The password grant without a client, as older systems do it. */
    readonly firstPartyPassword: boolean
    /** Who may register a client (RFC 7591). */
    readonly registration: 'off' | 'token' | 'open'
    /** How long a client that anybody registered may stay without having authenticated once. */
    readonly unusedClientTtl: number
    /** Header in which trusted proxies pass the subject of a verified client certificate. */
    readonly clientCertificateHeader?: string
    /** Whether DPoP proofs have to carry a nonce of ours (RFC 9449 section 8). */
    readonly dpopNonce: boolean
    /** Origins whose pages may call discovery, token, revocation and userinfo. */
    readonly corsOrigins: readonly string[]
    /** Resources whose access tokens are special, whatever the client has. */
    readonly resources: readonly {
      readonly id: string
      readonly accessTokenFormat?: 'jwt' | 'opaque'
      readonly accessTokenTtl?: number
    }[]
    /** Whose assertions the jwt-bearer grant takes (RFC 7523). */
    readonly trustedIssuers: readonly { readonly issuer: string; readonly jwksUri: string }[]
  }
  readonly browser: {
    readonly idleTtl: number
    readonly absoluteTtl: number
  }
  readonly factors: {
    /** Members need a second factor to log in. */
    readonly demandGroups: readonly string[]
    /** WebAuthn relying party id, apart from the issuer: passkeys are bound to it for good. */
    readonly rpId: string
    /** Whether a passkey alone may log in. */
    readonly passwordless: boolean
  }
  readonly passwords: {
    readonly minLength: number
    readonly maxLength: number
  }
  /** Regular expressions, matched against the whole value. They govern what is created here, not what a directory calls its people. */
  readonly patterns: {
    readonly username: string
    readonly email: string
    readonly group: string
    readonly password: string
  }
  readonly groups: { readonly admin: string }
  readonly throttle: {
    /** Failures that cost no delay, per (user, network). */
    readonly freeAttempts: number
    /** First delay; doubles with each further failure. */
    readonly firstDelay: number
    readonly maxDelay: number
    /** After this long without a failure everything is forgotten. */
    readonly forgetAfter: number
    /** Failures that one network may cause over all names within ten minutes. */
    readonly networkAttempts: number
  }
  readonly keys: {
    readonly rotateEvery: number
    readonly publishAhead: number
    /** Longer than the longest token. */
    readonly keepFor: number
  }
  readonly audit: {
    readonly keepFor: number
    /** Whether issued access tokens are stored as events or only logged. */
    readonly tokens: 'store' | 'log'
  }
}
