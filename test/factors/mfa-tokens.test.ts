/** The mfa_token of the token endpoint: short-lived, for one client and one user, for a few guesses and one success. */
import { expect, test } from 'bun:test'
import { mfaTokens } from '../../src/core/factors/records.ts'
import { OAuthError } from '../../src/core/oauth/oauth-error.ts'
import { appOf, CALLER, codeOf, openFactors, wrong } from '../harness/core-factors.ts'

async function withToken() {
  const at = await openFactors({
    settings: { throttle: { freeAttempts: 50, firstDelay: 1, maxDelay: 1, forgetAfter: 1, networkAttempts: 200 } },
  })
  const start = async () => {
    const user = await at.reread()
    return at.mfaTokens.start({ user, amr: ['pwd'], authTime: at.clock.now }, 'cli', { scope: 'openid' })
  }
  const redeem = (token: string, code: string, client: string | null = 'cli') =>
    at.mfaTokens.redeem(token, client, { method: 'otp', code }, CALLER)
  return { ...at, start, redeem }
}

async function codeOfRefusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  if (error instanceof OAuthError) return error.code
  throw new Error(`Expected an OAuth refusal, got ${String(error)}`)
}

test('the right code completes the login with what was asked, once', async () => {
  await using at = await withToken()
  const app = await at.withApp()
  const token = await at.start()
  const authTime = at.clock.now
  const code = codeOf(app, at.clock.now)
  const both = await Promise.allSettled([at.redeem(token, code), at.redeem(token, code)])
  expect(both.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))).toMatchObject([
    { user: { username: 'alice' }, amr: ['pwd', 'otp', 'mfa'], authTime, requested: { scope: 'openid' } },
  ])
  at.clock.now += 60_000
  expect(await codeOfRefusal(at.redeem(token, codeOf(app, at.clock.now)))).toBe('invalid_grant')
})

test('another client, ten minutes, a new password and a disabled user end or refuse it', async () => {
  await using at = await withToken()
  const app = await at.withApp()
  const next = () => codeOf(app, (at.clock.now += 60_000))
  const token = await at.start()
  for (const client of ['other', null])
    expect(await codeOfRefusal(at.redeem(token, next(), client))).toBe('invalid_grant')
  expect(await at.redeem(token, next())).toMatchObject({ requested: { scope: 'openid' } })

  const late = await at.start()
  at.clock.now += 10 * 60_000
  expect(await codeOfRefusal(at.redeem(late, next()))).toBe('invalid_grant')

  const changed = await at.start()
  at.clock.now += 1
  await at.users.setPassword(at.alice.id, 'another horse battery', CALLER)
  expect(await codeOfRefusal(at.redeem(changed, next()))).toBe('invalid_grant')

  const disabled = await at.start()
  await at.users.update(at.alice.id, { disabled: true }, CALLER)
  expect(await codeOfRefusal(at.redeem(disabled, next()))).toBe('invalid_grant')
  expect(await codeOfRefusal(at.mfaTokens.authenticators(disabled))).toBe('invalid_token')
})

test('it is good for five guesses, also when they come at once', async () => {
  await using at = await withToken()
  const app = await at.withApp()
  const token = await at.start()
  const right = codeOf(app, at.clock.now)
  await Promise.allSettled(Array.from({ length: 20 }, () => at.redeem(token, wrong(right))))
  const events = await at.events({ target: 'user:alice', event: 'factor.verified' })
  expect(events).toHaveLength(5)
  expect(await codeOfRefusal(at.redeem(token, right))).toBe('invalid_grant')
})

test('challenges: the authenticator that was named, or the first that the client can handle', async () => {
  await using at = await withToken()
  await at.withApp()
  const mail = await at.factors.enrolMail(at.alice, CALLER)
  await at.factors.confirmMail(at.alice, mail.handle, await at.mailedCode(), CALLER)
  const token = await at.start()
  const authenticators = await at.mfaTokens.authenticators(token)
  expect(authenticators.map(({ method }) => method)).toEqual(['otp', 'email'])
  const ask = (accepted: string[], id?: string) => at.mfaTokens.challenge(token, { accepted, id }, CALLER)
  expect(await ask(['oob', 'otp'])).toEqual({ type: 'otp' })
  const challenge = await ask(['oob', 'otp'], authenticators[1]?.id)
  if (challenge.type !== 'oob') throw new Error('Expected a code by mail')
  expect(await codeOfRefusal(ask(['otp'], authenticators[1]?.id))).toBe('invalid_request')
  expect(await codeOfRefusal(ask(['otp'], 'no such'))).toBe('invalid_request')
  const proof = { method: 'email', handle: challenge.handle, code: await at.mailedCode() } as const
  expect(await at.mfaTokens.redeem(token, 'cli', proof, CALLER)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })
})

test('who has no factor enrols one; it and its recovery codes count once its code was shown', async () => {
  await using at = await withToken()
  const token = await at.start()
  const association = await at.mfaTokens.associate(token, 'otp', CALLER)
  if (association.type !== 'otp') throw new Error('Expected an authenticator app')
  expect(await codeOfRefusal(at.mfaTokens.associate(token, 'otp', CALLER))).toBe('invalid_request')
  expect(await at.factors.list(at.alice)).toEqual([])
  const app = appOf(association.uri)
  expect(await codeOfRefusal(at.redeem(token, wrong(codeOf(app, at.clock.now))))).toBe('invalid_grant')
  expect(await at.redeem(token, codeOf(app, at.clock.now))).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })
  expect(await at.factors.next(at.alice, { groups: async () => [] })).toMatchObject({
    methods: ['otp', 'recovery_code'],
  })
  const [code = ''] = association.recoveryCodes
  const recovered = at.mfaTokens.redeem(await at.start(), 'cli', { method: 'recovery_code', code }, CALLER)
  expect(await recovered).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })
})

test('a password alone adds no factor to those that are there', async () => {
  await using at = await withToken()
  await at.withApp()
  expect(await codeOfRefusal(at.mfaTokens.associate(await at.start(), 'otp', CALLER))).toBe('access_denied')
})

test('only a digest of it is stored, and nothing is left of it in the end', async () => {
  await using at = await withToken()
  const token = await at.start()
  const { rows } = await at.storage.find(mfaTokens, { limit: 10 })
  expect(JSON.stringify(rows)).not.toContain(token)
  at.clock.now += 11 * 60_000
  expect(await at.storage.deleteExpired(mfaTokens, at.clock.now, 10)).toBe(1)
})
