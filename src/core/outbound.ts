/** What the domain asks of other servers, and how: by a port, so that nothing in `src/core` opens a connection itself. */

export interface OutboundAnswer {
  readonly status: number
  /** Lower case, without parameters. */
  readonly mediaType: string
  readonly body: string
}

/**
 * Requests to addresses that a client or an administrator named. Redirects are not followed, answers are bounded in size
 * and time, and addresses inside the own network are refused unless the configuration allows them: an address that
 * somebody else chose must not reach what only this server can reach. Throws an `Error` with one sentence.
 */
export interface Outbound {
  get(url: string, accept: string): Promise<OutboundAnswer>
  /** `application/x-www-form-urlencoded`. */
  post(url: string, form: Readonly<Record<string, string>>): Promise<OutboundAnswer>
}
