/** The service of second factors on the real store, with a mailbox and an authenticator app that tests hold in hand. */
import { TOTP, URI } from 'otpauth'
import { createFactors } from '../../src/core/factors/create-factors.ts'
import { createMfaTokens } from '../../src/core/factors/mfa-tokens.ts'
import { createSealer } from '../../src/core/keys/sealing.ts'
import type { Mail } from '../../src/core/mail/mail.ts'
import { createOutbox } from '../../src/core/mail/outbox.ts'
import type { User } from '../../src/core/users/records.ts'
import type { Caller } from '../../src/core/world.ts'
import { type AccountsOptions, openAccounts } from './core-accounts.ts'
import { OPERATOR } from './server.ts'

export const CALLER: Caller = { actor: 'anonymous', ip: '192.0.2.7', requestId: 'factors' }

export interface FactorsOptions extends AccountsOptions {
  /** False: no mail server is configured. */
  readonly mail?: boolean
  /** The storage has alice already. */
  readonly existing?: boolean
}

export async function openFactors(options: FactorsOptions = {}) {
  const accounts = await openAccounts(options)
  const mailbox: Mail[] = []
  const post = { down: false }
  const sealer = createSealer(new Uint8Array(32).fill(7), accounts.world)
  const deliver = async (mail: Mail) => {
    if (post.down) throw new Error('connection refused')
    mailbox.push(mail)
  }
  const outbox = createOutbox({ ...accounts, sealer, deliver: () => deliver })
  const factors = createFactors({
    ...accounts,
    sealer,
    mailer: () => (options.mail === false ? undefined : outbox),
  })
  const mfaTokens = createMfaTokens({ ...accounts, factors })
  const person = { username: 'alice', email: 'alice@corp.example', password: 'correct horse battery' }
  const known = options.existing ? await accounts.users.get(person.username) : undefined
  const alice = known ?? (await accounts.users.create(person, OPERATOR))
  return {
    ...accounts,
    factors,
    mfaTokens,
    outbox,
    mailbox,
    post,
    alice,
    /** Everybody's present state, as somebody who logs in now would have it. */
    async reread(user: User = alice): Promise<User> {
      const found = await accounts.users.get(user.id)
      if (!found) throw new Error('Expected the user to be there')
      return found
    },
    /** The app after scanning the code, already confirmed. The clock moves on, so that its next code is another one. */
    async withApp(user: User = alice): Promise<TOTP> {
      const { id, uri } = await factors.enrolTotp(user)
      const app = appOf(uri)
      if (!(await factors.confirmTotp(user, { id, code: codeOf(app, accounts.clock.now), name: 'Telephone' }, CALLER)))
        throw new Error('Expected the code of a new authenticator to be right')
      accounts.clock.now += 30_000
      return app
    },
    /** The code in the newest mail. */
    async mailedCode(): Promise<string> {
      await outbox.settle()
      return /\b\d{6}\b/.exec(mailbox.at(-1)?.text ?? '')?.[0] ?? 'no mail'
    },
  }
}

export function appOf(uri: string): TOTP {
  const app = URI.parse(uri)
  if (!(app instanceof TOTP)) throw new Error(`Expected the address of a TOTP, got ${uri}`)
  return app
}

export function codeOf(app: TOTP, timestamp: number): string {
  return app.generate({ timestamp })
}

/** Another code of six digits. */
export function wrong(code: string): string {
  return String((Number(code) + 1) % 1_000_000).padStart(6, '0')
}
