/** The authorization endpoint and the logins that lead to its answers. What is seen and clicked is told apart elsewhere. */
import type { Storage } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import type { BrowserSessions } from '../browser/browser-sessions.ts'
import type { ClientKeys } from '../clients/client-keys.ts'
import type { Clients } from '../clients/clients.ts'
import type { Client } from '../clients/records.ts'
import type { Factors } from '../factors/factors.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Sealer } from '../keys/sealing.ts'
import type { Login } from '../login/login.ts'
import { OAuthError } from '../oauth/oauth-error.ts'
import type { Parameters } from '../oauth/parameters.ts'
import type { Settings } from '../settings.ts'
import type { Dpop, DpopRequest } from '../token/dpop.ts'
import type { Targets } from '../token/target.ts'
import type { Users } from '../users/users.ts'
import type { Caller, World } from '../world.ts'
import { createAnswers } from './answer.ts'
import type { Beginnings } from './beginnings.ts'
import { createConsents, recordConsent } from './consents.ts'
import { createInteractions, type Interactions, type LocalLogin, type Started } from './interactions.ts'
import { type Browser, createJourneys, type Journeys, type Outcome, type Seen } from './journey.ts'
import { createLoginsElsewhere, type LoginsElsewhere } from './logins-elsewhere.ts'
import { createLogins, type Logins } from './logins.ts'
import { createPushedRequests } from './pushed-requests.ts'
import { createRequests } from './request.ts'
import type { Rights } from './rights.ts'

export interface Authorizations {
  /** A request that a browser brings. Throws an `OAuthError` that must be shown, never redirected. */
  request(parameters: Parameters, browser: Browser): Promise<Outcome>
  /** The same without looking at who is there: the browser's own next request goes on. */
  hold(parameters: Parameters, caller: Caller): Promise<Outcome>
  push(
    pushed: { readonly parameters: Parameters; readonly dpop: DpopRequest },
    client: Client,
    caller: Caller,
  ): Promise<{ readonly requestUri: string; readonly expiresIn: number }>
  /** At once at the path if nothing is missing. */
  local(login: LocalLogin, browser: Browser): Promise<Outcome>
  /** `undefined` if it is over, or was begun in another browser. */
  open(id: string, browser: Browser): Promise<Seen | undefined>
  resume(started: Started, browser: Browser): Promise<Outcome>
  /** The person allows what is asked; only where that is what comes next. */
  allow(seen: Seen, browser: Browser): Promise<Outcome>
  /** The person gives up. */
  deny(seen: Seen, browser: Browser): Promise<Outcome>
  /** The person wants to log in as somebody else. */
  switchAccount(started: Started, browser: Browser): Promise<Outcome>
  readonly logins: Logins
  readonly elsewhere: LoginsElsewhere
  readonly interactions: Interactions
}

export interface AuthorizationDeps {
  readonly storage: Storage
  readonly world: World
  readonly audit: Audit
  readonly settings: () => Settings
  readonly clients: Clients
  readonly clientKeys: ClientKeys
  readonly keys: KeyRing
  readonly sealer: Sealer
  readonly users: Users
  readonly login: Login
  readonly factors: Factors
  readonly rights: Rights
  readonly targets: Targets
  readonly dpop: Dpop
  readonly browserSessions: BrowserSessions
  readonly beginnings: Beginnings
}

export function createAuthorizations(given: AuthorizationDeps): Authorizations {
  const pushedRequests = createPushedRequests(given)
  const interactions = createInteractions(given)
  const parts = { interactions, consents: createConsents(given), answers: createAnswers(given) }
  const journeys = createJourneys({ ...given, ...parts })
  const logins = createLogins({ ...given, interactions, journeys })
  const requests = createRequests({ ...given, pushedRequests })
  return {
    ...steps({ interactions, journeys, audit: given.audit }),
    logins,
    elsewhere: createLoginsElsewhere({ ...given, interactions, logins }),
    interactions,
    async request(parameters, browser) {
      const read = await requests.read(parameters)
      if (!read.ok) return { kind: 'answer', answer: parts.answers.withError(read.to, read.error, read.client) }
      return await journeys.go(interactions.draft({ request: read.request }, browser.binding), browser, false)
    },
    async hold(parameters, caller) {
      const read = await requests.read(parameters)
      if (!read.ok) return { kind: 'answer', answer: parts.answers.withError(read.to, read.error, read.client) }
      const started = interactions.draft({ request: read.request }, undefined)
      await interactions.keep(started, caller)
      return { kind: 'page', page: 'login', id: started.id }
    },
    async push({ parameters, dpop }, client, caller) {
      const asked = await requests.readPushed(parameters, client)
      const jkt = await given.dpop.check(dpop)
      if (!client.confidential) await given.beginnings.count(caller)
      return await pushedRequests.keep(asked, jkt)
    },
  }
}

function steps(deps: { readonly interactions: Interactions; readonly journeys: Journeys; readonly audit: Audit }) {
  const { interactions, journeys, audit } = deps
  return {
    async local(login: LocalLogin, browser: Browser) {
      return await journeys.go(interactions.draft(login, browser.binding), browser, false)
    },
    async open(id: string, browser: Browser) {
      const started = await interactions.find(id, browser.binding)
      return started && (await journeys.see(started, browser))
    },
    resume: (started: Started, browser: Browser) => journeys.go(started, browser),
    async allow({ started, step, visitor }: Seen, browser: Browser) {
      if (step.kind !== 'page' || step.page !== 'consent' || !visitor) return await journeys.go(started, browser)
      const allowed = await interactions.change(started, { consentSid: visitor.session.sid })
      return await journeys.go(allowed, browser)
    },
    async deny({ started, step, visitor }: Seen, { caller }: Browser) {
      const { request: asked } = started.interaction
      if (step.kind === 'page' && step.page === 'consent' && visitor && asked)
        recordConsent(audit, { visitor, allowed: false, asked, caller })
      return await journeys.fail(started, new OAuthError('access_denied', 'The person said no'))
    },
    async switchAccount(started: Started, browser: Browser) {
      const over = { switching: true, proven: null, loginSid: null, consentSid: null, enrolling: null }
      return await journeys.go(await interactions.change(started, over), browser)
    },
  }
}
