/** RFC 4559 in headers: the ticket that a client sends, and the server's proof of itself. */

/** Empty for the scheme alone or for what is no base64, `undefined` without the scheme. */
export function ticketOf(headers: Headers): Uint8Array | undefined {
  const scheme = /^negotiate(?: +(?<value>.*))?$/i.exec(headers.get('authorization') ?? '')
  const value = scheme?.groups?.['value'] ?? ''
  return scheme ? Buffer.from(/^[A-Za-z0-9+/]+={0,2}$/.test(value) ? value : '', 'base64') : undefined
}

/** The question for a ticket, or the answer to one. */
export function negotiateHeader(reply?: Uint8Array): string {
  return reply ? `Negotiate ${Buffer.from(reply).toString('base64')}` : 'Negotiate'
}
