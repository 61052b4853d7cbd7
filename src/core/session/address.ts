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

/** One spelling per address: lower case, shortest, without a zone; IPv4 that was mapped into IPv6 is IPv4 again. */
function canonical(ip: string): string {
  const groups = groupsOf(ip)
  if (!groups) return ip.toLowerCase()
  return (
    ipv4Of(groups) ?? new URL(`http://[${groups.map((group) => group.toString(16)).join(':')}]`).hostname.slice(1, -1)
  )
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
  if (!isIPv4(address) && !isIPv6(address)) return undefined
  const hostname = new URL(`http://[${isIPv4(address) ? `::ffff:${address}` : address}]`).hostname.slice(1, -1)
  const [head = '', tail = ''] = hostname.split('::')
  const left = head.split(':').filter(Boolean)
  const right = tail.split(':').filter(Boolean)
  const zeros: string[] = Array(8 - left.length - right.length).fill('0')
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16))
}

function ipv4Of(groups: readonly number[]): string | undefined {
  const [a, b, c, d, e, mark, high = 0, low = 0] = groups
  if (a || b || c || d || e || mark !== 0xffff) return undefined
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}
