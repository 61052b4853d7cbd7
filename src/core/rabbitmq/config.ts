/**
 * The configuration of a broker that takes our tokens. An unknown key keeps a broker from booting, so every key is
 * written only for versions known to have it.
 */
import { Problem } from '../problem.ts'
import type { Broker } from './records.ts'
import { atLeast, BROKER_VERSIONS, minorOf } from './versions.ts'

export interface BrokerConfigInput {
  readonly broker: Pick<Broker, 'name' | 'resourceServerId' | 'version'> & Partial<Pick<Broker, 'managementUrl'>>
  /** The public URL. */
  readonly issuer: string
  readonly jwksUrl: string
  /** For the management UI. */
  readonly discoveryUrl: string
  /** The certificate authority of our https address, as a path on the broker's machine. */
  readonly caFile?: string
  /** Instead of the broker's own. */
  readonly version?: string
  /** Signing algorithms the broker is to take; default all that the key ring can use. */
  readonly algorithms?: readonly string[]
  /** Beside the tokens, or instead of them: user names and passwords through the HTTP backend. */
  readonly httpAuth?: { readonly url: string; readonly secret?: string; readonly only?: boolean }
  /** Login to the management UI; the HTTP API takes tokens without it. */
  readonly ui?: ManagementUi
  /** Keeps users that the broker itself knows. */
  readonly internalUsers?: boolean
}

/** `portal`: a page of ours posts the token to the UI. `code`: the UI runs the authorization code flow as this client. */
export type ManagementUi =
  | { readonly kind: 'portal'; readonly url: string }
  | { readonly kind: 'code'; readonly clientId: string }

export interface BrokerConfig {
  readonly 'rabbitmq.conf': string
  /** Erlang terms for what `rabbitmq.conf` of that version cannot say. */
  readonly 'advanced.config'?: string
  /** Content of the file `enabled_plugins`. */
  readonly enabledPlugins: string
  /** What an operator should know, each a sentence. */
  readonly notes: readonly string[]
}

type Setting = readonly [key: string, value: string]
const DEFAULT_ALGORITHMS = ['ES256', 'RS256', 'EdDSA']

export function brokerConfig(input: BrokerConfigInput): BrokerConfig {
  const version = input.version ?? input.broker.version
  if (minorOf(version) === undefined) {
    const message = `Cannot write a configuration for RabbitMQ ${version}: known are ${BROKER_VERSIONS.join(', ')}`
    throw new Problem('invalid_request', message, { faults: [{ path: 'version', message }] })
  }
  checkUrls(input)
  const tokens = input.httpAuth?.only !== true
  const advanced = advancedConfig(input, version)
  return {
    'rabbitmq.conf': text([
      [`RabbitMQ ${minorOf(version)}, broker "${input.broker.name}"`, backends(input, version)],
      ...(tokens ? [section(`Tokens of ${input.issuer}`, tokenSettings(input, version))] : []),
      ...(input.httpAuth ? [section('User names and passwords', httpSettings(input, version))] : []),
      ...(input.ui ? [section('Management UI', uiSettings(input, input.ui, version))] : []),
    ]),
    ...(advanced !== undefined && { 'advanced.config': advanced }),
    enabledPlugins: `[${plugins(input).join(',')}].\n`,
    notes: notesFor(input, version),
  }
}

function section(title: string, settings: readonly Setting[]): readonly [string, readonly Setting[]] {
  return [title, settings]
}

function text(sections: readonly (readonly [string, readonly Setting[]])[]): string {
  return sections
    .filter(([, settings]) => settings.length > 0)
    .map(([title, settings]) => `# ${title}\n${settings.map(([key, value]) => `${key} = ${value}\n`).join('')}`)
    .join('\n')
}

/** In their order: the first one that accepts decides. */
function backends({ httpAuth, internalUsers }: BrokerConfigInput, version: string): readonly Setting[] {
  const [oauth2, http, internal] = atLeast(version, '4.0')
    ? ['oauth2', 'http', 'internal']
    : ['rabbit_auth_backend_oauth2', 'rabbit_auth_backend_http', 'rabbit_auth_backend_internal']
  const used = [...(httpAuth?.only ? [] : [oauth2]), ...(httpAuth ? [http] : []), ...(internalUsers ? [internal] : [])]
  return used.map((backend, index) => [`auth_backends.${index + 1}`, backend ?? ''])
}

function tokenSettings(
  { broker, issuer, jwksUrl, caFile, algorithms, ui }: BrokerConfigInput,
  version: string,
): readonly Setting[] {
  return [
    ['auth_oauth2.resource_server_id', broker.resourceServerId],
    [atLeast(version, '4.1') ? 'auth_oauth2.jwks_uri' : 'auth_oauth2.jwks_url', jwksUrl],
    ...(ui?.kind === 'code' && atLeast(version, '4.0') ? [['auth_oauth2.issuer', issuer] as const] : []),
    ['auth_oauth2.https.peer_verification', 'verify_peer'],
    ...(caFile === undefined ? [] : [['auth_oauth2.https.cacertfile', caFile] as const]),
    ['auth_oauth2.https.hostname_verification', 'wildcard'],
    ...(algorithms ?? DEFAULT_ALGORITHMS).map((name, index) => [`auth_oauth2.algorithms.${index + 1}`, name] as const),
  ]
}

/** The broker has no header of its own to say who it is: name and secret stand in the paths. */
function httpSettings({ broker, httpAuth, caFile }: BrokerConfigInput, version: string): readonly Setting[] {
  if (!httpAuth) return []
  const secret = httpAuth.secret === undefined ? '' : `&secret=${encodeURIComponent(httpAuth.secret)}`
  const query = `?broker=${encodeURIComponent(broker.name)}${secret}`
  const paths = ['user', 'vhost', 'resource', 'topic'].map(
    (path) => [`auth_http.${path}_path`, `${httpAuth.url}/${path}${query}`] as const,
  )
  const tls = httpAuth.url.startsWith('https:') && atLeast(version, '4.0')
  return [
    ['auth_http.http_method', 'post'],
    ...paths,
    ...(tls ? [['auth_http.ssl_options.verify', 'verify_peer'] as const] : []),
    ...(tls ? [['auth_http.ssl_options.hostname_verification', 'wildcard'] as const] : []),
    ...(tls && caFile !== undefined ? [['auth_http.ssl_options.cacertfile', caFile] as const] : []),
    ...(atLeast(version, '4.3') ? [['auth_http.authorization_failure_disclosure', 'true'] as const] : []),
  ]
}

/** 3.10 knows UAA alone; the keys of 3.11 to 3.13 differ between patches and are left out. */
function uiSettings(
  { broker, discoveryUrl }: BrokerConfigInput,
  ui: ManagementUi,
  version: string,
): readonly Setting[] {
  if (!atLeast(version, '4.0')) return []
  if (ui.kind === 'portal') {
    return [
      ['management.oauth_enabled', 'true'],
      ['management.oauth_initiated_logon_type', 'idp_initiated'],
      ['management.oauth_provider_url', ui.url],
    ]
  }
  return [
    ['management.oauth_enabled', 'true'],
    ['management.oauth_client_id', ui.clientId],
    ['management.oauth_metadata_url', discoveryUrl],
    ['management.oauth_scopes', 'openid profile'],
    // Without it the token would be for us and not for the broker; 4.0 says it by itself.
    ...(atLeast(version, '4.1')
      ? [['management.oauth_authorization_endpoint_params.resource', broker.resourceServerId] as const]
      : []),
  ]
}

/** Before 4.0 `rabbitmq.conf` has no TLS options for the HTTP backend. */
function advancedConfig({ httpAuth, caFile }: BrokerConfigInput, version: string): string | undefined {
  if (!httpAuth?.url.startsWith('https:') || atLeast(version, '4.0') || caFile === undefined) return undefined
  return [
    '[{rabbitmq_auth_backend_http,',
    `  [{ssl_options,[{verify,verify_peer},{depth,3},{cacertfile,${erlangString(caFile)}}]}]}].`,
    '',
  ].join('\n')
}

function erlangString(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

function plugins({ httpAuth }: BrokerConfigInput): readonly string[] {
  return [
    ...(httpAuth?.only ? [] : ['rabbitmq_auth_backend_oauth2']),
    ...(httpAuth ? ['rabbitmq_auth_backend_http'] : []),
    'rabbitmq_management',
  ]
}

function checkUrls({ jwksUrl, httpAuth, caFile }: BrokerConfigInput): void {
  if (!jwksUrl.startsWith('https://') && httpAuth?.only !== true) {
    const detail = `Brokers refuse to boot with a key set that is not https (${jwksUrl}): set publicUrl to an https address`
    throw new Problem('conflict', detail)
  }
  if (caFile !== undefined && (!caFile.startsWith('/') || /[\p{Cc}#]/u.test(caFile))) {
    const message = 'Use the absolute path that the file has on the machine of the broker'
    throw new Problem('invalid_request', message, { faults: [{ path: 'caFile', message }] })
  }
}

function notesFor(
  { broker, caFile, jwksUrl, httpAuth, ui, internalUsers }: BrokerConfigInput,
  version: string,
): readonly string[] {
  const backends = [httpAuth?.only !== true, httpAuth !== undefined, internalUsers === true].filter(Boolean).length
  const host = URL.canParse(jwksUrl) ? new URL(jwksUrl).hostname : ''
  const notes: readonly (readonly [boolean, string])[] = [
    [
      caFile === undefined && !atLeast(version, '4.0'),
      `RabbitMQ ${version} knows no certificate authorities by itself: add auth_oauth2.https.cacertfile, also for a public one`,
    ],
    [
      /^[\d.]+$|^\[/.test(host),
      `Give the key set a DNS name: brokers check the name in the certificate, and for ${host} that fails`,
    ],
    [
      httpAuth?.only !== true && (version === '4.2' || !atLeast(version, '4.2.6')),
      'An open AMQP connection outlives its token; once it has expired, permissions not yet used fail at once and others within a minute',
    ],
    [
      httpAuth?.only !== true && atLeast(version, '4.2.6'),
      'From 4.2.6 on the broker closes a connection when its token expires: clients refresh it before (update-secret) or reconnect',
    ],
    [
      backends > 1,
      'With several backends the broker logs only "invalid credentials"; the reason needs log level debug',
    ],
    [
      httpAuth !== undefined && httpAuth.secret !== undefined,
      'The paths of the HTTP backend carry its secret: let nobody but the broker read this file',
    ],
    [
      ui !== undefined && !atLeast(version, '4.0'),
      `The management UI of RabbitMQ ${version} is not configured here; its HTTP API takes tokens as they are`,
    ],
    [
      ui?.kind === 'code' && typeof broker.managementUrl === 'string',
      'As a client of ours the management UI keeps no token that /account/brokers posts: leave out --ui-client for that',
    ],
    [
      broker.version !== version,
      `The broker is registered with version ${broker.version}: change it when this configuration is used`,
    ],
  ]
  return notes.filter(([applies]) => applies).map(([, note]) => note)
}
