/** Vhosts as rules name them: literal, `*` stands for any text. Ours to match, so unlike the broker's this matcher finds every match. */

export function isVhostPattern(vhost: string): boolean {
  return vhost.includes('*')
}

export function matchesVhost(vhost: string, pattern: string): boolean {
  const [head = '', ...rest] = pattern.split('*')
  const tail = rest.pop()
  if (tail === undefined) return vhost === pattern
  if (!vhost.startsWith(head)) return false
  let at = head.length
  for (const part of rest) {
    const found = vhost.indexOf(part, at)
    if (found === -1) return false
    at = found + part.length
  }
  return vhost.length - tail.length >= at && vhost.endsWith(tail)
}
