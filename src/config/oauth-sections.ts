/** What concerns OAuth 2 and OpenID Connect: lives of tokens, registration, issuers and resources beside this server. */
import { Type as t } from '@sinclair/typebox'
import { duration, section, word } from './shapes.ts'

export const OAuth = section('OAuth 2 and OpenID Connect. What a client sets for itself counts instead.', {
  accessTokenTtl: duration({ default: '5m', description: 'Life of an access token that is not for a broker.' }),
  idTokenTtl: duration({ default: '1h', description: 'Life of an ID token.' }),
  codeTtl: duration({ default: '60s', description: 'How long an authorization code can be redeemed.' }),
  pushedRequestTtl: duration({ default: '90s', description: 'How long a pushed authorization request can be used.' }),
  deviceCodeTtl: duration({ default: '10m', description: 'How long a device waits for its person.' }),
  refreshIdleTtl: duration({ default: '30d', description: 'A refresh token that is not used for this long ends.' }),
  refreshAbsoluteTtl: duration({
    default: '180d',
    description: 'A login ends after this long, however often its tokens were refreshed.',
  }),
  firstPartyPassword: t.Boolean({
    default: false,
    description: 'Take the password grant without a client, as older systems do it.',
  }),
  registration: word(['off', 'token', 'open'], {
    default: 'off',
    description: 'Dynamic client registration: not at all, with an initial access token, or by anybody.',
  }),
  unusedClientTtl: duration({
    default: '30d',
    description:
      'A client that anybody registered, without a token, and that never authenticated is removed after this long.',
  }),
  clientCertificateHeader: t.Optional(
    t.String({
      pattern: '^[A-Za-z0-9-]+$',
      expect: 'the name of a header such as "X-Client-Subject"',
      description:
        'Header in which the proxies of `trustedProxies` pass the subject of a client certificate that they verified, for ' +
        '`tls_client_auth`. They must remove it from what clients send.',
    }),
  ),
  dpopNonce: t.Boolean({ default: false, description: 'Demand a nonce of ours in DPoP proofs.' }),
  corsOrigins: t.Array(
    t.String({
      pattern: '^https?://[^/?#\\s]+$',
      expect: 'an origin without a path, such as "https://rabbitmq.corp.internal"',
    }),
    {
      default: [],
      description: 'Pages of these origins may call discovery, token, revocation and userinfo from a browser.',
      expect: 'a list of origins',
    },
  ),
})

export const TrustedIssuer = t.Object(
  {
    issuer: t.String({ minLength: 1, description: 'The `iss` of its assertions.' }),
    jwksUri: t.String({ minLength: 1, description: 'Where its keys are.' }),
  },
  {
    additionalProperties: false,
    description: 'Whose assertions the jwt-bearer grant takes (RFC 7523).',
    expect: 'a table',
  },
)

export const Resource = t.Object(
  {
    id: t.String({ minLength: 1, description: 'As clients name it: the `resource` of RFC 8707.' }),
    accessTokenFormat: t.Optional(
      word(['jwt', 'opaque'], { description: 'Format of its access tokens, whatever the client has.' }),
    ),
    accessTokenTtl: t.Optional(duration({ description: 'Life of its access tokens, whatever the client has.' })),
  },
  {
    additionalProperties: false,
    description: 'Resources whose access tokens are special. Which client may ask for one is said at the client.',
    expect: 'a table',
  },
)
