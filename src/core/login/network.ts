/** The network an address belongs to: what an attacker has at hand at least, /24 of IPv4 and /64 of IPv6. */
export function networkOf(ip: string | undefined): string {
  if (ip === undefined) return 'local'
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(ip)?.[1]
  const v4 = /^(\d+\.\d+\.\d+)\.\d+$/.exec(mapped ?? ip)?.[1]
  if (v4 !== undefined) return `${v4}.0/24`
  return ip.includes(':') ? `${firstHalf(ip)}::/64` : 'unknown'
}

/** The first four of eight groups, `::` written out. */
function firstHalf(ip: string): string {
  const [head = '', tail = ''] = (ip.split('%')[0] ?? '').toLowerCase().split('::', 2)
  const before = head === '' ? [] : head.split(':')
  const after = tail === '' ? [] : tail.split(':')
  const missing = ip.includes('::') ? Math.max(0, 8 - before.length - after.length) : 0
  const groups = [...before, ...Array<string>(missing).fill('0'), ...after]
  return groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')
}
