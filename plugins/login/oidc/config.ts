/** What an operator may say about an upstream. Defaults that depend on which one it is are in `presets.ts`. */
import { type Static, type TSchema, Type as t } from '@sinclair/typebox'

const text = (description: string) => t.Optional(t.String({ minLength: 1, description }))
const words = (description: string) => t.Optional(t.Array(t.String({ minLength: 1 }), { maxItems: 100, description }))
const table = <P extends Record<string, TSchema>>(description: string, keys: P) =>
  t.Object(keys, { default: {}, additionalProperties: false, description })

const Claims = table(
  'Where in the answer of the upstream something is; a dot leads into an object. Defaults: those of the preset.',
  {
    id: text('Stable for life. Default: `sub`'),
    username: text('User name. Default: `preferred_username`'),
    email: text('Mail address. Default: `email`'),
    emailVerified: text('Whether the upstream checked that address. Default: `email_verified`'),
    displayName: text('Name of the person. Default: `name`'),
    groups: text('List of groups. Default: `groups`'),
  },
)

const Endpoints = table('For upstreams without discovery (plain OAuth 2). Defaults: those of the preset.', {
  authorization: text('Where the browser is sent'),
  token: text('Where the code is redeemed'),
  userinfo: text('Who it is, as JSON'),
  emails: text('Addresses of the person with `primary` and `verified`, as GitHub tells them'),
  teams: text('Teams of the person with `slug` and `organization.login`, as GitHub tells them'),
})

export const config = t.Object(
  {
    preset: t.Optional(
      t.Union(
        ['github', 'google', 'entra', 'gitlab', 'keycloak'].map((name) => t.Literal(name)),
        { description: 'Sets what is special about a well-known upstream' },
      ),
    ),
    issuer: text('Issuer of an OpenID Connect provider, as its tokens say it. Presets of public services know it'),
    tenant: text('Directory (tenant) id, for the preset `entra`'),
    clientId: t.String({ minLength: 1, description: 'How the upstream calls this server' }),
    clientSecret: t.Optional(
      t.String({
        minLength: 1,
        writeOnly: true,
        description: 'The secret that it gave out; without one the client is public',
      }),
    ),
    clientAuthentication: t.Union([t.Literal('basic'), t.Literal('post')], {
      default: 'basic',
      description: 'How the secret is sent to the token endpoint',
    }),
    scopes: words('Scopes to ask for. Default: `openid`, `profile`, `email`, or what the preset says'),
    claims: Claims,
    endpoints: Endpoints,
    userinfo: t.Boolean({ default: true, description: 'Ask the userinfo endpoint beyond the ID token' }),
    groupsPrefix: t.String({
      default: '',
      description: 'Only groups that begin so become ours, without the prefix',
    }),
    requiredGroups: words('Who is in none of these may not log in. As the upstream calls them'),
    allowedDomains: words('Domains of verified mail addresses that may log in, such as `example.org`'),
    prompt: text('`prompt` of every request, such as `select_account`'),
    caFile: text('Certificates of a private CA, PEM'),
    allowHttp: t.Boolean({
      default: false,
      description: 'Speak to the upstream without TLS: for tests on one machine',
    }),
    timeout: t.Integer({
      default: 8_000,
      minimum: 500,
      maximum: 60_000,
      description: 'How long one answer of the upstream may take, in milliseconds',
    }),
  },
  { additionalProperties: false },
)
export type Config = Static<typeof config>
