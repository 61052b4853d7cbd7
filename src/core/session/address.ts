/** What an identity token is bound to: the caller's address or its network. */
import { isIPv4, isIPv6 } from 'node:net'
import type { Settings } from '../settings.ts'

/** What to remember of `ip`: the address, its network (`/24` or `/64`), or nothing. */
export function boundAddress(ip: string | undefined, mode: Settings['session']['bindIp']): string | null {
  if (ip === undefined || mode === 'off') return null
  return mode === 'exact' ? canonical(ip) : network(ip)
}

/** Whether a call from `ip` may use what is bound to `bound`. Decided by what was remembered, not by the settings of today. */
export function addressFits(bound: string | null, ip: string | undefined): boolean {
  if (bound === null) return true
  if (ip === undefined) return false
  return (bound.includes('/') ? network(ip) : canonical(ip)) === bound
}

/** One spelling per address (RFC 5952), without a zone; IPv4 that was mapped into IPv6 is IPv4 again. */
function canonical(ip: string): string {
  const groups = groupsOf(ip)
  if (!groups) return ip.toLowerCase()
  return ipv4Of(groups) ?? compressed(groups.map((group) => group.toString(16)).join(':'))
}

/** The longest run of zeros, the first of equals, becomes `::`. */
function compressed(text: string): string {
  const [zeros] = [...text.matchAll(/\b0(?::0)+\b/g)].toSorted((a, b) => b[0].length - a[0].length)
  if (!zeros) return text
  const before = text.slice(0, zeros.index).replace(/:$/, '')
  const after = text.slice(zeros.index + zeros[0].length).replace(/^:/, '')
  return `${before}::${after}`
}

function network(ip: string): string {
  const groups = groupsOf(ip)
  if (!groups) return ip.toLowerCase()
  const ipv4 = ipv4Of(groups)
  if (ipv4) return `${ipv4.slice(0, ipv4.lastIndexOf('.'))}.0/24`
  const prefix = groups.slice(0, 4).map((group) => group.toString(16))
  return `${prefix.join(':')}::/64`
}

/** The eight groups of an IPv6 address, IPv4 in its mapped form; `undefined` for anything else. */
function groupsOf(ip: string): readonly number[] | undefined {
  const [address = ''] = ip.split('%')
  if (isIPv4(address)) return [0, 0, 0, 0, 0, 0xffff, ...groupsOfIPv4(address)]
  if (!isIPv6(address)) return undefined
  const [head = '', tail = ''] = address.split('::')
  const left = groupsOfPart(head)
  const right = groupsOfPart(tail)
  return [...left, ...Array<number>(8 - left.length - right.length).fill(0), ...right]
}

function groupsOfPart(part: string): readonly number[] {
  const texts = part.split(':').filter(Boolean)
  return texts.flatMap((text) => (text.includes('.') ? groupsOfIPv4(text) : [Number.parseInt(text, 16)]))
}

function groupsOfIPv4(address: string): readonly number[] {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number)
  return [(a << 8) | b, (c << 8) | d]
}

function ipv4Of(groups: readonly number[]): string | undefined {
  const [a, b, c, d, e, mark, high = 0, low = 0] = groups
  if (a || b || c || d || e || mark !== 0xffff) return undefined
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
