/** What a plugin process may reach, in the terms of the kernel: paths, ports, whether there may be a second process. */
import { existsSync } from 'node:fs'
import { mkdir, realpath } from 'node:fs/promises'
import { isIP } from 'node:net'
import { resolve, sep } from 'node:path'
import { type Static, Type as t } from '@sinclair/typebox'
import type { Permissions } from '../manifest.ts'

const paths = t.Array(t.String())

/** Goes to the launcher as JSON. */
export const Policy = t.Object({
  read: paths,
  write: paths,
  execute: paths,
  /** TCP ports to connect to; `any` restricts none. */
  ports: t.Union([t.Array(t.Integer({ minimum: 0, maximum: 65_535 })), t.Literal('any')]),
  /** Datagrams, which resolving a name takes. */
  datagrams: t.Boolean(),
  processes: t.Boolean(),
  /** Under which the server hears what else is tried; it does not if this is left out. */
  token: t.Optional(t.String()),
})
export type Policy = Static<typeof Policy>

export interface Expansion {
  readonly config: Readonly<Record<string, unknown>>
  readonly dataDir: string
}

/** What programs need to start at all: libraries, the clock's zone, their own process. None of it is anybody's secret. */
const SYSTEM = [
  '/lib',
  '/lib64',
  '/usr/lib',
  '/usr/lib64',
  '/usr/local/lib',
  '/etc/ld.so.cache',
  '/etc/localtime',
  '/usr/share/zoneinfo',
  '/proc/self',
  '/proc/sys/vm',
  '/sys/devices/system/cpu',
  '/sys/kernel/mm/transparent_hugepage',
  '/dev/null',
  '/dev/zero',
  '/dev/urandom',
  '/dev/random',
]
/** What connections need beyond that: names and certificates. */
const NETWORK = [
  '/etc/resolv.conf',
  '/etc/hosts',
  '/etc/nsswitch.conf',
  '/etc/host.conf',
  '/etc/gai.conf',
  '/etc/services',
  '/etc/ssl/certs',
  '/etc/ssl/openssl.cnf',
  '/usr/share/ca-certificates',
  '/etc/pki/tls',
  '/etc/pki/ca-trust',
]
const LOADERS = [
  '/lib64/ld-linux-x86-64.so.2',
  '/lib/ld-linux-aarch64.so.1',
  '/lib/ld-musl-x86_64.so.1',
  '/lib/ld-musl-aarch64.so.1',
]

export interface Needs {
  /** Files and folders of the program itself. */
  readonly read: readonly string[]
  readonly execute: readonly string[]
}

/** The policy of these permissions. Throws an `Error` with one sentence if they would hand over the server's own records. */
export async function policyOf(permissions: Permissions, expansion: Expansion, needs: Needs): Promise<Policy> {
  const { net, run } = permissions
  const read = expandPaths(permissions.read, expansion)
  const write = expandPaths(permissions.write, expansion)
  await refuseOwn([...read, ...write], expansion.dataDir)
  for (const path of write) if (!existsSync(path)) await mkdir(path, { recursive: true, mode: 0o700 })
  const targets = net.flatMap((each) => expandNet(each, expansion.config))
  const connects = targets.length > 0
  const programs = run === false ? [] : run
  return {
    read: [...SYSTEM, ...(connects ? NETWORK : []), ...needs.read, ...read],
    write: [...write, '/dev/null'],
    execute: [...LOADERS, ...needs.execute, ...programs],
    ports: targets.some(({ port }) => port === 'any') ? 'any' : [...new Set(targets.map(({ port }) => Number(port)))],
    datagrams: targets.some(({ host }) => isIP(host) === 0 && host !== 'localhost'),
    processes: run !== false,
  }
}

/** `{key}` stands for what the configuration says under this key, text or a list of texts. */
function expand(text: string, config: Expansion['config']): string[] {
  const [, key] = /^\{(\w+)\}$/.exec(text) ?? []
  if (key === undefined) return [text]
  const value = config[key]
  return [value].flat().filter((each) => typeof each === 'string')
}

function expandPaths(all: readonly string[], { config, dataDir }: Expansion): string[] {
  return all.flatMap((each) => expand(each, config)).map((each) => resolve(dataDir, each))
}

interface Target {
  readonly host: string
  readonly port: number | 'any'
}

const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443, 'ldap:': 389, 'ldaps:': 636 }

function expandNet(text: string, config: Expansion['config']): Target[] {
  return expand(text, config).flatMap((each) => targetOf(each))
}

/** `host:port` or a URL; nothing for what is neither. */
function targetOf(text: string): Target[] {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? URL.parse(text) : null
  if (url) {
    const port = url.port === '' ? PORTS[url.protocol] : Number(url.port)
    return port === undefined ? [] : [{ host: bare(url.hostname), port }]
  }
  const [, host = '', port = ''] = /^(.+):(\d{1,5}|\*)$/.exec(text) ?? []
  if (host === '') return []
  return [{ host: bare(host), port: port === '*' ? 'any' : Number(port) }]
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '')
}

/** The data folder holds the records of everybody and the keys: parts of it may be given away, never all of it. */
async function refuseOwn(granted: readonly string[], dataDir: string): Promise<void> {
  const own = await realOf(dataDir)
  for (const path of granted) {
    const real = await realOf(path)
    const covers = real === own || own.startsWith(real.endsWith(sep) ? real : real + sep)
    if (covers) throw new Error(`its permissions would give it ${path}, which holds the server's own records`)
  }
}

async function realOf(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path))
}
