/** The section of the configuration, and what it means for the client. */
import { resolve } from 'node:path'
import { type Static, Type as t } from '@sinclair/typebox'
import { SQL } from 'bun'

const duration = (description: string, standard: string) =>
  t.String({ pattern: '^[1-9][0-9]{0,5}(ms|s|m)$', default: standard, description })

export const config = t.Object(
  {
    url: t.Optional(
      t.String({
        pattern: '^postgres(ql)?://',
        description: 'postgres://user@host:port/database, instead of the single keys',
      }),
    ),
    host: t.Optional(t.String({ minLength: 1, description: 'Server name or address (localhost)' })),
    port: t.Optional(t.Integer({ minimum: 1, maximum: 65_535, description: 'Port (5432)' })),
    socket: t.Optional(t.String({ minLength: 1, description: 'Folder of the unix socket, instead of host' })),
    database: t.Optional(t.String({ minLength: 1, description: 'Database (leveret)' })),
    user: t.Optional(t.String({ minLength: 1, description: 'Role to connect as (leveret)' })),
    password: t.Optional(t.String({ description: 'Password of the role' })),
    schema: t.Optional(
      t.String({ pattern: '^[a-z_][a-z0-9_]{0,47}$', description: 'Schema of the tables, made if absent (public)' }),
    ),
    poolSize: t.Integer({ minimum: 1, maximum: 1000, default: 10, description: 'Connections at most' }),
    acquireTimeout: duration('How long a call may wait for a connection', '5s'),
    statementTimeout: duration('How long a statement may take', '10s'),
    tls: t.Optional(
      t.Object(
        {
          mode: t.Union(
            [t.Literal('disable'), t.Literal('require'), t.Literal('verify-ca'), t.Literal('verify-full')],
            {
              default: 'verify-full',
              description: 'Without [tls]: verify-full, but disable on loopback',
            },
          ),
          caFile: t.Optional(t.String({ minLength: 1, description: 'Certificates that the server must descend from' })),
        },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
)
export type Config = Static<typeof config>

/** The connection settings of a section, defaults filled in. */
export interface Server {
  readonly host: string
  readonly port: number
  readonly socket?: string
  readonly database: string
  readonly user: string
  readonly password: string
}

export function serverOf(section: Config): Server {
  const url = section.url === undefined ? undefined : new URL(section.url)
  if (url && url.search !== '') throw new TypeError('Cannot use storage.url: parameters belong into their own keys')
  const text = (value: string | undefined) => (value ? decodeURIComponent(value) : undefined)
  return {
    host: section.host ?? text(url?.hostname)?.replace(/^\[|\]$/g, '') ?? 'localhost',
    port: section.port ?? (Number(url?.port) || 5432),
    ...(section.socket !== undefined && { socket: section.socket }),
    database: section.database ?? text(url?.pathname.slice(1)) ?? 'leveret',
    user: section.user ?? text(url?.username) ?? 'leveret',
    password: section.password ?? text(url?.password) ?? '',
  }
}

/** A client of that server. Everything is said outright: what is left open Bun would read from the environment. */
export function clientOf(section: Config, dataDir: string): SQL {
  const server = serverOf(section)
  const limit = milliseconds(section.statementTimeout)
  return new SQL({
    adapter: 'postgres',
    url: 'postgres://',
    hostname: server.host,
    port: server.port,
    database: server.database,
    username: server.user,
    password: server.password,
    ...(server.socket !== undefined && { path: resolve(dataDir, server.socket) }),
    tls: tlsOf(section, server, dataDir),
    channelBinding: 'prefer',
    max: section.poolSize,
    connectionTimeout: Math.max(1, Math.ceil(milliseconds(section.acquireTimeout) / 1000)),
    prepare: true,
    bigint: false,
    connection: {
      application_name: 'leveret',
      statement_timeout: limit,
      idle_in_transaction_session_timeout: limit,
      default_transaction_isolation: 'read committed',
      default_transaction_read_only: 'off',
      ...(section.schema !== undefined && { search_path: section.schema }),
    },
  })
}

function tlsOf({ tls }: Config, { host, socket }: Server, dataDir: string): SQL.PostgresOrMySQLOptions['tls'] {
  const near = socket !== undefined || ['localhost', '127.0.0.1', '::1'].includes(host)
  const mode = tls?.mode ?? (near ? 'disable' : 'verify-full')
  if (tls?.caFile === undefined || mode === 'disable') return mode
  const ca = Bun.file(resolve(dataDir, tls.caFile))
  if (mode === 'require')
    throw new TypeError('Cannot use storage.tls: mode "require" checks no certificate, caFile needs one that does')
  return mode === 'verify-full' ? { ca } : { ca, checkServerIdentity: () => undefined }
}

export function milliseconds(text: string): number {
  const amount = Number.parseInt(text, 10)
  if (text.endsWith('ms')) return amount
  return text.endsWith('s') ? amount * 1000 : amount * 60_000
}
