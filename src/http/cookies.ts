/** Cookies of browsers, and the token against forged forms that is made of them. */
import { digestOf, isSameDigest } from '../core/digest.ts'

export interface Cookie {
  /** As it stands in the header; `undefined` if the browser sent none, or an empty one. */
  read(request: Request): string | undefined
  /** A `Set-Cookie`; without `seconds` it goes when the browser closes. */
  write(value: string, seconds?: number): string
  /** A `Set-Cookie` that takes it away. */
  readonly clear: string
}

/**
 * With https the name begins with `__Host-`: no other host, and no page under plain http, can have set it. `Lax` lets it
 * come along when another site links here, and with no form from there.
 */
export function createCookie(name: string, { https }: { readonly https: boolean }): Cookie {
  const full = https ? `__Host-${name}` : name
  const attributes = `; Path=/; HttpOnly; SameSite=Lax${https ? '; Secure' : ''}`
  return {
    read: (request) => valueOf(request.headers.get('cookie') ?? '', full) || undefined,
    write: (value, seconds) => {
      return `${full}=${value}${attributes}${seconds === undefined ? '' : `; Max-Age=${Math.floor(seconds)}`}`
    },
    clear: `${full}=${attributes}; Max-Age=0`,
  }
}

function valueOf(header: string, name: string): string | undefined {
  const pairs = header.split(';').map((pair) => pair.trim())
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1)
}

/** The token that forms of pages for this cookie carry. It tells nothing of the cookie. */
export function csrfOf(cookie: string): string {
  return digestOf('csrf', cookie)
}

export function isCsrfOf(cookie: string, token: string): boolean {
  return isSameDigest(csrfOf(cookie), token)
}
