/** The Content-Security-Policy of a page: nothing inline, nothing from elsewhere but what the page names. */

export interface PolicyParts {
  readonly scripts?: boolean
  readonly images?: readonly string[]
  readonly formTargets?: readonly string[]
}

export function policyOf({ scripts = false, images = [], formTargets: targets = [] }: PolicyParts): string {
  return [
    "default-src 'none'",
    "style-src 'self'",
    `img-src ${["'self'", ...images.map(exactly)].join(' ')}`,
    "font-src 'self'",
    ...(scripts ? ["script-src 'self'", "connect-src 'self'"] : []),
    `form-action ${["'self'", ...targets].join(' ')}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ')
}

/**
 * What `form-action` has to allow so that a form may end at this redirect URI. Chromium counts every redirect that follows
 * a form, also those of the client's own: an identity broker forwards to a host that we never hear of. So https leads to
 * https, a loopback client to its own port, and an app to its own scheme.
 */
export function formTargets(redirectUri: string | undefined): readonly string[] {
  const url = redirectUri === undefined ? null : URL.parse(redirectUri)
  if (!url || !/^[a-z][a-z0-9+.-]*:$/.test(url.protocol)) return []
  // A host source cannot spell an IPv6 address.
  if (url.protocol === 'http:' && !url.hostname.startsWith('[')) return [url.origin]
  return ['javascript:', 'data:', 'blob:', 'vbscript:'].includes(url.protocol) ? [] : [url.protocol]
}

/** An image's address as a source: what would end a directive is encoded, query and fragment do not take part. */
function exactly(href: string): string {
  const { origin, pathname } = new URL(href)
  return origin + pathname.replace(/[;,]/g, (character) => `%${character.charCodeAt(0).toString(16)}`)
}
