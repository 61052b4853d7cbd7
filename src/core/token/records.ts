import { type Static, Type as t } from '@sinclair/typebox'
import { defineCollection, nullable, type RowOf } from '#plugin'

const Text = t.Union([t.String(), t.Null()])

/** What a person, or a client for itself, allowed. Tokens are made of it and never of more. */
export const Authorization = t.Object({
  clientId: t.String({ maxLength: 190 }),
  /** `null` for a client on its own behalf. */
  userId: t.Union([t.String({ maxLength: 64 }), t.Null()]),
  /** The browser session it came of (OpenID Connect `sid`). */
  sid: t.Union([t.String({ maxLength: 64 }), t.Null()]),
  scopes: t.Array(t.String()),
  /** RFC 8707 resources as asked for; empty for this server itself. */
  resources: t.Array(t.String()),
  /** Name of a broker, and the vhost that broker tokens are bound to. */
  broker: Text,
  vhost: Text,
  /** RFC 9396. */
  authorizationDetails: t.Array(t.Record(t.String(), t.Unknown())),
  /** The `claims` parameter (OpenID Connect Core section 5.5). */
  claims: t.Union([t.Record(t.String(), t.Unknown()), t.Null()]),
  /** Epoch milliseconds; `null` for a client on its own behalf. */
  authTime: t.Union([t.Integer(), t.Null()]),
  acr: Text,
  amr: t.Array(t.String()),
})
export type Authorization = Static<typeof Authorization>

/** A live authorization. Its absence is its revocation: everything made of it ends with it. */
export const grants = defineCollection({
  name: 'grant',
  fields: t.Object({
    id: t.String({ maxLength: 64 }),
    ...Authorization.properties,
    userId: nullable(t.String({ maxLength: 64 })),
    sid: nullable(t.String({ maxLength: 64 })),
    /** Thumbprint of the key that its refresh tokens are bound to (RFC 9449). */
    dpopJkt: nullable(t.String({ maxLength: 64 })),
    createdAt: t.Integer(),
    /** After the last token made of it. */
    expiresAt: t.Integer(),
  }),
  key: ['id'],
  indexes: [['userId', 'clientId'], ['clientId'], ['sid'], ['expiresAt']],
  expiresAt: 'expiresAt',
})
export type Grant = RowOf<typeof grants>

/** An authorization code. Kept for a while after its use, so that a second use is seen (RFC 9700 section 4.5). */
export const codes = defineCollection({
  name: 'authorization_code',
  fields: t.Object({
    /** SHA-256 of the code, base64url. */
    digest: t.String({ maxLength: 64 }),
    clientId: t.String({ maxLength: 190 }),
    authorization: Authorization,
    /** As the request had it; `null` if it left it to the only registered one. */
    redirectUri: Text,
    nonce: Text,
    codeChallenge: Text,
    /** RFC 9449 section 10. */
    dpopJkt: Text,
    /** Id of the grant that its redemption makes: fixed beforehand, so that a second use ends the first one's tokens. */
    grantId: t.String({ maxLength: 64 }),
    usedAt: nullable(t.Integer()),
    createdAt: t.Integer(),
    /** When it can no longer be redeemed. */
    validUntil: t.Integer(),
    expiresAt: t.Integer(),
  }),
  key: ['digest'],
  indexes: [['expiresAt']],
  expiresAt: 'expiresAt',
})
export type Code = RowOf<typeof codes>

/** A refresh token; those of one grant are a family. */
export const refreshTokens = defineCollection({
  name: 'refresh_token',
  fields: t.Object({
    digest: t.String({ maxLength: 64 }),
    grantId: t.String({ maxLength: 64 }),
    clientId: t.String({ maxLength: 190 }),
    createdAt: t.Integer(),
    /** Digest of the token that took its place. Presented again, it ends the family. */
    replacedBy: nullable(t.String({ maxLength: 64 })),
    replacedAt: nullable(t.Integer()),
    /** The answer to its rotation under the master key, within the client's replay window. */
    sealedReplay: nullable(t.String()),
    expiresAt: t.Integer(),
  }),
  key: ['digest'],
  indexes: [['grantId'], ['expiresAt']],
  expiresAt: 'expiresAt',
})
export type RefreshToken = RowOf<typeof refreshTokens>

/** An access token that says nothing by itself. */
export const opaqueTokens = defineCollection({
  name: 'opaque_token',
  fields: t.Object({
    digest: t.String({ maxLength: 64 }),
    /** `null` where nothing but its end can revoke it. */
    grantId: nullable(t.String({ maxLength: 64 })),
    /** What a JWT would have said. */
    claims: t.Record(t.String(), t.Unknown()),
    expiresAt: t.Integer(),
  }),
  key: ['digest'],
  indexes: [['grantId'], ['expiresAt']],
  expiresAt: 'expiresAt',
})
export type OpaqueToken = RowOf<typeof opaqueTokens>

/** Access tokens revoked one by one (RFC 7009), until they would have ended anyway. */
export const revokedTokens = defineCollection({
  name: 'revoked_token',
  fields: t.Object({ jti: t.String({ maxLength: 64 }), expiresAt: t.Integer() }),
  key: ['jti'],
  indexes: [['expiresAt']],
  expiresAt: 'expiresAt',
})

/** What may be shown once only: assertions (RFC 7523), DPoP proofs. The digest covers kind, issuer and `jti`. */
export const shownOnce = defineCollection({
  name: 'shown_once',
  fields: t.Object({ digest: t.String({ maxLength: 64 }), expiresAt: t.Integer() }),
  key: ['digest'],
  indexes: [['expiresAt']],
  expiresAt: 'expiresAt',
})
