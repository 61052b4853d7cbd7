/**
 * The configuration: one schema for types, defaults, checks and the manual page. Everything else in this folder reads it;
 * nothing here knows the domain. Plugins' own keys are checked by the plugins' own schemas.
 */
import { type StaticDecode, Type as t } from '@sinclair/typebox'
import { Listen } from './listen-section.ts'
import { LoginSource } from './login-source.ts'
import { ConfiguredClient } from './clients-section.ts'
import { OAuth, Resource, TrustedIssuer } from './oauth-sections.ts'
import { Factors, Mail, Web } from './people-sections.ts'
import { duration, networks, path, regex, secret, section, size, word } from './shapes.ts'

const Tls = section('TLS for the listener. Brokers fetch key sets over https only.', {
  cert: t.Optional(path({ description: 'Certificate chain, PEM. Swapped without dropping connections on reload.' })),
  key: t.Optional(path({ description: 'Private key of the certificate, PEM.' })),
})

const Metrics = section('Prometheus metrics.', {
  enabled: t.Boolean({ default: true, description: 'Serve `/metrics` at all.' }),
  host: t.String({ default: '127.0.0.1', minLength: 1, description: 'Address of the listener of their own.' }),
  port: t.Optional(
    t.Integer({ minimum: 0, maximum: 65535, description: 'Serve `/metrics` here instead of on the main listener.' }),
  ),
})

const Log = section('What is logged, to standard error.', {
  format: word(['auto', 'pretty', 'json'], {
    default: 'auto',
    description: '`auto` is `pretty` on a terminal, else `json`, one event a line.',
  }),
  level: word(['debug', 'info', 'warn', 'error'], {
    default: 'info',
    description: 'The least important level that is written.',
  }),
})

const Limits = section('Bounds on what a client may cost.', {
  body: size({ default: '64KiB', description: 'Largest request body; beyond it 413.' }),
  idle: duration({ default: '30s', description: 'A connection that sends nothing for this long is closed.' }),
  shutdown: duration({
    default: '10s',
    description: 'How long requests under way may take to finish when the server stops.',
  }),
})

const Storage = t.Object(
  {
    type: t.String({
      default: 'sqlite',
      description: 'Storage plugin: `sqlite`, `postgres`, or the type of a plugin of yours.',
    }),
  },
  {
    default: {},
    additionalProperties: true,
    description: 'Where records are kept. Keys beyond `type` are those of the storage plugin.',
    expect: 'a table',
  },
)

const ExternalPlugin = t.Object(
  {
    path: path({ description: 'A `.ts` or `.js` file, a folder, or a packed plugin.' }),
    sha256: t.String({
      pattern: '^[0-9a-f]{64}$',
      expect: '64 hexadecimal digits, as `leveret plugin pin` prints them',
      description: 'Digest of the plugin, printed by `leveret plugin pin`.',
    }),
    optional: t.Boolean({ default: false, description: 'Start the server even if this plugin cannot be used.' }),
    runtime: t.Optional(
      word(['in-process', 'process'], {
        description: 'Inside the server or as a process of its own; what its manifest says unless told.',
      }),
    ),
    sandbox: word(['auto', 'require', 'off'], {
      default: 'auto',
      description:
        'Whether a process is kept to the permissions of its manifest: where the kernel can, or no start without, or never.',
    }),
  },
  { additionalProperties: false, description: 'Plugins that are not built in.', expect: 'a table' },
)

const Session = section('The session workflow: identity tokens and the access tokens made from them.', {
  identityTokenTtl: duration({ default: '24h', description: 'Life of an identity token.' }),
  accessTokenTtl: duration({
    default: '5m',
    description: 'Life of an access token, for brokers that set none of their own.',
  }),
  bindIp: word(['off', 'exact', 'subnet'], {
    default: 'exact',
    description:
      'Whether an identity token works only from the address it was given to, or from its /24 (IPv4) or /64 (IPv6).',
  }),
  maxIdentityTokens: t.Integer({
    default: 1,
    minimum: 1,
    description: 'Live identity tokens per user; a further login ends the oldest.',
  }),
  defaultVhost: t.String({ default: 'prod', minLength: 1, description: 'Vhost of a login that names none.' }),
  defaultBroker: t.Optional(
    t.String({ minLength: 1, description: 'Broker of a login that names none; without it the only one there is.' }),
  ),
})

const Browser = section('Logins with a browser.', {
  idleTtl: duration({ default: '12h', description: 'A login that is not used for this long ends.' }),
  absoluteTtl: duration({ default: '30d', description: 'A login ends after this long in any case.' }),
})

const Outbound = section('Requests of this server to addresses that clients name: key sets, logout.', {
  allow: networks({ description: 'Private networks that they may reach; public ones always.' }),
  timeout: duration({ default: '5s', description: 'How long to wait for an answer.' }),
  caFile: t.Optional(path({ description: 'Certificates of private authorities, PEM, beyond the public ones.' })),
})

const Passwords = section('Passwords that are set here.', {
  minLength: t.Integer({ default: 12, minimum: 8, maximum: 128, description: 'Fewest characters.' }),
  maxLength: t.Integer({ default: 256, minimum: 64, maximum: 4096, description: 'Most characters.' }),
})

const Patterns = section(
  'What new names must look like. They govern what is created here, not what a directory calls its people.',
  {
    username: regex({ default: '[a-zA-Z0-9][a-zA-Z0-9._@-]{0,63}', description: 'User names.' }),
    email: regex({ default: '[^\\s@]{1,64}@[^\\s@]{1,120}', description: 'E-mail addresses.' }),
    group: regex({ default: '[a-zA-Z0-9_-]{1,50}', description: 'Group names.' }),
    password: regex({ default: '.*', description: 'Passwords, beyond their length.' }),
  },
)

const Groups = section('Groups with a meaning.', {
  admin: t.String({ default: 'admin', minLength: 1, description: 'Its members may use the administration API.' }),
})

const Throttle = section('Delay after failed logins, counted per user and network, for unknown users alike.', {
  freeAttempts: t.Integer({ default: 5, minimum: 0, maximum: 1000, description: 'Failures that cost no delay.' }),
  firstDelay: duration({ default: '1s', description: 'Delay after that; doubles with each further failure.' }),
  maxDelay: duration({ default: '5m', description: 'Longest delay.' }),
  forgetAfter: duration({ default: '24h', description: 'After this long without a failure all is forgotten.' }),
  networkAttempts: t.Integer({
    default: 200,
    minimum: 1,
    maximum: 1_000_000,
    description:
      'Failures that one network (/24 of IPv4, /64 of IPv6) may cause over all names within ten minutes. More for many ' +
      'people behind one address.',
  }),
})

const Keys = section('Signing keys.', {
  rotateEvery: duration({ default: '30d', description: 'Age at which a key is replaced.' }),
  publishAhead: duration({ default: '24h', description: 'How long a new key is in the key set before it signs.' }),
  keepFor: duration({
    default: '7d',
    description: 'How long a replaced key still verifies; longer than the longest token lives.',
  }),
})

const Audit = section('The record of who did what.', {
  keepFor: duration({ default: '90d', description: 'Age at which events are deleted.' }),
  tokens: word(['store', 'log'], {
    default: 'store',
    description: 'Whether issued access tokens become stored events or log lines only.',
  }),
})

const RabbitMq = section('RabbitMQ.', {
  httpAuth: section(
    'The HTTP auth backend for brokers with password logins; off without a secret or an allowed network.',
    {
      secret: t.Optional(secret({ description: 'Shared secret that the broker sends in the path or as a parameter.' })),
      allow: networks({ description: 'Addresses that brokers ask from.' }),
    },
  ),
})

export const ConfigSchema = t.Object(
  {
    publicUrl: t.String({
      format: 'leveret:public-url',
      expect:
        'an absolute http or https URL without query, fragment or slash at the end, such as "https://login.corp.internal"',
      description:
        'How clients and brokers reach the server; may have a path. The `iss` of every token and the base of every URL.',
    }),
    dataDir: path({
      default: 'leveret-data',
      description: 'Folder for what the server keeps: database, control socket.',
    }),
    masterKey: secret({
      description: 'Encrypts signing keys at rest: 32 random bytes in base64. Losing it means new signing keys.',
    }),
    trustedProxies: networks({ description: 'Proxies whose `X-Forwarded-For` tells the address of the client.' }),
    listen: Listen,
    tls: Tls,
    metrics: Metrics,
    log: Log,
    limits: Limits,
    storage: Storage,
    login: t.Array(LoginSource, {
      minItems: 1,
      default: [{ type: 'local', id: 'local' }],
      expect: 'a list of login sources, [[login]]',
    }),
    plugins: t.Array(ExternalPlugin, { default: [], expect: 'a list of plugins, [[plugins]]' }),
    session: Session,
    oauth: OAuth,
    trustedIssuers: t.Array(TrustedIssuer, { default: [], expect: 'a list of issuers, [[trustedIssuers]]' }),
    resources: t.Array(Resource, { default: [], expect: 'a list of resources, [[resources]]' }),
    clients: t.Array(ConfiguredClient, { default: [], expect: 'a list of clients, [[clients]]' }),
    browser: Browser,
    factors: Factors,
    mail: Mail,
    web: Web,
    outbound: Outbound,
    passwords: Passwords,
    patterns: Patterns,
    groups: Groups,
    throttle: Throttle,
    keys: Keys,
    audit: Audit,
    rabbitmq: RabbitMq,
  },
  { additionalProperties: false },
)

/** A checked configuration: durations in milliseconds, sizes in bytes, paths absolute, secrets still references. */
export type Config = StaticDecode<typeof ConfigSchema>
