/** Clients as they go over the wire of `/clients`: our names, times in seconds, secrets never. */
import { type Static, type TSchema, Type as t } from '@sinclair/typebox'
import type { ClientInput } from '../../core/clients/clients.ts'
import type { Client } from '../../core/clients/records.ts'
import { Instant, instant, instantOrNull, nullableText, strict } from '../schemas.ts'

const text = (maxLength = 190) => t.String({ maxLength })
const texts = (maxLength = 190) => t.Array(text(maxLength), { maxItems: 200 })
const uri = nullableText(2_000)
const nullable = <S extends TSchema>(schema: S) => t.Union([schema, t.Null()])
const oneOf = <W extends readonly string[]>(...words: W) =>
  t.Unsafe<W[number]>(t.Union(words.map((word) => t.Literal(word))))
const seconds = (description: string) => nullable(t.Integer({ minimum: 0, description }))

const changeable = {
  name: t.String({ minLength: 1, maxLength: 200 }),
  logoUri: uri,
  clientUri: uri,
  policyUri: uri,
  tosUri: uri,
  contacts: texts(),
  ownerId: nullable(t.String({ maxLength: 64, description: 'Id of the user who owns the client' })),
  disabled: t.Boolean(),
  confidential: t.Boolean({ description: 'Whether it can keep a secret; an app on a device or in a page cannot' }),
  profile: nullable(oneOf('fapi2')),
  authMethod: text(32),
  jwks: nullable(
    t.Object({ keys: t.Array(t.Record(t.String({ maxLength: 64 }), t.Unknown()), { maxItems: 50 }) }, strict),
  ),
  jwksUri: uri,
  tlsSubject: nullableText(1_000),
  redirectUris: texts(2_000),
  postLogoutRedirectUris: texts(2_000),
  grants: texts(),
  scopes: texts(500),
  audiences: texts(),
  groups: texts(),
  roles: texts(),
  requirePkce: t.Boolean(),
  requirePushedRequests: t.Boolean(),
  requireSignedRequests: t.Boolean(),
  requireDpop: t.Boolean(),
  accessTokenFormat: oneOf('jwt', 'opaque'),
  accessTokenTtlSeconds: seconds('`null`: as the settings say'),
  idTokenTtlSeconds: seconds('`null`: as the settings say'),
  idTokenAlg: text(16),
  userinfoAlg: nullableText(16),
  assertionAlgs: texts(16),
  requestObjectAlgs: texts(16),
  refreshPolicy: oneOf('rotate', 'reuse'),
  refreshReplayWindowSeconds: t.Integer({ minimum: 0, maximum: 10 }),
  refreshIdleTtlSeconds: seconds('`null`: as the settings say'),
  refreshAbsoluteTtlSeconds: seconds('`null`: as the settings say'),
  consent: oneOf('remember', 'always', 'skip'),
  secondFactor: t.Boolean({ description: 'People need a second factor to log in for this client' }),
  defaultMaxAgeSeconds: seconds('A login older than this is asked for again; `null`: any age'),
  defaultAcrValues: texts(),
  backchannelLogoutUri: uri,
}
const { name, ...optional } = changeable

export const NewClientBody = t.Object(
  {
    id: t.Optional(t.String({ minLength: 1, maxLength: 190, description: '`client_id`; made up if left out' })),
    name,
    ...t.Partial(t.Object(optional)).properties,
  },
  strict,
)
export const ClientChange = t.Partial(t.Object(changeable), strict)
export const ClientAnswer = t.Object({
  id: t.String({ description: '`client_id`' }),
  ...changeable,
  managedBy: t.String({ description: '`admin`, `config` (change it in the file) or `registration`' }),
  secrets: t.Array(t.Object({ createdAt: Instant, expiresAt: nullable(Instant) }), {
    description: 'When they were made and end; what they are is kept nowhere',
  }),
  createdAt: Instant,
  updatedAt: Instant,
})
export const RegisteredAnswer = t.Object({
  client: ClientAnswer,
  secret: nullable(t.String({ description: '`client_secret`, shown this once; `null` for a client without' })),
})

/** What a request says of a client, in the domain's own terms. */
export function clientInputOf(body: Static<typeof ClientChange>): ClientInput {
  const {
    accessTokenTtlSeconds: accessTokenTtl,
    idTokenTtlSeconds: idTokenTtl,
    refreshReplayWindowSeconds: refreshReplayWindow,
    refreshIdleTtlSeconds: refreshIdleTtl,
    refreshAbsoluteTtlSeconds: refreshAbsoluteTtl,
    defaultMaxAgeSeconds: defaultMaxAge,
    ...same
  } = body
  return {
    ...same,
    ...(accessTokenTtl !== undefined && { accessTokenTtl: milliseconds(accessTokenTtl) }),
    ...(idTokenTtl !== undefined && { idTokenTtl: milliseconds(idTokenTtl) }),
    ...(refreshReplayWindow !== undefined && { refreshReplayWindow: refreshReplayWindow * 1000 }),
    ...(refreshIdleTtl !== undefined && { refreshIdleTtl: milliseconds(refreshIdleTtl) }),
    ...(refreshAbsoluteTtl !== undefined && { refreshAbsoluteTtl: milliseconds(refreshAbsoluteTtl) }),
    ...(defaultMaxAge !== undefined && { defaultMaxAge }),
  }
}

/** Members of the domain that the wire calls by their unit. */
const IN_SECONDS = new Set([
  'accessTokenTtl',
  'idTokenTtl',
  'refreshReplayWindow',
  'refreshIdleTtl',
  'refreshAbsoluteTtl',
  'defaultMaxAge',
])

/** `/accessTokenTtl` of the domain as the caller wrote it. */
export function wirePath(path: string): string {
  const [, member = '', ...rest] = path.split('/')
  return IN_SECONDS.has(member) ? ['', `${member}Seconds`, ...rest].join('/') : path
}

export function wireClient(client: Client): Static<typeof ClientAnswer> {
  const {
    accessTokenTtl,
    idTokenTtl,
    refreshReplayWindow,
    refreshIdleTtl,
    refreshAbsoluteTtl,
    defaultMaxAge,
    registrationDigest: _digest,
    unusedSince: _unused,
    secrets,
    ...same
  } = client
  return {
    ...same,
    accessTokenTtlSeconds: wholeSeconds(accessTokenTtl),
    idTokenTtlSeconds: wholeSeconds(idTokenTtl),
    refreshReplayWindowSeconds: Math.floor(refreshReplayWindow / 1000),
    refreshIdleTtlSeconds: wholeSeconds(refreshIdleTtl),
    refreshAbsoluteTtlSeconds: wholeSeconds(refreshAbsoluteTtl),
    defaultMaxAgeSeconds: defaultMaxAge,
    secrets: secrets.map(({ createdAt, expiresAt }) => ({
      createdAt: instant(createdAt),
      expiresAt: instantOrNull(expiresAt),
    })),
    createdAt: instant(client.createdAt),
    updatedAt: instant(client.updatedAt),
  }
}

function milliseconds(seconds: number | null): number | null {
  return seconds === null ? null : seconds * 1000
}

function wholeSeconds(milliseconds: number | null): number | null {
  return milliseconds === null ? null : Math.floor(milliseconds / 1000)
}
