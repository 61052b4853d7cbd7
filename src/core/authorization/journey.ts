/** One interaction seen from one browser: what is known of it now, and how far that leads. */
import type { Storage } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import type { BrowserSessions, Visitor } from '../browser/browser-sessions.ts'
import type { Clients } from '../clients/clients.ts'
import type { Client } from '../clients/records.ts'
import { matchesRedirectUri } from '../clients/redirect-uri.ts'
import { TWO_FACTORS } from '../factors/acr.ts'
import type { Factors, NextFactor } from '../factors/factors.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { VhostGrant } from '../rabbitmq/rules.ts'
import { canLogIn } from '../users/find-users.ts'
import type { User } from '../users/records.ts'
import type { Users } from '../users/users.ts'
import type { Caller, World } from '../world.ts'
import type { Answer, Answers } from './answer.ts'
import { type Consents, recordConsent } from './consents.ts'
import type { Interactions, Started } from './interactions.ts'
import { type NextStep, nextStep, type Page } from './next-step.ts'
import type { AuthorizationRequest, Interaction } from './records.ts'
import type { Rights } from './rights.ts'

/** Whose requests these are, as far as cookies say. */
export interface Browser {
  /** Binds interactions to this browser. */
  readonly binding: string
  /** The cookie of a session. */
  readonly session: string | undefined
  readonly userAgent: string
  readonly caller: Caller
}

/** Where an interaction stands. */
export interface Seen {
  readonly started: Started
  readonly client: Client | undefined
  readonly visitor: Visitor | undefined
  /** Who has proven the first factor, or who is logged in. */
  readonly user: User | undefined
  readonly factor: NextFactor
  readonly step: NextStep
  /** What the rules give in the vhost that is asked for. */
  readonly rights: VhostGrant | undefined
}

export type Outcome = (
  | { readonly kind: 'page'; readonly page: Page; readonly id: string }
  | { readonly kind: 'answer'; readonly answer: Answer }
  /** A path below the public URL. */
  | { readonly kind: 'local'; readonly next: string }
) & {
  /** The session cookie that a login has made. */
  readonly cookie?: string
}

export interface JourneyDeps {
  readonly storage: Storage
  readonly world: World
  readonly audit: Audit
  readonly clients: Clients
  readonly users: Users
  readonly factors: Factors
  readonly rights: Rights
  readonly browserSessions: BrowserSessions
  readonly interactions: Interactions
  readonly consents: Consents
  readonly answers: Answers
}

export interface Journeys {
  see(started: Started, browser: Browser): Promise<Seen>
  /** As far as it goes without the person; `stored` is false for an interaction that may end before it is kept. */
  go(started: Started, browser: Browser, stored?: boolean): Promise<Outcome>
  /** Ends it with an error for the client, or at the login for a login without one. */
  fail(started: Started, error: OAuthError): Promise<Outcome>
}

const NO_FACTOR: NextFactor = { step: 'none', methods: [] }

export function createJourneys(deps: JourneyDeps): Journeys {
  const { storage, world, audit, clients, users, factors, rights } = deps
  const { browserSessions, interactions, consents, answers } = deps

  async function clientOf({ request, forClient }: Interaction): Promise<Client | undefined> {
    const id = request?.clientId ?? forClient
    if (id === null) return undefined
    const client = await clients.get(id)
    if (!client || client.disabled) throw new OAuthError('invalid_client', 'There is no such client', { status: 400 })
    // It may have changed since the request was checked.
    if (request && !mayAnswer(client, request))
      throw new OAuthError('invalid_request', 'The client has changed meanwhile; begin anew where you came from')
    return client
  }

  /** Who has shown the first factor, if that still counts. */
  async function provenUser({ interaction: { proven } }: Started): Promise<User | undefined> {
    const user = proven ? await users.get(proven.userId) : undefined
    if (!proven || !user || !canLogIn(user) || user.id !== proven.userId) return undefined
    return user.passwordChangedAt === proven.passwordChangedAt ? user : undefined
  }

  async function factorOf(user: User, { interaction: { request } }: Started, client: Client | undefined) {
    const groups = () => users.groupsOf(user.id)
    return await factors.next(user, { groups, client, acrValues: request?.acrValues ?? [] })
  }

  async function see(started: Started, browser: Browser): Promise<Seen> {
    const { request } = started.interaction
    const [client, visitor, proven] = await Promise.all([
      clientOf(started.interaction),
      browserSessions.find(browser.session),
      provenUser(started),
    ])
    const interaction = proven ? started.interaction : { ...started.interaction, proven: null }
    const user = proven ?? visitor?.user
    const shown = !proven && visitor?.session.acr === TWO_FACTORS
    const factor = !user || shown ? NO_FACTOR : await factorOf(user, started, client)
    const remembered = visitor && request ? await consents.covers(visitor.user.id, request) : false
    const step = nextStep({ interaction, client, visitor, factor, remembered, now: world.now() })
    const seen = { started, client, visitor, user, factor, step, rights: undefined }
    const decided = step.kind === 'respond' || (step.kind === 'page' && step.page === 'consent')
    if (!decided || !visitor || !request || request.broker === null) return seen
    const given = await rights.of(visitor.user, request)
    return given ? { ...seen, rights: given } : { ...seen, step: NO_RIGHTS }
  }

  async function respond({ started, client, visitor }: Seen, { caller }: Browser, stored: boolean): Promise<Outcome> {
    const { request, next, consentSid, digest } = started.interaction
    if (!request || !client || !visitor) {
      await storage.commit(interactions.endOf(started))
      return { kind: 'local', next: next ?? '/' }
    }
    const allowed = consentSid === visitor.session.sid
    const also = allowed ? await consents.remember(visitor.user.id, request) : []
    const answer = await answers.withCode({ client, request, visitor, interaction: stored ? digest : undefined, also })
    if (allowed && answer) recordConsent(audit, { visitor, allowed, asked: request, caller })
    if (answer) return { kind: 'answer', answer }
    throw new OAuthError('invalid_request', 'This login has ended; begin it anew where you came from')
  }

  async function fail(started: Started, error: OAuthError): Promise<Outcome> {
    await storage.commit(interactions.endOf(started))
    const { request } = started.interaction
    const client = await clientOf(started.interaction)
    if (!request || !client) return { kind: 'local', next: '/auth/login-page' }
    return { kind: 'answer', answer: answers.withError(request, error, client) }
  }

  return {
    see,
    fail,
    async go(started, browser, stored = true) {
      const seen = await see(started, browser)
      const { step } = seen
      if (step.kind === 'respond') return await respond(seen, browser, stored)
      if (step.kind === 'refuse') return await fail(started, new OAuthError(step.code, step.description))
      if (!stored) await interactions.keep(started, browser.caller)
      return { kind: 'page', page: step.page, id: started.id }
    },
  }
}

const NO_RIGHTS: NextStep = {
  kind: 'refuse',
  code: 'access_denied',
  description: 'No rule gives this person rights in this vhost',
}

function mayAnswer({ grants, redirectUris }: Client, { redirectUri }: AuthorizationRequest): boolean {
  return grants.includes('authorization_code') && matchesRedirectUri(redirectUris, redirectUri)
}
