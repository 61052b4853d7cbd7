/** The address a request really came from. Forwarded headers count only when a trusted proxy sent them. */
import { BlockList, isIP } from 'node:net'
import { canonicalAddress } from '../core/address.ts'

/** A test for membership in CIDR ranges or single addresses. */
export function addressList(ranges: readonly string[]): (ip: string) => boolean {
  if (ranges.length === 0) return () => false
  const list = new BlockList()
  for (const range of ranges) {
    const [address = '', bits] = range.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : Number(bits), family)
  }
  return (ip) => list.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4')
}

/**
 * Walks from the peer backwards through what each trusted proxy says it saw, and stops at the first address that is no
 * trusted proxy. A peer on a unix socket (`undefined`) is a local proxy. When `X-Forwarded-For` and `Forwarded` disagree,
 * one of them came through from the client, and neither is believed.
 */
export function clientAddress(
  peer: string | undefined,
  headers: Headers,
  isTrusted: (ip: string) => boolean,
): string | undefined {
  const direct = peer === undefined ? undefined : canonicalAddress(peer)
  if (direct !== undefined && !isTrusted(direct)) return direct
  const plain = headers.get('x-forwarded-for')
  const standard = headers.get('forwarded')
  const fromPlain = plain === null ? direct : walk(direct, plain.split(','), isTrusted)
  if (standard === null) return fromPlain
  const fromStandard = walk(direct, forwardedFor(standard), isTrusted)
  return plain === null || fromPlain === fromStandard ? fromStandard : direct
}

function walk(peer: string | undefined, hops: readonly string[], isTrusted: (ip: string) => boolean) {
  let client = peer
  for (const hop of hops.toReversed()) {
    const address = canonicalAddress(bareAddress(hop.trim()))
    if (address === undefined) return client
    client = address
    if (!isTrusted(address)) return client
  }
  return client
}

/** RFC 7239 section 4, one `for` of each element; an element without one says nothing and ends the walk. */
function forwardedFor(header: string): string[] {
  return header
    .split(',')
    .map((element) => /(?:^|;)\s*for\s*=\s*(?:"([^"]*)"|([^;\s]+))/i.exec(element)?.slice(1, 3).join('') ?? '')
}

/** `1.2.3.4:80`, `[::1]:80`, `[::1]` without brackets and port. */
function bareAddress(text: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1]
  return bracketed ?? text.replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')
}

/** Whether this peer is a proxy that may say what it saw; a peer on a unix socket is a local one. */
export function isProxy(peer: string | undefined, isTrusted: (ip: string) => boolean): boolean {
  const direct = peer === undefined ? undefined : canonicalAddress(peer)
  return direct === undefined || isTrusted(direct)
}
