/** Clients that stand in the configuration. What the members mean together is checked by the domain. */
import { Type as t } from '@sinclair/typebox'
import { duration, secret, word } from './shapes.ts'

const texts = (description: string) =>
  t.Optional(t.Array(t.String({ minLength: 1 }), { description, expect: 'a list of texts' }))
const text = (description: string) => t.Optional(t.String({ minLength: 1, description }))
const flag = (description: string) => t.Optional(t.Boolean({ description }))

export const ConfiguredClient = t.Object(
  {
    id: t.String({ minLength: 1, description: '`client_id`.' }),
    name: t.String({ minLength: 1, description: 'What people are shown.' }),
    secret: t.Optional(secret({ description: '`client_secret`, of at least 16 characters.' })),
    confidential: flag('Whether it can keep a secret; an app on a device or in a page cannot. Default: true.'),
    profile: t.Optional(word(['fapi2'], { description: 'Sets what FAPI 2.0 demands, whatever the keys below say.' })),
    authMethod: t.Optional(
      word(
        [
          'none',
          'client_secret_basic',
          'client_secret_post',
          'client_secret_jwt',
          'private_key_jwt',
          'tls_client_auth',
        ],
        { description: 'How it proves who it is. Default: `client_secret_basic`, of a public client `none`.' },
      ),
    ),
    jwksUri: text('Where its public keys are.'),
    tlsSubject: text('Subject of its certificate, as the proxy passes it.'),
    redirectUris: texts('Where people are sent back to, each in full.'),
    postLogoutRedirectUris: texts('Where people may be sent after logout.'),
    grants: texts('Grant types. Default: `authorization_code` and `refresh_token`.'),
    scopes: texts('What it may ask for. Default: `openid` and the scopes of standard claims.'),
    audiences: texts('Resources that its tokens may be for: URIs, or names of brokers.'),
    groups: texts('Its groups as a subject of rules and permissions.'),
    roles: texts('Its roles.'),
    disabled: flag('Keep it, and let it do nothing. Default: false.'),
    requirePkce: flag('Demand PKCE; of public clients always. Default: true.'),
    requirePushedRequests: flag('Take authorization requests by PAR only. Default: false.'),
    requireSignedRequests: flag('Take signed request objects only. Default: false.'),
    requireDpop: flag('Give tokens only with a DPoP proof. Default: false.'),
    accessTokenFormat: t.Optional(word(['jwt', 'opaque'], { description: 'Default: `jwt`.' })),
    accessTokenTtl: t.Optional(duration({ description: 'Default: `oauth.accessTokenTtl`.' })),
    idTokenTtl: t.Optional(duration({ description: 'Default: `oauth.idTokenTtl`.' })),
    idTokenAlg: t.Optional(word(['ES256', 'RS256', 'EdDSA'], { description: 'Default: `RS256`.' })),
    userinfoAlg: t.Optional(word(['ES256', 'RS256', 'EdDSA'], { description: 'Sign userinfo. Default: plain JSON.' })),
    refreshPolicy: t.Optional(
      word(['rotate', 'reuse'], { description: 'Whether each use gives a new refresh token. Default: `rotate`.' }),
    ),
    refreshReplayWindow: t.Optional(
      duration({ description: 'A rotated token may come again for this long, at most 10s. Default: never.' }),
    ),
    refreshIdleTtl: t.Optional(duration({ description: 'Default: `oauth.refreshIdleTtl`.' })),
    refreshAbsoluteTtl: t.Optional(duration({ description: 'Default: `oauth.refreshAbsoluteTtl`.' })),
    consent: t.Optional(
      word(['remember', 'always', 'skip'], {
        description: 'Ask people once, each time, or, for applications of your own, never. Default: `remember`.',
      }),
    ),
    secondFactor: flag('People need a second factor to log in for it. Default: false.'),
    backchannelLogoutUri: text('Told when somebody logs out.'),
    logoUri: text('Shown to people.'),
    clientUri: text('Its home page.'),
    policyUri: text('Its privacy policy.'),
    tosUri: text('Its terms of service.'),
    contacts: texts('Who is responsible.'),
  },
  {
    additionalProperties: false,
    description:
      'Applications and services that get tokens. A client that is no longer named here is deleted; those made by hand or by registration are left alone.',
    expect: 'a table',
  },
)
