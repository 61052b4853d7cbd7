/** The login pipeline. The order of the checks is the order of the lines. */
import type { Storage } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import { Problem } from '../problem.ts'
import type { Settings } from '../settings.ts'
import { canLogIn, userFinder } from '../users/find-users.ts'
import type { User } from '../users/records.ts'
import type { Caller } from '../world.ts'
import { createAccept, type Outcome, recordLogin } from './accept.ts'
import { createAdmission } from './admit.ts'
import { type AskDeps, askInTime, passwordAsker, RETRY_AFTER, throttled } from './ask.ts'
import type { ConfiguredSource, Login } from './login.ts'
import { createNegotiateLogin } from './negotiate-login.ts'
import { createRedirectLogin } from './redirect-login.ts'
import type { Throttle } from './throttle.ts'

export interface LoginDeps extends AskDeps {
  readonly storage: Storage
  readonly settings: () => Settings
  readonly audit: Audit
  readonly sources: () => readonly ConfiguredSource[]
  readonly throttle: Throttle
}

export function createLogin(deps: LoginDeps): Login {
  const { storage, world, audit, sources, throttle } = deps
  const ask = passwordAsker(deps)
  const finder = userFinder(storage)
  const admission = createAdmission(deps)
  const accept = createAccept(deps)

  function sourceOf(id: string): ConfiguredSource | undefined {
    return sources().find((configured) => configured.id === id)
  }

  async function tryAt(
    configured: ConfiguredSource,
    { login, user }: { readonly login: Parameters<typeof ask>[1]; readonly user?: User },
    caller: Caller,
  ): Promise<Outcome> {
    return accept(configured, await ask(configured, login), caller, user)
  }

  /**
   * Somebody new is looked for in order; the first source that knows the name decides. A broken one might have been the
   * one, which is told if no other is.
   */
  async function tryAll(login: Parameters<typeof ask>[1], caller: Caller): Promise<Outcome> {
    const asked = new Set<ConfiguredSource>()
    let broken: Outcome | undefined
    let outcome: Outcome = { ok: false, why: 'credentials', reason: 'no source knows this user', source: '' }
    for (const configured of sources().filter(({ provision, source }) => provision && source.password)) {
      asked.add(configured)
      outcome = await tryAt(configured, { login }, caller)
      if (outcome.ok || !['credentials', 'unavailable'].includes(outcome.why)) return outcome
      if (outcome.why === 'unavailable') broken ??= outcome
    }
    return (await decoy(login, asked)) ?? broken ?? outcome
  }

  /** The check that a user who is managed here would cost, so that its absence tells nobody that there is none. */
  async function decoy(
    login: Parameters<typeof ask>[1],
    asked: ReadonlySet<ConfiguredSource>,
  ): Promise<Outcome | undefined> {
    const keeper = sources().find(({ source }) => source.passwordChange)
    if (!keeper || asked.has(keeper)) return undefined
    const verdict = await ask(keeper, { username: login.username, password: login.password })
    if (verdict.ok || verdict.why !== 'unavailable') return undefined
    return { ok: false, why: 'unavailable', reason: verdict.detail ?? verdict.why, source: keeper.id }
  }

  async function decide(
    {
      username,
      password,
      user,
    }: { readonly username: string; readonly password: string; readonly user: User | undefined },
    caller: Caller,
  ): Promise<Outcome> {
    if (!user) return tryAll({ username, password }, caller)
    const configured = sourceOf(user.source)
    if (configured) {
      const outcome = await tryAt(
        configured,
        { login: { username: user.username, externalId: user.externalId, password }, user },
        caller,
      )
      if (outcome.ok || outcome.why !== 'credentials') return outcome
      return (await decoy({ username, password }, new Set([configured]))) ?? outcome
    }
    const gone: Outcome = {
      ok: false,
      why: 'not-allowed',
      reason: 'login source is not configured',
      source: user.source,
    }
    return (await decoy({ username, password }, new Set())) ?? gone
  }

  /** What came before a verdict, or instead of one. */
  async function attempt(username: string, password: string, caller: Caller): Promise<Outcome> {
    try {
      const user = await finder.byName(username)
      const attempted = { username, ip: caller.ip, source: user?.source }
      return await throttled(throttle, attempted, () => decide({ username, password, user }, caller))
    } catch (error) {
      const reason = error instanceof Problem ? error.code : 'failure'
      audit.record({ event: 'login', outcome: 'refused', target: `user:${username}`, caller, detail: { reason } })
      throw error
    }
  }

  return {
    ...createNegotiateLogin({ ...deps, accept }),
    ...createRedirectLogin({ ...deps, accept }),

    async withPassword({ username, password }, caller) {
      const outcome = await attempt(username, password, caller)
      recordLogin(audit, caller, username, outcome)
      if (!outcome.ok) throw new Problem('invalid_credentials', 'User name or password is wrong')
      const { user, groups, amr } = outcome
      return { user, ...(groups && { groups }), amr, authTime: world.now() }
    },

    async recheck({ id }, caller) {
      const refuse = (reason: string) => new Problem('invalid_token', 'Log in again', { cause: new Error(reason) })
      const user = await finder.byId(id)
      if (!user) throw refuse('the user was deleted')
      if (!canLogIn(user)) throw refuse('the user is disabled or not activated')
      const configured = sourceOf(user.source)
      if (!configured) throw refuse(`login source ${user.source} is not configured`)
      const { refresh } = configured.source
      if (!refresh) return user
      const { externalId, username } = user
      const verdict = await askInTime(configured.id, deps, (signal) => refresh({ externalId, username, signal }))
      if (!verdict.ok && verdict.why === 'unavailable') {
        throw new Problem('unavailable', 'The login source cannot be asked at this moment', { retryAfter: RETRY_AFTER })
      }
      if (!verdict.ok) throw refuse(`login source ${user.source} answers: ${verdict.why}`)
      if (verdict.identity.externalId !== externalId) throw refuse('the name belongs to somebody else by now')
      return (await admission.admit(user.source, verdict.identity, caller))?.user ?? user
    },
  }
}
