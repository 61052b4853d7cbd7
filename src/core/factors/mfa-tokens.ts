/**
 * The second factor at the token endpoint, in the shape that Auth0 gave it: a right password with more to show is answered
 * with an `mfa_token`, and one of three grants completes it. The token is short-lived, bound to client and user, and
 * good for a few guesses; only its digest is stored.
 */
import { insert, type Step, type Storage, take, update } from '#plugin'
import { OAuthError } from '../oauth/oauth-error.ts'
import { commitOrAgain } from '../storage/commit.ts'
import { repository } from '../storage/repository.ts'
import { canLogIn, userFinder } from '../users/find-users.ts'
import type { User } from '../users/records.ts'
import type { Caller, World } from '../world.ts'
import { withSecondFactor } from './acr.ts'
import { digestOf } from '../digest.ts'
import type { EnrolledFactor, Factors, Proof } from './factors.ts'
import type { Verification } from './guess.ts'
import { createRecoveryCodes } from './recovery-codes.ts'
import { type MfaToken, mfaTokens } from './records.ts'

/** A login that is complete. */
export interface CompletedLogin {
  readonly user: User
  readonly amr: readonly string[]
  readonly authTime: number
  /** As it was given to `start`. */
  readonly requested: Readonly<Record<string, unknown>>
}

export type Challenge =
  | { readonly type: 'otp' }
  /** The code goes out by mail; the handle comes back with it. */
  | { readonly type: 'oob'; readonly handle: string }

export type Association =
  | { readonly type: 'otp'; readonly secret: string; readonly uri: string; readonly recoveryCodes: readonly string[] }
  | { readonly type: 'oob'; readonly handle: string; readonly recoveryCodes: readonly string[] }

/** Refusals are `OAuthError`s: `invalid_grant` when redeeming, `invalid_token` elsewhere, for every reason alike. */
export interface MfaTokens {
  /** A new `mfa_token` for somebody whose first factor was right. `clientId` is `null` for first-party use. */
  start(
    login: { readonly user: User; readonly amr: readonly string[]; readonly authTime: number },
    clientId: string | null,
    requested: Readonly<Record<string, unknown>>,
  ): Promise<string>
  authenticators(token: string): Promise<readonly EnrolledFactor[]>
  /** `accepted` are the client's `challenge_type`s, `id` one of the authenticators or any. */
  challenge(
    token: string,
    wanted: { readonly accepted: readonly string[]; readonly id?: string | undefined },
    caller: Caller,
  ): Promise<Challenge>
  /** Enrols the first factor of somebody who has none; it counts once a grant has shown its code. */
  associate(token: string, type: Association['type'], caller: Caller): Promise<Association>
  /** Of parallel calls with right codes one wins. A wrong code is counted and leaves the token. */
  redeem(token: string, clientId: string | null, proof: Proof, caller: Caller): Promise<CompletedLogin>
}

const TTL = 10 * 60_000
const GUESSES = 5

export function createMfaTokens(deps: {
  readonly storage: Storage
  readonly world: World
  readonly factors: Factors
}): MfaTokens {
  const { storage, world, factors } = deps
  const tokens = repository(storage, mfaTokens)
  const recovery = createRecoveryCodes(deps)
  const finder = userFinder(storage)

  /** A token that still counts, and whose it is. */
  async function find(token: string): Promise<{ readonly row: MfaToken; readonly user: User } | undefined> {
    const row = await tokens.get({ digest: digestOf(token) })
    if (!row || row.expiresAt <= world.now()) return undefined
    const user = await finder.byId(row.userId)
    if (!user || !canLogIn(user) || user.passwordChangedAt !== row.passwordChangedAt) return undefined
    return { row, user }
  }

  async function bearer(token: string): Promise<{ readonly row: MfaToken; readonly user: User }> {
    const found = await find(token)
    if (!found) throw new OAuthError('invalid_token', 'The mfa_token is not valid; start again with the password')
    return found
  }

  /** Counts a guess before it is looked at. */
  async function reserve(digest: string): Promise<boolean> {
    let reserved = false
    await commitOrAgain(storage, async () => {
      const row = await tokens.get({ digest })
      reserved = row !== undefined && row.attempts < GUESSES
      if (!row || !reserved) return undefined
      return [update(mfaTokens, { digest }, { set: { attempts: row.attempts + 1 }, when: { attempts: row.attempts } })]
    })
    return reserved
  }

  async function check({ enrolling }: MfaToken, user: User, proof: Proof, caller: Caller): Promise<Verification> {
    if (enrolling === null) return factors.verify(user, proof, caller)
    const shown =
      proof.method === 'otp'
        ? await factors.confirmTotp(user, { id: enrolling, code: proof.code }, caller)
        : proof.method === 'email' && (await factors.confirmMail(user, proof.handle, proof.code, caller))
    return shown ? { ok: true, amr: ['otp'] } : { ok: false, why: 'proof' }
  }

  /** What the end of the token does: recovery codes shown with an enrolment count from now on. */
  function completion({ digest, userId, recoveryDigests }: MfaToken): readonly Step[] {
    return [take(mfaTokens, { digest }), ...(recoveryDigests.length > 0 ? recovery.store(userId, recoveryDigests) : [])]
  }

  async function begin(row: MfaToken, enrolling: string): Promise<readonly string[]> {
    const { codes, digests } = recovery.make(row.userId)
    const set = { enrolling, recoveryDigests: [...digests] }
    const { ok } = await storage.commit([update(mfaTokens, { digest: row.digest }, { set, when: { enrolling: null } })])
    if (!ok) throw begunAlready()
    return codes
  }

  return {
    async start({ user, amr, authTime }, clientId, requested) {
      const token = Buffer.from(world.random(32)).toString('base64url')
      const now = world.now()
      const row: MfaToken = {
        digest: digestOf(token),
        userId: user.id,
        clientId,
        requested,
        amr: [...amr],
        authTime,
        passwordChangedAt: user.passwordChangedAt,
        attempts: 0,
        enrolling: null,
        recoveryDigests: [],
        createdAt: now,
        expiresAt: now + TTL,
      }
      await storage.commit([insert(mfaTokens, row)])
      return token
    },
    async authenticators(token) {
      return factors.list((await bearer(token)).user)
    },
    async challenge(token, { accepted, id }, caller) {
      const { user } = await bearer(token)
      const { methods: usable } = await factors.next(user, { groups: async () => [] })
      const chosen = id === undefined ? undefined : (await factors.list(user)).find((factor) => factor.id === id)
      if (id !== undefined && !chosen) throw new OAuthError('invalid_request', 'There is no such authenticator')
      const offers = (method: string, type: string) =>
        usable.some((each) => each === method) && accepted.includes(type) && (chosen?.method ?? method) === method
      if (offers('otp', 'otp')) return { type: 'otp' }
      if (offers('email', 'oob')) return { type: 'oob', handle: (await factors.challengeMail(user, caller)).handle }
      throw new OAuthError('invalid_request', 'No authenticator of this user takes one of these challenge types')
    },
    async associate(token, type, caller) {
      const { row, user } = await bearer(token)
      if ((await factors.next(user, { groups: async () => [] })).step === 'verify')
        throw new OAuthError('access_denied', 'There is an authenticator already', { status: 403 })
      if (row.enrolling !== null) throw begunAlready()
      if (type === 'oob') {
        const { handle } = await factors.enrolMail(user, caller)
        return { type, handle, recoveryCodes: await begin(row, 'mail') }
      }
      const { id, secret, uri } = await factors.enrolTotp(user)
      return { type, secret, uri, recoveryCodes: await begin(row, id) }
    },
    async redeem(token, clientId, proof, caller) {
      const found = await find(token)
      const refused = () => new OAuthError('invalid_grant', 'The mfa_token or the code is wrong or no longer valid')
      if (!found || found.row.clientId !== clientId || !(await reserve(found.row.digest))) throw refused()
      const { row, user } = found
      const verification = await check(row, user, proof, caller)
      if (!verification.ok || !(await storage.commit(completion(row))).ok) throw refused()
      const { authTime, requested } = row
      return { user, amr: withSecondFactor(row.amr, verification.amr), authTime, requested }
    },
  }
}

function begunAlready(): OAuthError {
  return new OAuthError('invalid_request', 'This mfa_token has begun an enrolment already')
}
