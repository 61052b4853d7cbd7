/** Logging in with a ticket instead of a password (RFC 4559): the token goes to the sources, nothing is typed. */
import type { Verdict } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import { Problem } from '../problem.ts'
import type { Caller } from '../world.ts'
import { type Accept, type Outcome, recordLogin } from './accept.ts'
import { type AskDeps, askInTime, RETRY_AFTER } from './ask.ts'
import type { ConfiguredSource, Login } from './login.ts'
import type { Throttle } from './throttle.ts'

export interface NegotiateDeps extends AskDeps {
  readonly audit: Audit
  readonly sources: () => readonly ConfiguredSource[]
  readonly throttle: Throttle
  readonly accept: Accept
}

/** Beyond what any ticket needs, even one that carries a thousand groups. */
const LONGEST_TOKEN = 65_536
const NOBODY = 'unknown'

type Answer = { readonly outcome: Outcome; readonly reply?: Uint8Array }

export function createNegotiateLogin(
  deps: NegotiateDeps,
): Pick<Login, 'negotiates' | 'ticketNetworks' | 'withNegotiate'> {
  const { world, audit, sources, throttle, accept } = deps
  const negotiators = () => sources().filter(({ source }) => source.negotiate)

  async function ask(configured: ConfiguredSource, token: Uint8Array, caller: Caller): Promise<Answer> {
    const { negotiate } = configured.source
    let reply: Uint8Array | undefined
    // Reading a ticket takes no directory: one that keeps passwords waiting gives no rest to tickets.
    const verdict = await askInTime(`${configured.id} (tickets)`, deps, async (signal): Promise<Verdict> => {
      if (!negotiate) return { ok: false, why: 'credentials', detail: 'the source takes no tickets' }
      const answer = await negotiate.step(token, signal)
      reply = answer.reply
      return answer.verdict
    })
    const outcome = await accept(configured, verdict, caller)
    return outcome.ok && reply ? { outcome, reply } : { outcome }
  }

  /** The source that can read the ticket decides. A broken one might have been the one, which is told if no other is. */
  async function decide(token: Uint8Array, caller: Caller): Promise<Answer> {
    const refused = (reason: string): Answer => ({ outcome: { ok: false, why: 'credentials', reason, source: '' } })
    if (token.byteLength === 0 || token.byteLength > LONGEST_TOKEN) return refused('empty or too long')
    if (isNtlm(token)) return refused('NTLM')
    await throttle.admitTicket(caller.ip)
    let broken: Answer | undefined
    let answer = refused('no source takes tickets')
    for (const configured of negotiators()) {
      answer = await ask(configured, token, caller)
      if (answer.outcome.ok || !['credentials', 'unavailable'].includes(answer.outcome.why)) return answer
      if (answer.outcome.why === 'unavailable') broken = answer
    }
    if (!broken) await throttle.ticketRefused(caller.ip)
    return broken ?? answer
  }

  async function attempt(token: Uint8Array, caller: Caller): Promise<Answer> {
    try {
      const answer = await decide(token, caller)
      if (answer.outcome.ok || answer.outcome.why !== 'unavailable') return answer
      throw new Problem('unavailable', 'Tickets cannot be checked at this moment; try again', {
        retryAfter: RETRY_AFTER,
      })
    } catch (error) {
      const reason = error instanceof Problem ? error.code : 'failure'
      const detail = { reason, method: 'negotiate' }
      audit.record({ event: 'login', outcome: 'refused', target: `user:${NOBODY}`, caller, detail })
      throw error
    }
  }

  return {
    negotiates: () => negotiators().length > 0,
    ticketNetworks: () => negotiators().flatMap(({ source }) => source.negotiate?.networks ?? []),
    async withNegotiate(token, caller) {
      const { outcome, reply } = await attempt(token, caller)
      recordLogin(audit, caller, NOBODY, outcome)
      if (!outcome.ok) throw new Problem('invalid_credentials', 'The ticket is not accepted; log in with a password')
      const { user, groups, amr } = outcome
      const authentication = { user, ...(groups && { groups }), amr, authTime: world.now() }
      return reply ? { authentication, reply } : { authentication }
    },
  }
}

/** What browsers without a ticket send under the same scheme, bare or inside SPNEGO. No source is troubled with it. */
function isNtlm(token: Uint8Array): boolean {
  return Buffer.from(token.buffer, token.byteOffset, token.byteLength).includes('NTLMSSP\0')
}
