/** The address of a broker's management UI: a token is sent there, so it is https, or on this machine. */

/** What is wrong with it, or `undefined`. */
export function managementUrlFault(text: string): string | undefined {
  if (text.length > 2_000 || /[^\x21-\x7E]|[\\^`{|}<>";,']/.test(text)) return 'Use an address as a browser shows it'
  const url = /^https?:\/\/[^/]/i.test(text) ? URL.parse(text) : null
  if (!url) return 'Use an absolute address that begins with https://'
  if (url.username !== '' || url.password !== '') return 'Leave out user name and password'
  if (/[?#]/.test(text)) return 'Leave out query and fragment'
  // The policy of the page that posts the token names this origin, and policies cannot spell IPv6 addresses.
  if (url.hostname.startsWith('[')) return 'Name the host rather than its IPv6 address'
  if (url.protocol === 'https:') return undefined
  return /^(?:localhost|127\.\d+\.\d+\.\d+)$/.test(url.hostname)
    ? undefined
    : 'Use https; http is for loopback addresses only'
}

/** One spelling: without a slash at the end. */
export function managementUrlOf(text: string): string {
  return new URL(text).href.replace(/\/+$/, '')
}
