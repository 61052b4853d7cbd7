/** The one spelling of an address, and the network it belongs to. */
import { isIPv4, isIPv6 } from 'node:net'

/** RFC 5952, without a zone; IPv4 that was mapped into IPv6 is IPv4 again. `undefined` for what is no address. */
export function canonicalAddress(text: string): string | undefined {
  if (isIPv4(text)) return text
  const groups = groupsOf(text)
  return groups && (ipv4Of(groups) ?? compressed(groups.map((group) => group.toString(16)).join(':')))
}

/** What one caller has at hand at least: /24 of IPv4, /64 of IPv6. `undefined` for what is no address. */
export function networkOf(text: string): string | undefined {
  if (isIPv4(text)) return `${text.slice(0, text.lastIndexOf('.'))}.0/24`
  const groups = groupsOf(text)
  const ipv4 = groups && ipv4Of(groups)
  if (ipv4 !== undefined) return `${ipv4.slice(0, ipv4.lastIndexOf('.'))}.0/24`
  const prefix = groups?.slice(0, 4).map((group) => group.toString(16))
  return prefix && `${prefix.join(':')}::/64`
}

/** The longest run of zeros, the first of equals, becomes `::`. */
function compressed(text: string): string {
  const [zeros] = [...text.matchAll(/\b0(?::0)+\b/g)].toSorted((a, b) => b[0].length - a[0].length)
  if (!zeros) return text
  const before = text.slice(0, zeros.index).replace(/:$/, '')
  const after = text.slice(zeros.index + zeros[0].length).replace(/^:/, '')
  return `${before}::${after}`
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
