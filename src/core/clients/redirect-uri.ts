/** Redirect URIs: what may be registered, and when a request's is one of them (RFC 6749 3.1.2, RFC 8252, RFC 9700 2.1). */

/** Schemes that a browser would run or show instead of handing over. */
const DANGEROUS = /^(?:javascript|data|vbscript|blob|file|about|filesystem|view-source|ws|wss|ftp|mailto|intent):$/
const LOOPBACK_URI = /^http:\/\/(127\.0\.0\.1|\[::1\])(?::\d{1,5})?(\/.*)?$/

/** What is wrong with a URI to be registered, or `undefined`. Compared exactly later, so it has to be written as it will be sent. */
export function redirectUriFault(uri: string, confidential: boolean): string | undefined {
  if (uri.length > 2_000) return 'Use at most 2,000 characters'
  if (/[^\x21-\x7E]/.test(uri) || /[\\^`{|}<>"]/.test(uri)) return 'Percent-encode spaces, quotes and what is not ASCII'
  if (uri.includes('*')) return 'Name every address in full: there are no wildcards'
  if (uri.includes('#')) return 'Leave out the fragment'
  if (!URL.canParse(uri)) return 'Use an absolute URI'
  const { protocol, username, password, hostname } = new URL(uri)
  if (username !== '' || password !== '') return 'Leave out user name and password'
  // Browsers take `https:x` and `https:///x` for something, but not all for the same.
  if (/^https?:/i.test(uri) && !/^https?:\/\/[^/?]/i.test(uri)) return 'Name a host after https://'
  if (protocol === 'https:') return undefined
  if (protocol === 'http:')
    return isLoopbackHost(hostname) ? undefined : 'Use https; http is for loopback addresses only'
  if (DANGEROUS.test(protocol)) return `Addresses with ${protocol} are never redirected to`
  if (confidential) return 'Use https'
  return protocol.includes('.') ? undefined : 'Use a private scheme with a dot, such as com.example.app:/callback'
}

/** A page to come back to after logout, or an image: as a redirect URI of a confidential client. */
export function webUriFault(uri: string): string | undefined {
  return redirectUriFault(uri, true)
}

/** `localhost` may be registered, but its port is fixed: it may be another machine (RFC 8252 section 8.3). */
function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname)
}

/**
 * Character by character. For a registered loopback address the port is the request's own (RFC 8252 section 7.3):
 * everything else of it is still compared.
 */
export function matchesRedirectUri(registered: readonly string[], presented: string): boolean {
  if (registered.includes(presented)) return true
  const given = LOOPBACK_URI.exec(presented)
  if (!given || !URL.canParse(presented)) return false
  return registered.some((uri) => {
    const known = LOOPBACK_URI.exec(uri)
    return known !== null && known[1] === given[1] && known[2] === given[2]
  })
}
