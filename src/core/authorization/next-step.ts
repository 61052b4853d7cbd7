/** What comes next on the way to an answer, decided from the interaction and from who is there; nothing is read here. */
import type { Visitor } from '../browser/browser-sessions.ts'
import type { Client } from '../clients/records.ts'
import { SINGLE_FACTOR } from '../factors/acr.ts'
import type { NextFactor } from '../factors/factors.ts'
import type { OAuthErrorCode } from '../oauth/oauth-error.ts'
import type { AuthorizationRequest, Interaction } from './records.ts'

export type Page = 'login' | 'second-factor' | 'enrol' | 'consent'

export type NextStep =
  | { readonly kind: 'page'; readonly page: Page }
  | { readonly kind: 'respond' }
  | { readonly kind: 'refuse'; readonly code: OAuthErrorCode; readonly description: string }

export interface Situation {
  readonly interaction: Pick<Interaction, 'request' | 'proven' | 'loginSid' | 'consentSid' | 'switching' | 'createdAt'>
  readonly client: Client | undefined
  readonly visitor: Visitor | undefined
  /** What the visitor, or who has proven the first factor, still has to show. */
  readonly factor: NextFactor
  /** Whether the visitor has allowed all of it before. */
  readonly remembered: boolean
  readonly now: number
}

/** The order of the questions is the order of the lines. */
export function nextStep(situation: Situation): NextStep {
  const { interaction, client, visitor, factor } = situation
  const { request, proven, loginSid } = interaction
  if (proven && factor.step !== 'none') return factorPage(factor)
  const silent = request?.prompt.includes('none') ?? false
  const loggedInHere = visitor !== undefined && loginSid === visitor.session.sid
  if (!visitor || !(loggedInHere || isEnough(situation, visitor)))
    return silent ? refuse('login_required', 'Nobody is logged in, or not lately enough') : page('login')
  const subject = request?.subject ?? visitor.user.id
  if (subject !== visitor.user.id)
    return silent || loggedInHere ? refuse('login_required', 'Somebody else is logged in') : page('login')
  if (factor.step !== 'none' && visitor.session.acr === SINGLE_FACTOR)
    return silent ? refuse('interaction_required', 'A second factor is needed') : factorPage(factor)
  if (request && client && asksConsent({ ...situation, request, client, visitor, loggedInHere }))
    return silent ? refuse('consent_required', 'The person has to allow this') : page('consent')
  return { kind: 'respond' }
}

/** Whether a login from before the request will do. */
function isEnough({ interaction: { request, switching }, now }: Situation, { session }: Visitor): boolean {
  if (switching) return false
  if (!request) return true
  if (request.prompt.includes('login')) return false
  return request.maxAge === null || now - session.authTime <= request.maxAge * 1000
}

interface Asking extends Situation {
  readonly request: AuthorizationRequest
  readonly client: Client
  readonly visitor: Visitor
  readonly loggedInHere: boolean
}

function asksConsent({ interaction, request, client, visitor, loggedInHere, remembered }: Asking): boolean {
  if (interaction.consentSid === visitor.session.sid) return false
  if (request.prompt.includes('consent')) return true
  // The page says who is logged in and offers to be somebody else; who has just logged in has chosen.
  if (request.prompt.includes('select_account') && !loggedInHere) return true
  if (client.consent === 'skip') return false
  return client.consent === 'always' || !remembered
}

function page(name: Page): NextStep {
  return { kind: 'page', page: name }
}

function factorPage({ step }: NextFactor): NextStep {
  return page(step === 'enrol' ? 'enrol' : 'second-factor')
}

function refuse(code: OAuthErrorCode, description: string): NextStep {
  return { kind: 'refuse', code, description }
}
