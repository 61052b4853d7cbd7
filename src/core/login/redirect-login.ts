/** Logging in elsewhere: the browser is sent to an upstream and comes back with something that the source can check. */
import { Type as t } from '@sinclair/typebox'
import { Value } from '@sinclair/typebox/value'
import type { RedirectStart, Verdict } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import { Problem } from '../problem.ts'
import { type Accept, recordLogin } from './accept.ts'
import { type AskDeps, askInTime, RETRY_AFTER } from './ask.ts'
import type { ConfiguredSource, Login } from './login.ts'

export interface RedirectDeps extends AskDeps {
  readonly audit: Audit
  readonly sources: () => readonly ConfiguredSource[]
  readonly accept: Accept
}

const startShape = t.Object({ url: t.String({ maxLength: 8_192 }), state: t.Record(t.String(), t.Unknown()) })
const LARGEST_STATE = 16_384
const NOBODY = 'unknown'
/** The source did answer, which is all that is asked here. */
const BEGUN: Verdict = { ok: false, why: 'credentials' }

export function createRedirectLogin(
  deps: RedirectDeps,
): Pick<Login, 'ways' | 'beginElsewhere' | 'completeElsewhere' | 'endElsewhere'> {
  const { world, audit, sources, accept } = deps

  function redirecting(id: string) {
    const configured = sources().find((each) => each.id === id)
    const redirect = configured?.source.redirect
    if (!configured || !redirect) throw new Problem('not_found', 'There is no such place to log in')
    return { configured, redirect }
  }

  return {
    ways: () => ({
      password: sources().some(({ source }) => source.password),
      elsewhere: sources().flatMap(({ id, label = id, source }) => (source.redirect ? [{ id, label }] : [])),
    }),
    async beginElsewhere(id, request) {
      const { redirect } = redirecting(id)
      let start: RedirectStart | undefined
      await askInTime(id, deps, async () => {
        start = await redirect.begin(request)
        return BEGUN
      })
      if (start && isUsable(start)) return start
      throw new Problem('unavailable', 'This place to log in cannot be reached at this moment', {
        retryAfter: RETRY_AFTER,
      })
    },
    async completeElsewhere(id, callback, caller) {
      const { configured, redirect } = redirecting(id)
      const verdict = await askInTime(id, deps, (signal) => redirect.complete({ ...callback, signal }))
      const outcome = await accept(configured, verdict, caller)
      recordLogin(audit, caller, NOBODY, outcome)
      if (outcome.ok) {
        const session = verdict.ok ? verdict.identity.session : undefined
        return { user: outcome.user, amr: outcome.amr, authTime: world.now(), ...(session && { session }) }
      }
      if (outcome.why !== 'unavailable')
        throw new Problem('invalid_credentials', 'The login there is not accepted here')
      throw new Problem('unavailable', 'This place to log in cannot be reached at this moment', {
        retryAfter: RETRY_AFTER,
      })
    },
    async endElsewhere(id, logout) {
      const configured = sources().find((each) => each.id === id)
      let url: string | undefined
      await askInTime(id, deps, async () => {
        url = await configured?.source.redirect?.end?.(logout)
        return BEGUN
      })
      return url !== undefined && isUsable({ url, state: {} }) ? url : undefined
    },
  }
}

/** A source is somebody else's code: where it sends browsers is looked at. */
function isUsable(start: RedirectStart): boolean {
  if (!Value.Check(startShape, start) || JSON.stringify(start.state).length > LARGEST_STATE) return false
  const url = URL.parse(start.url)
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && !/[\r\n]/.test(start.url)
}
