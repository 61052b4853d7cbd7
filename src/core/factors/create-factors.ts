/** The factors of all kinds behind one service. */
import type { Storage } from '#plugin'
import type { Audit, AuditName } from '../audit/audit.ts'
import type { Sealer } from '../keys/sealing.ts'
import type { Login } from '../login/login.ts'
import type { Throttle } from '../login/throttle.ts'
import type { Mailer } from '../mail/mail.ts'
import { Problem } from '../problem.ts'
import type { Settings } from '../settings.ts'
import { canLogIn, userFinder } from '../users/find-users.ts'
import type { User } from '../users/records.ts'
import type { Caller, World } from '../world.ts'
import { createDemands } from './demand.ts'
import type { EnrolledFactor, FactorMethod, Factors, Proof } from './factors.ts'
import { createGuess, factorsOf, REFUSED, type Verification } from './guess.ts'
import { createMailCodes, hidden } from './mail-codes.ts'
import { createPasskeys, keyKind } from './passkeys.ts'
import { createRecoveryCodes } from './recovery-codes.ts'
import { stepsToForget } from './forget.ts'
import { createStanding, type Standing } from './standing.ts'
import { createTotpFactors } from './totp.ts'

export interface FactorsDeps {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly audit: Audit
  readonly throttle: Throttle
  readonly sealer: Sealer
  /** Asks the login source of a user whether it still knows them; refuses with `invalid_token`. */
  readonly login: Pick<Login, 'recheck'>
  /** `undefined` while no mail server is configured. */
  readonly mailer: () => Mailer | undefined
}

const MAIL_ID = 'mail'
const RECOVERY_ID = 'recovery'
const NONE: Standing = { enrolled: false, usable: [], lost: false }

export function createFactors(deps: FactorsDeps): Factors {
  const { storage, world, settings, audit, throttle, mailer, login } = deps
  const totp = createTotpFactors(deps)
  const mail = createMailCodes(deps)
  const recovery = createRecoveryCodes(deps)
  const passkeys = createPasskeys(deps)
  const demands = createDemands(deps)
  const finder = userFinder(storage)
  const guess = createGuess(throttle)
  const standing = createStanding({ totp, mail, passkeys, recovery, canMail: () => mailer() !== undefined })

  function record(event: AuditName, user: User, caller: Caller, detail: Record<string, string>, ok = true): void {
    audit.record({ event, outcome: ok ? 'ok' : 'refused', target: `user:${user.username}`, caller, detail })
  }

  async function list(user: User): Promise<readonly EnrolledFactor[]> {
    const [apps, mailbox, keys, paper] = await Promise.all([
      totp.list(user.id),
      mail.enrolled(user),
      passkeys.list(user.id),
      recovery.left(user.id),
    ])
    const common = ({ name, createdAt, lastUsedAt }: Omit<EnrolledFactor, 'id' | 'method'>) => ({
      name,
      createdAt,
      lastUsedAt,
    })
    return [
      ...keys.map((key): EnrolledFactor => ({ id: key.digest, method: 'passkey', ...common(key) })),
      ...apps.map((app): EnrolledFactor => ({ id: app.id, method: 'otp', ...common(app) })),
      ...(mailbox
        ? [{ id: MAIL_ID, method: 'email' as const, ...common({ name: hidden(user.email ?? ''), ...mailbox }) }]
        : []),
      ...(paper.left > 0
        ? [{ id: RECOVERY_ID, method: 'recovery_code' as const, name: '', lastUsedAt: null, ...paper }]
        : []),
    ]
  }

  async function look(user: User, proof: Proof): Promise<Verification> {
    if (proof.method === 'otp') return totp.verify(user.id, proof.code)
    if (proof.method === 'recovery_code') return recovery.verify(user.id, proof.code)
    if (proof.method === 'email') return mail.verify(user, proof.handle, proof.code)
    const assertion = await passkeys.assert(user.id, proof.response)
    return assertion ? { ok: true, amr: assertion.amr } : REFUSED
  }

  /** A code that somebody enters to enrol is guessed at like any other. */
  async function confirmed(user: User, method: FactorMethod, caller: Caller, check: () => Promise<boolean>) {
    const { ok } = await guess(user, caller, async () => ((await check()) ? { ok: true, amr: [] } : REFUSED))
    record('factor.added', user, caller, { method }, ok)
    return ok
  }

  /** A passkey outlives the account in a directory, so the directory is asked. */
  async function stillKnown(user: User, caller: Caller): Promise<User | undefined> {
    try {
      return await login.recheck(user, caller)
    } catch (error) {
      if (error instanceof Problem && error.code === 'invalid_token') return undefined
      throw error
    }
  }

  const forgetRecovery = (user: User) => storage.commit(recovery.store(user.id, []))
  const removal: Record<FactorMethod, (user: User, id: string) => Promise<boolean>> = {
    passkey: ({ id: userId }, id) => passkeys.remove(userId, id),
    otp: ({ id: userId }, id) => totp.remove(userId, id),
    email: ({ id: userId }) => mail.remove(userId),
    recovery_code: async (user) => (await forgetRecovery(user)).ok,
  }

  return {
    list,
    async next(user, asked) {
      // The record may have been read before the password was looked at, and the mark have come meanwhile.
      const current = user.factorsOnRecord ? user : ((await finder.byId(user.id)) ?? user)
      const { enrolled, usable, lost } = current.factorsOnRecord ? await standing(current) : NONE
      if (enrolled) return { step: 'verify', methods: usable }
      return { step: lost || (await demands.demanded(current, asked)) ? 'enrol' : 'none', methods: [] }
    },
    demanded: (user) => demands.isSet(user.id),
    async demand(user, demanded, caller) {
      await demands.set(user.id, demanded)
      record('factor.demand', user, caller, { demanded: String(demanded) })
    },
    async verify(user, proof, caller) {
      const { method } = proof
      try {
        const verification = await guess(user, caller, () => look(user, proof))
        record('factor.verified', user, caller, { method }, verification.ok)
        return verification
      } catch (error) {
        record(
          'factor.verified',
          user,
          caller,
          { method, reason: error instanceof Problem ? error.code : 'failure' },
          false,
        )
        throw error
      }
    },
    async challengeMail(user, caller) {
      const challenge = await mail.challenge(user)
      record('factor.challenged', user, caller, { method: 'email' })
      return challenge
    },
    passkeyOptions: (user) => passkeys.requestOptions(user?.id),
    async passkeyLogin(response, caller) {
      const assertion = settings().factors.passwordless ? await passkeys.assert(undefined, response) : undefined
      const owner = assertion && (await finder.byId(assertion.passkey.userId))
      const user = owner && canLogIn(owner) ? await stillKnown(owner, caller) : undefined
      if (!user) {
        const target = `user:${owner?.username ?? ''}`
        const detail = { method: 'passkey' }
        // Nobody was guessed at, and a stranger can send as many as they like.
        const logOnly = owner === undefined
        audit.record({ event: 'login', outcome: 'refused', target, caller, detail, logOnly })
        return { ok: false }
      }
      record('login', user, caller, { method: 'passkey' })
      return { ok: true, user, amr: [...(assertion?.amr ?? []), 'mfa'], authTime: world.now() }
    },

    enrolTotp: (user) => totp.enrol(user),
    pendingTotp: (user, id) => totp.pending(user, id),
    confirmTotp: (user, shown, caller) => confirmed(user, 'otp', caller, () => totp.confirm(user.id, shown)),
    canMail: ({ email }) => email !== null && mailer() !== undefined,
    async enrolMail(user, caller) {
      const challenge = await mail.enrol(user)
      record('factor.challenged', user, caller, { method: 'email' })
      return challenge
    },
    confirmMail: (user, handle, code, caller) =>
      confirmed(user, 'email', caller, () => mail.confirm(user, handle, code)),
    passkeyCreation: (user) => passkeys.creationOptions(user),
    async addPasskey(user, response, name, caller) {
      const passkey = await passkeys.add(user, response, name)
      record('factor.added', user, caller, { method: 'passkey' }, passkey !== undefined)
      return passkey ? { ok: true, amr: [keyKind(passkey)] } : REFUSED
    },
    async newRecoveryCodes(user, caller) {
      const codes = await recovery.replace(user.id)
      record('factor.added', user, caller, { method: 'recovery_code' })
      return codes
    },
    async remove(user, id, caller) {
      const found = (await list(user)).find((factor) => factor.id === id)
      if (!found) return false
      const gone = await removal[found.method](user, id)
      if (gone) record('factor.removed', user, caller, { method: found.method })
      if (gone && !(await standing(user)).enrolled) await forgetRecovery(user)
      return gone
    },
    async reset(user, caller) {
      await storage.commit(stepsToForget(user.id))
      await throttle.clear(factorsOf(user))
      record('factor.reset', user, caller, {})
    },
  }
}
