/** Requests to addresses that somebody else named: bounded, without redirects, and never into the own network unasked. */
import { lookup } from 'node:dns/promises'
import { BlockList, isIP } from 'node:net'
import { rootCertificates } from 'node:tls'
import type { Outbound, OutboundAnswer } from './core/outbound.ts'

export interface OutboundOptions {
  /** Networks beyond the public ones, as of now. */
  readonly allow: () => readonly string[]
  /** Milliseconds. */
  readonly timeout: () => number
  /** Certificates trusted beyond the public ones, PEM. */
  readonly authorities?: () => string | undefined
  /** The addresses of a name; the system's resolver unless told. */
  readonly resolve?: (name: string) => Promise<readonly { readonly address: string }[]>
}

const MAX_ANSWER = 1 << 20
/** Everything that is not the public internet (IANA special-purpose registries). */
const INSIDE: readonly string[] = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '::/96',
  '::ffff:0:0/96',
  '64:ff9b::/96',
  '64:ff9b:1::/48',
  '100::/64',
  '2001::/23',
  '2001:db8::/32',
  '2002::/16',
  'fc00::/7',
  'fe80::/10',
  'fec0::/10',
  'ff00::/8',
]
const inside = blockList(INSIDE)

export function createOutbound({ allow, timeout, authorities, resolve = everyAddress }: OutboundOptions): Outbound {
  async function ask(url: string, init: RequestInit): Promise<OutboundAnswer> {
    const target = new URL(url)
    if (target.protocol !== 'https:' && target.protocol !== 'http:') throw new Error('only http and https are asked')
    if (target.username !== '' || target.password !== '') throw new Error('an address with a password is not asked')
    const name = target.hostname.replace(/^\[|\]$/g, '')
    const found = isIP(name) === 0 ? await resolve(name) : [{ address: name }]
    const address = reachable(name, found, blockList(allow()))
    const headers = new Headers(init.headers)
    // The address that was checked is the one that is asked: the name could resolve to another one the next moment.
    headers.set('host', target.host)
    const direct = new URL(target)
    direct.hostname = isIP(address) === 6 ? `[${address}]` : address
    const response = await fetch(direct, {
      ...init,
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeout()),
      ...(target.protocol === 'https:' && { tls: tlsFor(name, authorities?.()) }),
    })
    return { status: response.status, mediaType: mediaType(response), body: await bounded(response) }
  }

  return {
    get: (url, accept) => ask(url, { headers: { accept } }),
    post: (url, form) => ask(url, { method: 'POST', body: new URLSearchParams(form) }),
  }
}

/** A literal address is no server name (RFC 6066 section 3). */
function tlsFor(name: string, authorities: string | undefined) {
  return {
    ...(isIP(name) === 0 && { serverName: name }),
    ...(authorities !== undefined && { ca: [...rootCertificates, authorities] }),
  }
}

function everyAddress(name: string) {
  return lookup(name, { all: true })
}

/** The first address of the name, if all of them may be asked. */
function reachable(name: string, found: readonly { readonly address: string }[], allowed: BlockList): string {
  const [first] = found
  if (!first) throw new Error(`${name} has no address`)
  for (const { address } of found)
    if (has(inside, address) && !has(allowed, address))
      throw new Error(`${name} is inside the own network; outbound.allow does not name it`)
  return first.address
}

function has(list: BlockList, address: string): boolean {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1]
  if (mapped !== undefined) return list.check(mapped, 'ipv4')
  return list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList()
  for (const network of networks) {
    const [address = '', bits] = network.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family)
  }
  return list
}

function mediaType(response: Response): string {
  return response.headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

async function bounded(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > MAX_ANSWER) throw new Error(`the answer is larger than ${MAX_ANSWER} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
