/**
 * Logging in on the login page with a ticket (RFC 4559). A browser is asked for one where the operator says that browsers
 * have them, or when the person chooses it. The question comes with the page, which is what is seen without an answer.
 */
import { Problem } from '../../core/problem.ts'
import { addressList } from '../client-address.ts'
import { negotiateHeader, ticketOf } from '../negotiate.ts'
import { type FrontChannelParts, PATHS, type Step } from './front-channel.ts'

/** Present in the address when the person has chosen to log in by ticket. */
const CHOSEN = 'ticket'

export function createTickets({ core }: FrontChannelParts) {
  const { login, authorizations } = core
  let known = { ranges: '', includes: addressList([]) }

  function isExpectedFrom(ip: string | undefined): boolean {
    const ranges = login.ticketNetworks()
    if (known.ranges !== ranges.join()) known = { ranges: ranges.join(), includes: addressList(ranges) }
    return ip !== undefined && known.includes(ip)
  }

  /** Somebody who wants to show that they are there, or to be somebody else, is not logged in without a word. */
  function isAskedFor({ seen, request, caller }: Step): boolean {
    if (!login.negotiates() || ticketOf(request.headers)) return false
    if (new URL(request.url).searchParams.has(CHOSEN)) return true
    const { request: asked, switching } = seen.started.interaction
    const silent = !switching && !asked?.prompt.some((prompt) => prompt === 'login' || prompt === 'select_account')
    return silent && isExpectedFrom(caller.ip)
  }

  return {
    /** The link to it, on the page. */
    sources: (step: Step) =>
      login.negotiates() ? [{ label: 'Kerberos', url: step.url(PATHS.login, { [CHOSEN]: '' }) }] : [],

    /** What a ticket leads to; nothing without one, or when it is not accepted. */
    async answer({ seen, browser, request, finish }: Step): Promise<Response | undefined> {
      const ticket = login.negotiates() ? ticketOf(request.headers) : undefined
      if (!ticket?.byteLength) return undefined
      try {
        const { outcome, reply } = await authorizations.logins.ticket(seen.started, ticket, browser)
        const response = finish(outcome)
        if (reply) response.headers.set('www-authenticate', negotiateHeader(reply))
        return response
      } catch (error) {
        if (error instanceof Problem && error.code === 'invalid_credentials') return undefined
        throw error
      }
    },

    /** The page, with the question for a ticket where one is expected. */
    async asking(step: Step, page: (options: { readonly status: number }) => Promise<Response>): Promise<Response> {
      if (!isAskedFor(step)) return page({ status: 200 })
      const response = await page({ status: 401 })
      response.headers.set('www-authenticate', negotiateHeader())
      return response
    },
  }
}
