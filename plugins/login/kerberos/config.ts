/** What an operator may say about a realm. */
import { type Static, Type as t } from '@sinclair/typebox'

const choice = <const W extends readonly string[]>(words: W, fallback: W[number], description: string) =>
  t.Unsafe<W[number]>(
    t.Union(
      words.map((each) => t.Literal(each)),
      { default: fallback, description },
    ),
  )

const Sidecar = t.Object(
  {
    user: t.Optional(
      t.String({
        pattern: '^(?:[a-z_][a-z0-9_-]*\\$?|[0-9]+:[0-9]+)$',
        description: 'User that it runs as, a name of /etc/passwd or `uid:gid`; only root can start it as another',
      }),
    ),
    passwordProcesses: t.Integer({
      default: 2,
      minimum: 1,
      maximum: 16,
      description: 'Passwords checked at the same time; each blocks a process while it waits for the KDC',
    }),
    timeoutMs: t.Integer({
      default: 4_000,
      minimum: 100,
      maximum: 60_000,
      description: 'How long one answer may take, in milliseconds; then the process is killed and replaced',
    }),
    maxWaiting: t.Integer({
      default: 256,
      minimum: 1,
      maximum: 10_000,
      description: 'Logins that may wait for a process; beyond that they are answered with 503 at once',
    }),
  },
  { default: {}, additionalProperties: false, description: 'The process that the Kerberos libraries run in.' },
)

export const config = t.Object(
  {
    keytab: t.String({ minLength: 1, description: 'Keys of the services. Nobody else may be able to read it' }),
    services: t.Array(t.String({ pattern: '^[^/@\\\\\\s]+/[^/@\\\\\\s]+(?:@[^/@\\\\\\s]+)?$' }), {
      minItems: 1,
      description: 'Principals that tickets are for: `HTTP/login.corp.internal`, and one more for each other name',
    }),
    realms: t.Array(t.String({ pattern: '^[^/@\\\\\\s]+$' }), {
      minItems: 1,
      description: 'Realms whose people may log in; the first one is that of names without a realm',
    }),
    directory: choice(
      ['mit', 'ad'],
      'mit',
      'With `ad` people are known by the identifier of their account and called as it is called',
    ),
    username: choice(
      ['short', 'principal', 'local'],
      'short',
      'User name: without the first realm, the whole principal, or what `auth_to_local` of krb5.conf says',
    ),
    allow: t.Array(t.String({ minLength: 1 }), {
      default: ['*'],
      description: 'Principals that may log in; `*` stands for anything',
    }),
    deny: t.Array(t.String({ minLength: 1 }), { default: [], description: 'Principals that may not' }),
    instances: t.Boolean({
      default: false,
      description: 'Let principals such as `alice/admin` and accounts of machines (`HOST$`) log in',
    }),
    negotiate: t.Boolean({ default: true, description: 'Take tickets (SPNEGO)' }),
    browserNetworks: t.Array(t.String({ pattern: '^[0-9a-fA-F.:]+(?:/[0-9]{1,3})?$' }), {
      default: [],
      description: 'Networks whose browsers have tickets, and are asked for one on the login page without a click',
    }),
    password: t.Boolean({ default: true, description: 'Check passwords against the KDC' }),
    groups: t.Record(t.String({ pattern: '^S-1-[0-9-]+$' }), t.String({ minLength: 1, maxLength: 190 }), {
      default: {},
      description: 'With `ad`: names here of groups there, by security identifier',
    }),
    requiredGroup: t.Optional(
      t.String({ minLength: 1, description: 'One of those names: only its members may log in at all' }),
    ),
    krb5Conf: t.Optional(t.String({ minLength: 1, description: 'Instead of /etc/krb5.conf' })),
    replayCache: t.Optional(
      t.String({ minLength: 1, description: 'File of the tickets that were used. Default: that of the library' }),
    ),
    sidecar: Sidecar,
  },
  { additionalProperties: false },
)
export type Config = Static<typeof config>
