/** Asking a login source: with a deadline, with its answer checked, and with the attempt counted. */
import { Type as t } from '@sinclair/typebox'
import { TypeCompiler } from '@sinclair/typebox/compiler'
import type { Identity, PasswordLogin, Verdict } from '#plugin'
import { Problem } from '../problem.ts'
import { type Schedule, timers } from '../schedule.ts'
import { isStorableName } from '../users/names.ts'
import type { World } from '../world.ts'
import type { Circuits } from './circuits.ts'
import type { ConfiguredSource } from './login.ts'
import type { Attempted, Throttle } from './throttle.ts'

export type AskSource = (source: ConfiguredSource, login: Omit<PasswordLogin, 'signal'>) => Promise<Verdict>

/** A source that takes longer is as good as down. */
const DEADLINE = 10_000
/** Who waits longer for nothing more than "unavailable" should not have been made to wait. */
const SLOW = 1_000
/** Seconds after which a broken or busy source may be well again. */
export const RETRY_AFTER = 2

const identityShape = t.Object({
  externalId: t.String(),
  username: t.String(),
  email: t.Optional(t.String()),
  emailVerified: t.Optional(t.Boolean()),
  displayName: t.Optional(t.String()),
  groups: t.Array(t.String(), { maxItems: 5_000 }),
  claims: t.Optional(t.Record(t.String(), t.Unknown())),
  amr: t.Optional(t.Array(t.String({ maxLength: 64 }), { maxItems: 16 })),
  session: t.Optional(t.Record(t.String(), t.Unknown())),
})
const whys = ['credentials', 'disabled', 'locked', 'expired', 'not-allowed', 'unavailable'] as const
/** Compiled, because it is asked of every login. */
const verdictShape = TypeCompiler.Compile(
  t.Union([
    t.Object({ ok: t.Literal(true), identity: identityShape }),
    t.Object({ ok: t.Literal(false), why: t.Union(whys.map((why) => t.Literal(why))), detail: t.Optional(t.String()) }),
  ]),
)

export interface AskDeps {
  readonly world: World
  readonly circuits: Circuits
  readonly schedule?: Schedule
  /** Milliseconds; 10,000 unless told. */
  readonly deadline?: number
}

export function passwordAsker(deps: AskDeps): AskSource {
  return (configured, login) => {
    const { password } = configured.source
    if (!password) return Promise.resolve({ ok: false, why: 'credentials', detail: 'the source takes no passwords' })
    return askInTime(configured.id, deps, (signal) => password.verify({ ...login, signal }))
  }
}

/** The answer of a source, `unavailable` in place of none, and at once while it answers nobody. */
export async function askInTime(
  id: string,
  deps: AskDeps,
  question: (signal: AbortSignal) => Promise<Verdict>,
): Promise<Verdict> {
  const { world, circuits } = deps
  const passage = circuits.enter(id)
  if (!passage.open) return { ok: false, why: 'unavailable', detail: passage.reason }
  const start = world.now()
  const { verdict, late } = await answerInTime(deps, question)
  const broken = !verdict.ok && verdict.why === 'unavailable'
  if (broken) world.log.warn('login source is unavailable', { source: id, reason: verdict.detail })
  const silent = broken && (late || world.now() - start >= SLOW)
  passage.leave(silent ? 'silent' : broken ? 'failed' : 'answered')
  return verdict
}

/** What is answered before the deadline: `unavailable` for an exception, or for an answer that cannot be true. */
export async function answerInTime(
  { schedule = timers, deadline = DEADLINE }: Pick<AskDeps, 'schedule' | 'deadline'>,
  question: (signal: AbortSignal) => Promise<Verdict>,
): Promise<{ readonly verdict: Verdict; readonly late: boolean }> {
  const { promise: end, resolve } = Promise.withResolvers<undefined>()
  const abort = new AbortController()
  const callOff = schedule(() => {
    abort.abort()
    resolve(undefined)
  }, deadline)
  const answer = attempt(question, abort.signal).catch((error: unknown): Verdict => {
    return { ok: false, why: 'unavailable', detail: String(error) }
  })
  const verdict = await Promise.race([answer, end])
  callOff()
  if (verdict) return { verdict, late: false }
  return { verdict: { ok: false, why: 'unavailable', detail: `no answer within ${deadline} ms` }, late: true }
}

/** Turns what is thrown at once, or by an answer that cannot be read, into a rejection. */
async function attempt(question: (signal: AbortSignal) => Promise<Verdict>, signal: AbortSignal): Promise<Verdict> {
  return trusted(await question(signal))
}

/** A source is somebody else's code: what it says is checked before it is believed. */
function trusted(verdict: Verdict): Verdict {
  const unusable = (detail: string): Verdict => ({ ok: false, why: 'unavailable', detail })
  if (!verdictShape.Check(verdict)) return unusable('the answer is no verdict')
  if (!verdict.ok) return verdict
  const fault = identityFault(verdict.identity)
  return fault === undefined ? verdict : unusable(fault)
}

function identityFault({
  externalId,
  username,
  displayName = '',
  groups,
  claims = {},
  session,
}: Identity): string | undefined {
  if (externalId === '' || externalId.length > 190 || /[\p{Cc}\p{Cs}]/u.test(externalId)) return 'unusable external id'
  if (!isStorableName(username)) return 'unusable user name'
  if (displayName.length > 1_000 || /[\p{Cc}\p{Cs}]/u.test(displayName)) return 'unusable display name'
  if (!groups.every(isStorableName)) return 'unusable group name'
  if (session && JSON.stringify(session).length > 8_192) return 'too much to keep for the logout'
  return JSON.stringify(claims).length > 16_384 ? 'too many claims' : undefined
}

type Outcome = { readonly ok: true } | { readonly ok: false; readonly why: string }

/**
 * Counts an attempt before `check` looks at the secret and settles it by the outcome. `unavailable` counts against
 * nobody and becomes a `Problem`.
 */
export async function throttled<O extends Outcome>(
  throttle: Throttle,
  who: Attempted,
  check: () => Promise<O>,
): Promise<O> {
  await using held = new AsyncDisposableStack()
  const attempt = held.use(await throttle.reserve(who))
  let outcome: O
  try {
    outcome = await check()
  } catch (error) {
    await throttle.giveBack(attempt)
    throw error
  }
  if (outcome.ok) {
    held.move()
    throttle.succeeded(attempt)
  } else if (outcome.why === 'unavailable') {
    await throttle.giveBack(attempt)
    throw new Problem('unavailable', 'Logins cannot be checked at this moment; try again', { retryAfter: RETRY_AFTER })
  }
  return outcome
}
