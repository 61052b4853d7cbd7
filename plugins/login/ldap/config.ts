/** What an operator may say about a directory. Defaults that depend on the directory's kind are in `presets.ts`. */
import { type Static, type TSchema, Type as t } from '@sinclair/typebox'

const text = (description: string) => t.Optional(t.String({ minLength: 1, description }))
const flag = (description: string) => t.Boolean({ default: false, description })
const milliseconds = (fallback: number, description: string) =>
  t.Integer({ default: fallback, minimum: 100, maximum: 60_000, description: `${description}, in milliseconds` })
const table = <P extends Record<string, TSchema>>(description: string, keys: P) =>
  t.Object(keys, { default: {}, additionalProperties: false, description })

const Scope = t.Optional(
  t.Union([t.Literal('sub'), t.Literal('one'), t.Literal('base')], {
    description: 'How deep to search. Default: `sub`',
  }),
)

const Tls = table('For `ldaps://` and StartTLS.', {
  caFile: text('Certificates of the private CA, PEM'),
  ca: text('The same as text'),
  certFile: text('Client certificate, PEM'),
  keyFile: text('Private key of the client certificate, PEM'),
  serverName: text('Name that the certificate must have. Default: the host of the URL'),
  minVersion: t.Union([t.Literal('TLSv1.2'), t.Literal('TLSv1.3')], {
    default: 'TLSv1.2',
    description: 'Oldest version',
  }),
  insecureSkipVerify: flag('Accept any certificate: anybody on the way may then read and change everything'),
})

const UserSearch = table('How a person is found.', {
  baseDn: text('Where people are. Default: `baseDn`'),
  scope: Scope,
  filter: text(
    'Filter. `{input}` is the name as typed, `{username}` the same without the own domain, `{principal}` with it; all are escaped. Default: that of the preset',
  ),
})

const Attributes = table('Names of attributes. Defaults: those of the preset.', {
  id: text('Stable for life: `entryUUID`, `objectGUID`'),
  username: text('User name'),
  email: text('Mail address'),
  name: text('Name as people say it'),
  memberOf: text('DNs of the groups'),
  claims: t.Optional(
    t.Record(t.String(), t.String({ minLength: 1 }), {
      description: 'OpenID Connect claims and the attributes they are taken from, beyond name and mail',
    }),
  ),
})

const Mapping = t.Object(
  {
    group: t.String({ minLength: 1, description: 'Name or DN of a group of the directory' }),
    to: t.String({ minLength: 1, maxLength: 190, description: 'Name of the group here' }),
  },
  { additionalProperties: false },
)

const Groups = table('Which groups count, and how they are found.', {
  mode: t.Optional(
    t.Union(
      (['none', 'memberof', 'filter', 'recursive', 'ad_chain', 'token_groups'] as const).map((each) => t.Literal(each)),
      { description: 'How the groups of a person are found. Default: that of the preset' },
    ),
  ),
  baseDn: text('Groups elsewhere do not count. Default: `baseDn`'),
  scope: Scope,
  filter: text(
    'With `filter`: groups of a person; `{dn}`, `{input}`, `{username}` are escaped. With `recursive` and `ad_chain`: what else a group has to match',
  ),
  nameAttribute: text('Name of a group. Default: `cn`'),
  memberAttributes: t.Optional(
    t.Array(t.String({ minLength: 1 }), {
      minItems: 1,
      description: 'With `recursive`: attributes that hold the members. Default: `member`, `uniqueMember`',
    }),
  ),
  userAttribute: text('With `recursive`: what the members are called by. Default: `dn`'),
  maxDepth: t.Integer({
    default: 10,
    minimum: 1,
    maximum: 50,
    description: 'With `recursive`: levels of groups in groups',
  }),
  required: text('Name or DN of the group whose members may log in at all'),
  prefix: text('Only groups whose name begins so become groups here'),
  stripPrefix: t.Boolean({ default: true, description: 'Leave the prefix out of the name here' }),
  mappings: t.Array(Mapping, { default: [], description: 'Groups that are called otherwise here' }),
  adminFilter: text('Filter over a person; who matches is a member of `adminGroup` here'),
  adminGroup: t.String({ default: 'admin', minLength: 1, maxLength: 190, description: 'Group of `adminFilter`' }),
})

/** Keys of older systems, as they are known. */
const legacy = {
  address: text('As `urls`, one; without a scheme `ldaps://`'),
  base_dn: text('As `baseDn`'),
  group: text('As `groups.required`. With `address` the default is `allowed_to_login`'),
  groups_prefix: text('As `groups.prefix`. With `address` the default is `API_PERM`'),
  ca_file: text('As `tls.caFile`'),
}

export const config = t.Object(
  {
    preset: t.Optional(
      t.Union(
        (['ad', 'openldap', 'freeipa', 'lldap'] as const).map((each) => t.Literal(each)),
        { description: 'Kind of directory: sets defaults, nothing else. Default: `openldap`, or `ad` with `domain`' },
      ),
    ),
    urls: t.Optional(
      t.Array(t.String({ minLength: 1 }), {
        minItems: 1,
        description: '`ldaps://host[:port]` or `ldap://host[:port]`; the next one is tried when one fails',
      }),
    ),
    startTls: flag('Ask `ldap://` servers for TLS before anything else'),
    allowPlaintext: flag('Send passwords without TLS'),
    tls: Tls,
    connectTimeoutMs: milliseconds(3_000, 'How long connecting and the TLS handshake may take'),
    operationTimeoutMs: milliseconds(5_000, 'How long one answer may take'),
    loginDeadlineMs: milliseconds(8_000, 'How long a login may take in all'),
    maxConcurrent: t.Integer({
      default: 16,
      minimum: 1,
      maximum: 1_000,
      description: 'Logins, and so connections, at the same time',
    }),
    maxWaiting: t.Integer({
      default: 256,
      minimum: 0,
      maximum: 10_000,
      description: 'Logins that may wait for their turn',
    }),
    bindMode: t.Optional(
      t.Union(
        (['search', 'template', 'upn'] as const).map((each) => t.Literal(each)),
        { description: 'How the DN of a person becomes known. Default: what the other keys are for' },
      ),
    ),
    bindDn: text('Service account that searches; without it searches are anonymous or the person’s own'),
    bindPassword: t.Optional(t.String({ minLength: 1, writeOnly: true, description: 'Its password' })),
    userDnTemplate: text('With `template`: DN of a person; `{username}` is escaped'),
    domain: text(
      '`corp.example` binds as `user@corp.example`, `CORP` as `CORP\\user`; also for generated mail addresses',
    ),
    baseDn: text('Where everything is'),
    pageSize: t.Integer({ default: 200, minimum: 1, maximum: 1_000, description: 'Entries of one page of a search' }),
    userSearch: UserSearch,
    attributes: Attributes,
    emailDomain: text(
      'Who has no mail address gets `generated_<user>@<emailDomain>`. Default: `domain`, if it has a dot',
    ),
    trustEmail: t.Boolean({ default: true, description: 'Mail addresses of the directory count as verified' }),
    checkAccountState: t.Boolean({
      default: true,
      description: 'A re-check without a password heeds the attributes that mark an account as disabled',
    }),
    groups: Groups,
    ...legacy,
  },
  { additionalProperties: false },
)

export type Given = Static<typeof config>
