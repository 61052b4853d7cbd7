/** What `leveret doctor` looks at on this machine: files, modes, certificates, addresses. Each check says what it sees. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { isLoopback } from '../config/formats.ts'
import type { Config } from '../config/schema.ts'
import { readSecret } from '../config/secret.ts'
import { parseMasterKey } from '../core/keys/sealing.ts'
import type { Finding } from './diagnosis.ts'

export interface CheckupInput {
  readonly config: Config
  readonly env: Readonly<Record<string, string | undefined>>
  readonly now: number
  /** Whether a server runs on this data folder: its port is taken then, as it should be. */
  readonly running: boolean
}

const DAY = 86_400_000
const EXPIRY_WARNING = 14 * DAY

export async function checkup(input: CheckupInput): Promise<Finding[]> {
  return [
    await dataFolder(input),
    await masterKey(input),
    ...(await certificate(input)),
    await listener(input),
    proxies(input),
    publicUrl(input),
    clock(input),
  ]
}

async function dataFolder({ config: { dataDir } }: CheckupInput): Promise<Finding> {
  const rule = 'data folder'
  const found = await stat(dataDir).catch(() => undefined)
  if (found === undefined)
    return fault(rule, `${dataDir} is not there; "leveret init" makes it, or the server when it starts`)
  if (!found.isDirectory()) return fault(rule, `${dataDir} is no folder`)
  const mode = found.mode & 0o777
  if ((mode & 0o077) !== 0 && process.platform !== 'win32') {
    return fault(rule, `${dataDir} has mode ${mode.toString(8)}: others may read it (chmod 700 ${dataDir})`)
  }
  const me = process.getuid?.()
  if (me !== undefined && me !== 0 && found.uid !== me) {
    return fault(
      rule,
      `${dataDir} belongs to user ${found.uid}, and this is user ${me}: the server must run as its owner`,
    )
  }
  return ok(rule, `${dataDir} has mode ${mode.toString(8)} and belongs to user ${found.uid}`)
}

async function masterKey({ config, env }: CheckupInput): Promise<Finding> {
  try {
    parseMasterKey(await readSecret(config.masterKey, 'masterKey', env))
    return ok(
      'master key',
      `It can be read from ${'env' in config.masterKey ? config.masterKey.env : config.masterKey.file}`,
    )
  } catch (error) {
    return fault('master key', reasonOf(error))
  }
}

async function certificate({ config, now }: CheckupInput): Promise<Finding[]> {
  const { cert, key } = config.tls
  if (cert === undefined || key === undefined) return []
  try {
    const leaf = new X509Certificate(await readFile(cert))
    const host = new URL(config.publicUrl).hostname.replace(/^\[|\]$/g, '')
    const named = isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host)
    return [
      leaf.checkPrivateKey(createPrivateKey(await readFile(key)))
        ? ok('certificate', `${cert} and ${key} belong together`)
        : fault('certificate', `${key} is not the private key of ${cert}`),
      named === undefined
        ? fault(
            'certificate name',
            `${cert} is for ${leaf.subjectAltName ?? leaf.subject}, not for "${host}" of publicUrl`,
          )
        : ok('certificate name', `It is for "${host}" of publicUrl`),
      validity(leaf, now),
      await keyMode(key),
    ]
  } catch (error) {
    return [fault('certificate', `The files of [tls] cannot be used: ${reasonOf(error)}`)]
  }
}

function validity(leaf: X509Certificate, now: number): Finding {
  const rule = 'certificate time'
  const [from, to] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)]
  if (now < from) return fault(rule, `It is valid from ${iso(from)}, which is not yet`)
  if (now > to) return fault(rule, `It has expired at ${iso(to)}`)
  if (to - now < EXPIRY_WARNING)
    return fault(rule, `It expires soon, at ${iso(to)}: renew it, the server takes the new files by itself`)
  return ok(rule, `It is valid until ${iso(to)}`)
}

async function keyMode(key: string): Promise<Finding> {
  const mode = (await stat(key)).mode & 0o777
  if ((mode & 0o007) === 0 || process.platform === 'win32')
    return ok('certificate key', `${key} has mode ${mode.toString(8)}`)
  return fault('certificate key', `${key} has mode ${mode.toString(8)}: everybody may read it (chmod 600 ${key})`)
}

async function listener({ config: { listen }, running }: CheckupInput): Promise<Finding> {
  const rule = 'listener'
  if (!listen.tcp) return ok(rule, `It listens on the unix socket ${listen.unix ?? ''} only`)
  const address = `${listen.host}, port ${listen.port}`
  if (running || listen.port === 0) return ok(rule, `It listens on ${address}`)
  try {
    const probe = Bun.listen({ hostname: listen.host, port: listen.port, socket: { data: () => undefined } })
    probe.stop(true)
    return ok(rule, `${address} is free`)
  } catch (error) {
    return fault(rule, `${address} cannot be bound: ${reasonOf(error)}`)
  }
}

function proxies({ config }: CheckupInput): Finding {
  const rule = 'proxies'
  const { trustedProxies, publicUrl: url, tls } = config
  const all = trustedProxies.filter((network) => network.endsWith('/0'))
  if (all.length > 0) return fault(rule, `trustedProxies has ${all.join(', ')}: everybody may then claim any address`)
  if (url.startsWith('https:') && tls.cert === undefined && trustedProxies.length === 0) {
    const text =
      'publicUrl is https and [tls] is empty, so a proxy must speak TLS; trustedProxies does not name it, and every client'
    return fault(rule, `${text} will seem to come from its address`)
  }
  if (trustedProxies.length === 0) return ok(rule, 'None: the address of a client is that of its connection')
  return ok(rule, `X-Forwarded-For counts from ${trustedProxies.join(', ')} only`)
}

function publicUrl({ config }: CheckupInput): Finding {
  const rule = 'public URL'
  const { protocol, hostname } = new URL(config.publicUrl)
  if (protocol === 'https:')
    return ok(rule, `${config.publicUrl}: the issuer of every token, and where brokers fetch the key set`)
  const brokers = 'brokers fetch key sets over https only ("leveret init --tls", or a proxy)'
  if (isLoopback(hostname)) return ok(rule, `${config.publicUrl} is for this machine only; ${brokers}`)
  return fault(rule, `${config.publicUrl} is plain http: passwords and tokens travel unprotected, and ${brokers}`)
}

/** A clock that is far off makes every token expired or not yet valid. */
function clock({ now }: CheckupInput): Finding {
  const text = `It is ${iso(now)} here; brokers compare the times in tokens with their own clock, to the second`
  return now < Date.parse('2026-01-01') ? fault('clock', `${text}; this is in the past`) : ok('clock', text)
}

export function ok(rule: string, text: string): Finding {
  return { rule, ok: true, text }
}
export function fault(rule: string, text: string): Finding {
  return { rule, ok: false, text }
}

export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  return text.replace(/^Cannot use the configuration:\s*/, '').replace(/\s+/g, ' ')
}

function iso(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z')
}
