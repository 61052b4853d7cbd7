import { Type as t } from '@sinclair/typebox'
import { defineCollection, nullable, type RowOf } from '#plugin'

const secret = t.Object({
  /** SHA-256, base64url: secrets are random, so a slow hash would buy nothing. */
  digest: t.String(),
  /** The secret itself under the master key, only for `client_secret_jwt`, whose signatures need it. */
  sealed: t.Union([t.String(), t.Null()]),
  createdAt: t.Integer(),
  /** Epoch milliseconds; `null` for the current one. */
  expiresAt: t.Union([t.Integer(), t.Null()]),
})

/** An OAuth 2 client (RFC 6749 section 2). Names of members follow RFC 7591 where it has one. Times are milliseconds. */
export const clients = defineCollection({
  name: 'client',
  fields: t.Object({
    /** `client_id`. Never the id of a user (RFC 9700 section 4.15). */
    id: t.String({ maxLength: 190 }),
    name: t.String(),
    logoUri: nullable(t.String()),
    clientUri: nullable(t.String()),
    policyUri: nullable(t.String()),
    tosUri: nullable(t.String()),
    contacts: t.Array(t.String()),
    /** Who keeps it: an administrator, the configuration file, or dynamic registration. */
    managedBy: t.Union([t.Literal('admin'), t.Literal('config'), t.Literal('registration')], { maxLength: 16 }),
    /** A person may own clients. */
    ownerId: nullable(t.String({ maxLength: 64 })),
    disabled: t.Boolean(),
    confidential: t.Boolean(),
    /** `fapi2` sets what that profile demands, whatever the members below say. */
    profile: nullable(t.Literal('fapi2')),
    authMethod: t.String({ maxLength: 32 }),
    /** At most two that live at once. */
    secrets: t.Array(secret),
    /** A JWK Set, for `private_key_jwt` and signed request objects. */
    jwks: nullable(t.Object({ keys: t.Array(t.Record(t.String(), t.Unknown())) })),
    jwksUri: nullable(t.String()),
    /** RFC 8705 section 2.1: the subject of the certificate, as the trusted proxy passes it. */
    tlsSubject: nullable(t.String()),
    redirectUris: t.Array(t.String()),
    postLogoutRedirectUris: t.Array(t.String()),
    /** Allowed values of `grant_type`. */
    grants: t.Array(t.String()),
    /** What it may ask for; `vhost:*` and scopes of brokers are bounded by the rules, not by this list. */
    scopes: t.Array(t.String()),
    /** Resources its tokens may be for (RFC 8707): URIs, or names of brokers. */
    audiences: t.Array(t.String()),
    /** The client as a subject of rules and permissions. */
    groups: t.Array(t.String()),
    roles: t.Array(t.String()),
    requirePkce: t.Boolean(),
    requirePushedRequests: t.Boolean(),
    /** Only signed request objects (RFC 9101). */
    requireSignedRequests: t.Boolean(),
    /** Tokens only with a DPoP proof (RFC 9449). */
    requireDpop: t.Boolean(),
    accessTokenFormat: t.Union([t.Literal('jwt'), t.Literal('opaque')], { maxLength: 16 }),
    /** `null`: as the settings say. */
    accessTokenTtl: nullable(t.Integer()),
    idTokenTtl: nullable(t.Integer()),
    idTokenAlg: t.String({ maxLength: 16 }),
    /** `null`: userinfo as JSON. */
    userinfoAlg: nullable(t.String({ maxLength: 16 })),
    /** Algorithms allowed for assertions; empty for every asymmetric one we take. */
    assertionAlgs: t.Array(t.String()),
    requestObjectAlgs: t.Array(t.String()),
    refreshPolicy: t.Union([t.Literal('rotate'), t.Literal('reuse')], { maxLength: 16 }),
    /** How long a rotated token may be presented again and gets the same successor; 0 for never. */
    refreshReplayWindow: t.Integer(),
    refreshIdleTtl: nullable(t.Integer()),
    refreshAbsoluteTtl: nullable(t.Integer()),
    /** `remember` asks once, `always` every time, `skip` never: for our own clients. */
    consent: t.Union([t.Literal('remember'), t.Literal('always'), t.Literal('skip')], { maxLength: 16 }),
    /** People need a second factor to log in for this client. */
    secondFactor: t.Boolean(),
    defaultMaxAge: nullable(t.Integer()),
    defaultAcrValues: t.Array(t.String()),
    backchannelLogoutUri: nullable(t.String()),
    /** Digest of the registration access token (RFC 7592). */
    registrationDigest: nullable(t.String({ maxLength: 64 })),
    /** When it registered in open registration; `null` once it has authenticated, and for all others. */
    unusedSince: nullable(t.Integer()),
    createdAt: t.Integer(),
    /** Grows with every change. */
    updatedAt: t.Integer(),
  }),
  key: ['id'],
  indexes: [['ownerId'], ['managedBy'], ['unusedSince']],
})
export type Client = RowOf<typeof clients>
export type ClientSecret = Client['secrets'][number]

/** Lets somebody register clients (RFC 7591 section 3, initial access token). */
export const registrationTokens = defineCollection({
  name: 'registration_token',
  fields: t.Object({
    id: t.String({ maxLength: 64 }),
    digest: t.String({ maxLength: 64 }),
    note: t.String(),
    /** Clients that it may still register. */
    uses: t.Integer(),
    createdAt: t.Integer(),
    expiresAt: t.Integer(),
  }),
  key: ['id'],
  indexes: [['expiresAt']],
  expiresAt: 'expiresAt',
})
export type RegistrationToken = RowOf<typeof registrationTokens>
