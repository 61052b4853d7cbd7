/** From the verdict of a source to an outcome: the identity becomes our user, or the reason why not is kept for the audit log. */
import type { Identity, Storage, Verdict, Why } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import { canLogIn, userFinder } from '../users/find-users.ts'
import type { User } from '../users/records.ts'
import type { Caller, World } from '../world.ts'
import { createAdmission } from './admit.ts'
import type { Authentication, ConfiguredSource } from './login.ts'

/** Groups are there if they had to be read. */
type Known = Pick<Authentication, 'user' | 'groups'>

export type Outcome =
  | (Known & { readonly ok: true; readonly amr: readonly string[]; readonly source: string })
  | { readonly ok: false; readonly why: Why; readonly reason: string; readonly source: string }

/** What is made of a verdict of this source. Whoever has read a record a moment ago that may be the one hands it over. */
export type Accept = (configured: ConfiguredSource, verdict: Verdict, caller: Caller, read?: User) => Promise<Outcome>

export function createAccept(deps: {
  readonly storage: Storage
  readonly world: World
  readonly audit: Audit
}): Accept {
  const finder = userFinder(deps.storage)
  const admission = createAdmission(deps)

  /** Users who are managed here keep what their record says; the others are what their directory says. */
  async function known(
    configured: ConfiguredSource,
    { identity, read }: { readonly identity: Identity; readonly read: User | undefined },
    caller: Caller,
  ): Promise<Outcome> {
    const { id: source, provision } = configured
    const refuse = (why: Why, reason: string): Outcome => ({ ok: false, why, reason, source })
    const same = read?.source === source && read.externalId === identity.externalId
    const before = same ? read : await finder.byIdentity(source, identity.externalId)
    if (!before && !provision) return refuse('not-allowed', 'unknown here, and this source creates no users')
    if (before && !mayReturn(before)) return refuse('disabled', before.disabled ? 'disabled here' : 'not activated')
    const here: Known | undefined =
      before && configured.source.passwordChange
        ? { user: before }
        : await admission.admit(source, identity, caller, before)
    if (!here) return refuse('not-allowed', 'the name belongs to another user or to a client')
    return { ok: true, ...here, amr: identity.amr ?? ['pwd'], source }
  }

  return async (configured, verdict, caller, read) => {
    if (verdict.ok) return known(configured, { identity: verdict.identity, read }, caller)
    return { ok: false, why: verdict.why, reason: verdict.detail ?? verdict.why, source: configured.id }
  }
}

/** Whom the source itself had disabled, it may let in again. */
function mayReturn(user: User): boolean {
  return canLogIn({ ...user, disabled: user.disabled && !user.disabledBySource })
}

/** One `login` event for each attempt, whatever becomes of it. */
export function recordLogin(audit: Audit, caller: Caller, username: string, outcome: Outcome): void {
  const target = `user:${outcome.ok ? outcome.user.username : username}`
  const detail = outcome.ok
    ? { source: outcome.source }
    : { reason: outcome.why, explanation: outcome.reason, source: outcome.source }
  audit.record({ event: 'login', outcome: outcome.ok ? 'ok' : 'refused', target, caller, detail })
}
