/** A login at an upstream within an interaction: begun for it, come back to it, and to nothing else. */
import type { Visitor } from '../browser/browser-sessions.ts'
import { digestOf, isSameDigest } from '../digest.ts'
import type { Sealer } from '../keys/sealing.ts'
import type { Login } from '../login/login.ts'
import { Problem } from '../problem.ts'
import type { Settings } from '../settings.ts'
import { newToken } from '../token/token-text.ts'
import type { World } from '../world.ts'
import type { Interactions, Started } from './interactions.ts'
import type { Browser, Outcome, Seen } from './journey.ts'
import type { Logins } from './logins.ts'
import { interactions as records } from './records.ts'

export interface LoginsElsewhere {
  /** The address of the upstream. */
  begin(seen: Seen, source: string): Promise<string>
  /** Id of the interaction that a `state` belongs to, without saying that it does. */
  idOf(state: string): string
  /** `search` is the query that the browser came back with. Throws `Problem` for everything that is no login. */
  complete(started: Started, search: string, browser: Browser): Promise<Outcome>
  /** Where to end the login there too; the browser comes back to the logout page with `state`. */
  logoutUrl(visitor: Visitor, state: string): Promise<string | undefined>
}

export const CALLBACK = '/auth/oauth/callback'
export const LOGGED_OUT = '/auth/logout'

const sessionOf = (userId: string) => ({ purpose: 'upstream-session', collection: 'user', key: userId })

export function createLoginsElsewhere(deps: {
  readonly world: World
  readonly settings: () => Settings
  readonly sealer: Sealer
  readonly login: Login
  readonly interactions: Interactions
  readonly logins: Logins
}): LoginsElsewhere {
  const { world, settings, sealer, login, interactions, logins } = deps
  const callbackUrl = () => settings().issuer + CALLBACK
  const placeOf = ({ interaction }: Started) => ({
    purpose: 'upstream',
    collection: records.name,
    key: interaction.digest,
  })

  return {
    async begin({ started }, source) {
      const state = `${started.id}.${newToken('', world)}`
      const { request, switching } = started.interaction
      const again = switching || request?.prompt.includes('login') === true
      const prompt = again ? 'login' : request?.prompt.includes('select_account') ? 'select_account' : undefined
      const start = await login.beginElsewhere(source, {
        callbackUrl: callbackUrl(),
        state,
        ...(request?.loginHint && { loginHint: request.loginHint }),
        ...(prompt !== undefined && { prompt }),
        ...(request?.maxAge != null && { maxAge: request.maxAge }),
      })
      const sealed = sealer.seal(JSON.stringify(start.state), placeOf(started))
      await interactions.change(started, { upstream: { source, stateDigest: digestOf(state), sealed } })
      return start.url
    },
    idOf: (state) => state.slice(0, Math.max(0, state.indexOf('.'))),
    async complete(started, search, browser) {
      const { upstream } = started.interaction
      const state = new URLSearchParams(search).get('state') ?? ''
      if (!upstream || !isSameDigest(upstream.stateDigest, digestOf(state)))
        throw new Problem('invalid_credentials', 'This login was not begun, or is over')
      const over = await interactions.change(started, { upstream: null })
      const callback = {
        url: callbackUrl() + search,
        callbackUrl: callbackUrl(),
        state: JSON.parse(sealer.open(upstream.sealed, placeOf(started))) as Readonly<Record<string, unknown>>,
      }
      const { session, ...proof } = await login.completeElsewhere(upstream.source, callback, browser.caller)
      if (!session) return await logins.proven(over, proof, browser)
      const sealed = sealer.seal(JSON.stringify(session), sessionOf(proof.user.id))
      return await logins.proven(over, { ...proof, upstream: { source: upstream.source, sealed } }, browser)
    },
    async logoutUrl({ session: { upstream }, user }, state) {
      if (upstream === null) return undefined
      const session = JSON.parse(sealer.open(upstream.sealed, sessionOf(user.id))) as Readonly<Record<string, unknown>>
      return await login.endElsewhere(upstream.source, { session, returnUrl: settings().issuer + LOGGED_OUT, state })
    },
  }
}
