/** Proving who one is within an interaction: the first factor, the second, and the session that comes of them. */
import type { BrowserSessions } from '../browser/browser-sessions.ts'
import type { Clients } from '../clients/clients.ts'
import { acrOf, SINGLE_FACTOR, withSecondFactor } from '../factors/acr.ts'
import type { Factors, Proof } from '../factors/factors.ts'
import type { TotpEnrolment } from '../factors/totp.ts'
import type { Authentication, Login } from '../login/login.ts'
import { Problem } from '../problem.ts'
import type { User } from '../users/records.ts'
import type { Users } from '../users/users.ts'
import type { Interactions, Started } from './interactions.ts'
import type { Browser, Journeys, Outcome, Seen } from './journey.ts'

export interface Logins {
  /** Throws a `Problem` as `login.withPassword` does. */
  password(
    started: Started,
    typed: { readonly username: string; readonly password: string },
    browser: Browser,
  ): Promise<Outcome>
  /** By a ticket, as `login.withNegotiate` takes it and throws; `reply` is the server's proof of itself. */
  ticket(
    started: Started,
    token: Uint8Array,
    browser: Browser,
  ): Promise<{ readonly outcome: Outcome; readonly reply?: Uint8Array }>
  /** Goes on after any first factor. */
  proven(started: Started, proof: Authentication, browser: Browser): Promise<Outcome>
  /** With a passkey alone; `undefined` if it is none that we know. */
  passkey(started: Started, response: unknown, browser: Browser): Promise<Outcome | undefined>
  /** `undefined` if it is wrong. */
  secondFactor(seen: Seen, proof: Proof, browser: Browser): Promise<Outcome | undefined>
  /** The authenticator that somebody enrols who has none, the same one each time it is shown. */
  enrolment(seen: Seen): Promise<TotpEnrolment>
  /** Ends the enrolment and logs in; the codes are shown once. `undefined` if the code of the app is wrong. */
  enrolled(
    seen: Seen,
    code: string,
    browser: Browser,
  ): Promise<{ readonly cookie: string; readonly recoveryCodes: readonly string[] } | undefined>
}

export interface LoginsDeps {
  readonly clients: Clients
  readonly users: Users
  readonly login: Login
  readonly factors: Factors
  readonly browserSessions: BrowserSessions
  readonly interactions: Interactions
  readonly journeys: Journeys
}

/** An authentication, and whether it happened within the interaction or before. */
interface Proven extends Authentication {
  readonly here: boolean
}

export function createLogins(deps: LoginsDeps): Logins {
  const { clients, users, login, factors, browserSessions, interactions, journeys } = deps

  async function begun(started: Started, { user, amr, authTime, here, upstream }: Proven, browser: Browser) {
    const { session: before, userAgent, caller } = browser
    const kept = { cookie: before, userAgent, ...(upstream && { upstream }) }
    const session = await browserSessions.begin({ user, amr, authTime, ...kept }, caller)
    if (!session) throw new Problem('invalid_credentials', 'The login has changed meanwhile; log in again')
    const { sid } = session.visitor.session
    const over = { proven: null, switching: false, enrolling: null, upstream: null, ...(here && { loginSid: sid }) }
    return { started: await interactions.change(started, over), cookie: session.cookie }
  }

  async function established(started: Started, login: Proven, browser: Browser): Promise<Outcome> {
    const { started: changed, cookie } = await begun(started, login, browser)
    return { ...(await journeys.go(changed, { ...browser, session: cookie })), cookie }
  }

  async function proven(started: Started, proof: Authentication, browser: Browser): Promise<Outcome> {
    const { user, amr, authTime } = proof
    const { request, forClient } = started.interaction
    const clientId = request?.clientId ?? forClient
    const client = clientId === null ? undefined : await clients.get(clientId)
    const asked = { groups: () => users.groupsOf(user.id), client, acrValues: request?.acrValues ?? [] }
    const enough = acrOf(amr) !== SINGLE_FACTOR || (await factors.next(user, asked)).step === 'none'
    if (enough) return await established(started, { ...proof, here: true }, browser)
    const { id: userId, passwordChangedAt } = user
    const held = { userId, amr: [...amr], authTime, passwordChangedAt, upstream: proof.upstream ?? null }
    const change = { proven: held, loginSid: null, consentSid: null, enrolling: null, upstream: null }
    return await journeys.go(await interactions.change(started, change), browser)
  }

  /** The first factor of this login, or of the session that is raised; with the second one. */
  function raised({ started, visitor, user }: Seen, amr: readonly string[]): Proven {
    const { proven: held } = started.interaction
    if (held && user?.id === held.userId) {
      const both = withSecondFactor(held.amr, amr)
      return { user, amr: both, authTime: held.authTime, here: true, ...(held.upstream && { upstream: held.upstream }) }
    }
    if (!visitor) throw new Problem('invalid_credentials', 'Log in first')
    const { session } = visitor
    const both = withSecondFactor(session.amr, amr)
    const { authTime, upstream } = session
    return { user: visitor.user, amr: both, authTime, here: false, ...(upstream && { upstream }) }
  }

  return {
    proven,
    async password(started, typed, browser) {
      return await proven(started, await login.withPassword(typed, browser.caller), browser)
    },
    async ticket(started, token, browser) {
      const { authentication, reply } = await login.withNegotiate(token, browser.caller)
      const outcome = await proven(started, authentication, browser)
      return reply ? { outcome, reply } : { outcome }
    },
    async passkey(started, response, browser) {
      const found = await factors.passkeyLogin(response, browser.caller)
      return found.ok ? await proven(started, found, browser) : undefined
    },
    async secondFactor(seen, proof, browser) {
      const verified = await factors.verify(personIn(seen), proof, browser.caller)
      return verified.ok ? await established(seen.started, raised(seen, verified.amr), browser) : undefined
    },
    async enrolment(seen) {
      const user = personIn(seen)
      const { enrolling } = seen.started.interaction
      const pending = enrolling === null ? undefined : await factors.pendingTotp(user, enrolling)
      if (pending) return pending
      const fresh = await factors.enrolTotp(user)
      await interactions.change(seen.started, { enrolling: fresh.id })
      return fresh
    },
    async enrolled(seen, code, browser) {
      const user = personIn(seen)
      const { enrolling } = seen.started.interaction
      const right = enrolling !== null && (await factors.confirmTotp(user, { id: enrolling, code }, browser.caller))
      if (!right) return undefined
      const { cookie } = await begun(seen.started, raised(seen, ['otp']), browser)
      return { cookie, recoveryCodes: await factors.newRecoveryCodes(user, browser.caller) }
    },
  }
}

function personIn({ user }: Seen): User {
  if (!user) throw new Problem('invalid_credentials', 'Log in first')
  return user
}
