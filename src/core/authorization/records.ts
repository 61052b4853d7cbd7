import { type Static, Type as t } from '@sinclair/typebox'
import { defineCollection, nullable, type RowOf } from '#plugin'

const Text = t.Union([t.String(), t.Null()])
const Mode = t.Union([t.Literal('query'), t.Literal('fragment'), t.Literal('form_post')])
export type ResponseMode = Static<typeof Mode>

/** What a client asks the person for, after every check. */
export const AuthorizationRequest = t.Object({
  clientId: t.String(),
  redirectUri: t.String(),
  /** False where the request left it to the only registered one. */
  redirectUriGiven: t.Boolean(),
  state: Text,
  responseMode: Mode,
  scopes: t.Array(t.String()),
  resources: t.Array(t.String()),
  broker: Text,
  vhost: Text,
  authorizationDetails: t.Array(t.Record(t.String(), t.Unknown())),
  claims: t.Union([t.Record(t.String(), t.Unknown()), t.Null()]),
  nonce: Text,
  codeChallenge: Text,
  dpopJkt: Text,
  prompt: t.Array(t.String()),
  /** Seconds. */
  maxAge: t.Union([t.Integer(), t.Null()]),
  /** Those that we know of `acr_values` or of the `acr` claim. */
  acrValues: t.Array(t.String()),
  loginHint: Text,
  /** The only user it can be about, by `id_token_hint` or the `sub` claim. */
  subject: Text,
  uiLocales: Text,
  /** Digest of the pushed request that it was. */
  pushed: Text,
})
export type AuthorizationRequest = Static<typeof AuthorizationRequest>

/** Parameters pushed ahead (RFC 9126). It can be opened until the login that came of it is over. */
export const pushedRequests = defineCollection({
  name: 'pushed_request',
  fields: t.Object({
    /** SHA-256 of the `request_uri`, base64url. */
    digest: t.String({ maxLength: 64 }),
    clientId: t.String({ maxLength: 190 }),
    /** As pushed, without what authenticated the client; a signed request object is unpacked. */
    parameters: t.Array(t.Array(t.String(), { minItems: 2, maxItems: 2 })),
    /** Whether they came in a signed request object. */
    signed: t.Boolean(),
    createdAt: t.Integer(),
    /** When it can no longer be opened; it is kept until a login that came of it is over. */
    validUntil: t.Integer(),
    expiresAt: t.Integer(),
  }),
  key: ['digest'],
  indexes: [['expiresAt']],
  expiresAt: 'expiresAt',
})
export type PushedRequest = RowOf<typeof pushedRequests>

/** A login on its way, in one browser: for the request of a client, or to go on at a page of ours. */
export const interactions = defineCollection({
  name: 'interaction',
  fields: t.Object({
    /** SHA-256 of its id, base64url. */
    digest: t.String({ maxLength: 64 }),
    /** Digest of the binding cookie; `null` until the first page of it is opened. */
    bindingDigest: nullable(t.String({ maxLength: 64 })),
    request: nullable(AuthorizationRequest),
    /** Path below the public URL to go on at, without a request. */
    next: nullable(t.String()),
    /** The client that such a login is for: its demands count. */
    forClient: nullable(t.String({ maxLength: 190 })),
    /** The first factor was right, the second is still to come. */
    proven: nullable(
      t.Object({
        userId: t.String(),
        amr: t.Array(t.String()),
        authTime: t.Integer(),
        /** As it was: a change of the password ends this. */
        passwordChangedAt: t.Union([t.Integer(), t.Null()]),
        /** What the session will keep of a login at an upstream. */
        upstream: t.Union([t.Object({ source: t.String(), sealed: t.String() }), t.Null()]),
      }),
    ),
    /** The session that a login within this interaction began. */
    loginSid: nullable(t.String({ maxLength: 64 })),
    /** The session whose person allowed the request. */
    consentSid: nullable(t.String({ maxLength: 64 })),
    /** The person wants to be somebody else than who is logged in. */
    switching: t.Boolean(),
    /** An authenticator whose enrolment is part of this login. */
    enrolling: nullable(t.String({ maxLength: 64 })),
    /** A login elsewhere: what its source has to remember, under the master key. */
    upstream: nullable(t.Object({ source: t.String(), stateDigest: t.String(), sealed: t.String() })),
    createdAt: t.Integer(),
    expiresAt: t.Integer(),
  }),
  key: ['digest'],
  indexes: [['expiresAt']],
  expiresAt: 'expiresAt',
})
export type Interaction = RowOf<typeof interactions>
/** How long a login may take. */
export const INTERACTION_LIFE = 30 * 60_000

/** What a person has allowed a client, so that it is not asked again. */
export const consents = defineCollection({
  name: 'consent',
  fields: t.Object({
    userId: t.String({ maxLength: 64 }),
    clientId: t.String({ maxLength: 190 }),
    scopes: t.Array(t.String()),
    /** Resources, vhosts and details, each as one text. */
    targets: t.Array(t.String()),
    grantedAt: t.Integer(),
  }),
  key: ['userId', 'clientId'],
  indexes: [['clientId']],
})
export type Consent = RowOf<typeof consents>

/** Which clients a browser session logged in to: who hears of its end. */
export const sessionClients = defineCollection({
  name: 'session_client',
  fields: t.Object({
    sid: t.String({ maxLength: 64 }),
    clientId: t.String({ maxLength: 190 }),
    userId: t.String({ maxLength: 64 }),
    createdAt: t.Integer(),
    expiresAt: t.Integer(),
  }),
  key: ['sid', 'clientId'],
  indexes: [['userId'], ['clientId'], ['expiresAt']],
  expiresAt: 'expiresAt',
})
export type SessionClient = RowOf<typeof sessionClients>
