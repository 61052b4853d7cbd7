/** Options of `leveret client`: what may be said of a client, and the usual cases in one word. */
import { isAbsolute, resolve } from 'node:path'
import { CommandError, type Io, type OptionValues, UsageError } from './command.ts'
import { secondsOf } from './duration-option.ts'

const list = { type: 'string', multiple: true } as const
const grantTypes = {
  code: 'authorization_code',
  refresh: 'refresh_token',
  credentials: 'client_credentials',
  device: 'urn:ietf:params:oauth:grant-type:device_code',
  exchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  'jwt-bearer': 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  password: 'password',
} as const

export const CLIENT_OPTIONS = {
  name: { type: 'string', value: 'NAME', help: 'What people are shown (default: the id)' },
  'redirect-uri': { ...list, value: 'URI', help: 'Where people are sent back to, in full' },
  'post-logout-uri': { ...list, value: 'URI', help: 'Where people may be sent after logout' },
  grant: { ...list, choices: Object.keys(grantTypes), help: 'Ways to get tokens' },
  scope: { ...list, value: 'SCOPE', help: 'What it may ask for' },
  audience: { ...list, value: 'RESOURCE', help: 'URIs or brokers that its tokens may be for' },
  group: { ...list, value: 'GROUP', help: 'The client is in this group, for rules and permissions' },
  owner: { type: 'string', value: 'USER', help: 'Who owns it, sees it and may exchange its secret; none to take back' },
  auth: {
    type: 'string',
    choices: ['client_secret_basic', 'client_secret_post', 'client_secret_jwt', 'private_key_jwt', 'tls_client_auth'],
    help: 'How it proves who it is',
  },
  jwks: { type: 'string', value: 'FILE', help: 'Its public keys, a JWK Set, for private_key_jwt' },
  'jwks-uri': { type: 'string', value: 'URL', help: 'Where its public keys are' },
  'tls-subject': { type: 'string', value: 'DN', help: 'Subject of its certificate, as the proxy passes it' },
  profile: { type: 'string', choices: ['fapi2', 'none'], help: 'Set all that FAPI 2.0 demands' },
  'token-format': { type: 'string', choices: ['jwt', 'opaque'], help: 'Access tokens that say something, or nothing' },
  'token-ttl': { type: 'string', value: 'DURATION', help: 'Life of access tokens' },
  consent: { type: 'string', choices: ['remember', 'always', 'skip'], help: 'When people are asked' },
  'second-factor': { type: 'string', choices: ['yes', 'no'], help: 'People need a second factor for it' },
  pkce: { type: 'string', choices: ['yes', 'no'], help: 'Whether PKCE is demanded of a confidential client' },
  logo: { type: 'string', value: 'URL', help: 'Logo shown to people' },
  'backchannel-logout': { type: 'string', value: 'URL', help: 'Told when somebody logs out' },
} as const
type Options = OptionValues<typeof CLIENT_OPTIONS>

const NO_PATH = '/js/oidc-oauth/login-callback.html'

/** What a preset says of a client; options count instead. */
export const PRESETS = ['web', 'spa', 'native', 'service', 'device', 'management-ui'] as const
type Preset = (typeof PRESETS)[number]

const APP = { confidential: false, grants: [grantTypes.code, grantTypes.refresh] }

export function presetBody(preset: Preset, url: string | undefined): Readonly<Record<string, unknown>> {
  switch (preset) {
    case 'web':
      return { grants: APP.grants }
    case 'spa':
      return APP
    case 'native':
      return { ...APP, redirectUris: ['http://127.0.0.1/callback', 'http://[::1]/callback'] }
    case 'device':
      return { confidential: false, grants: [grantTypes.device, grantTypes.refresh] }
    case 'service':
      return { grants: [grantTypes.credentials], scopes: [] }
    case 'management-ui':
      return managementUi(url)
  }
}

/** The management UI of RabbitMQ: a page that renews its token in the background. */
function managementUi(url: string | undefined) {
  if (url === undefined) throw new UsageError('--preset management-ui takes --url, where people open the management UI')
  const base = url.replace(/\/$/, '')
  return { ...APP, redirectUris: [base + NO_PATH], postLogoutRedirectUris: [`${base}/`], consent: 'skip' }
}

/** The options that were given, as the REST API names them. */
export async function clientBody(options: Options, io: Io): Promise<Record<string, unknown>> {
  const { auth, owner, profile, jwks } = options
  const body = {
    name: options.name,
    redirectUris: some(options['redirect-uri']),
    postLogoutRedirectUris: some(options['post-logout-uri']),
    grants: some(options.grant)?.map((word) => grantTypes[word as keyof typeof grantTypes]), // one of the choices
    scopes: some(options.scope.flatMap((each) => each.split(' '))),
    audiences: some(options.audience),
    groups: some(options.group),
    ownerId: owner === 'none' ? null : owner,
    authMethod: auth,
    confidential: auth === undefined ? undefined : true,
    jwks: jwks === undefined ? undefined : await readKeys(jwks, io),
    jwksUri: options['jwks-uri'],
    tlsSubject: options['tls-subject'],
    profile: profile === 'none' ? null : profile,
    accessTokenFormat: options['token-format'],
    accessTokenTtlSeconds: secondsOf('token-ttl', options['token-ttl']),
    consent: options.consent,
    secondFactor: yes(options['second-factor']),
    requirePkce: yes(options.pkce),
    logoUri: options.logo,
    backchannelLogoutUri: options['backchannel-logout'],
  }
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined))
}

async function readKeys(file: string, io: Io): Promise<unknown> {
  const path = isAbsolute(file) ? file : resolve(io.cwd, file)
  try {
    const given: unknown = await Bun.file(path).json()
    const isSet = typeof given === 'object' && given !== null && 'keys' in given
    return isSet ? given : { keys: [given] }
  } catch (cause) {
    throw new CommandError(`${path} cannot be read as a JWK Set`, { cause })
  }
}

function some(values: readonly string[]): readonly string[] | undefined {
  return values.length === 0 ? undefined : values
}

function yes(word: string | undefined): boolean | undefined {
  return word === undefined ? undefined : word === 'yes'
}
