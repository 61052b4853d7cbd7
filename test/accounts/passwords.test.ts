import { describe, expect, test } from 'bun:test'
import { insert } from '#plugin'
import { identityTokens } from '../../src/core/session/records.ts'
import { repository } from '../../src/core/storage/repository.ts'
import { openAccounts, OPERATOR, OTHER_PASSWORD, PASSWORD, refusal, STRANGER } from '../harness/core-accounts.ts'

type Accounts = Awaited<ReturnType<typeof openAccounts>>

/** An identity token of this user, as a session would have made it. */
async function giveToken({ storage, clock }: Accounts, userId: string, slot = 0): Promise<void> {
  const validUntil = clock.now + 1_000_000
  const times = { createdAt: clock.now, validUntil, lastUsedAt: clock.now }
  const row = {
    id: `t_${userId}_${slot}`,
    userId,
    slot,
    vhost: 'prod',
    broker: 'b',
    ip: null,
    algorithm: 'ES256',
    ...times,
  }
  expect(await storage.commit([insert(identityTokens, row)])).toMatchObject({ ok: true })
}

async function tokensOf({ storage }: Accounts, userId: string): Promise<number> {
  const by = ['userId', 'slot'] as const
  return (await repository(storage, identityTokens).find({ by, equals: { userId }, limit: 100 })).rows.length
}

describe('passwords', () => {
  test('setPassword() replaces the old one and ends the identity tokens', async () => {
    await using accounts = await openAccounts()
    const { id } = await accounts.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
    await giveToken(accounts, id)
    accounts.clock.now += 5_000
    await accounts.users.setPassword(id, OTHER_PASSWORD, OPERATOR)
    expect(await tokensOf(accounts, id)).toBe(0)
    expect((await refusal(accounts.logIn('alice', PASSWORD))).code).toBe('invalid_credentials')
    expect((await accounts.logIn('alice', OTHER_PASSWORD)).user.passwordChangedAt).toBe(accounts.clock.now)
  })

  test('changePassword() needs the current one, and ends the identity tokens', async () => {
    await using accounts = await openAccounts()
    const { id } = await accounts.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
    await giveToken(accounts, id)
    const wrong = accounts.users.changePassword(id, 'not the password', OTHER_PASSWORD, STRANGER)
    expect((await refusal(wrong)).code).toBe('invalid_credentials')
    expect(await tokensOf(accounts, id)).toBe(1)
    await accounts.users.changePassword(id, PASSWORD, OTHER_PASSWORD, STRANGER)
    expect(await tokensOf(accounts, id)).toBe(0)
    expect((await accounts.logIn('alice', OTHER_PASSWORD)).user.id).toBe(id)
  })

  test('changePassword() is throttled together with logins', async () => {
    await using accounts = await openAccounts()
    const { id } = await accounts.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
    const guess = () => refusal(accounts.users.changePassword(id, 'a wrong password', OTHER_PASSWORD, STRANGER))
    for (let attempt = 0; attempt < 6; attempt += 1) expect((await guess()).code).toBe('invalid_credentials')
    expect((await guess()).code).toBe('too_many_attempts')
    expect((await refusal(accounts.logIn('alice', PASSWORD))).code).toBe('too_many_attempts')
  })

  test('of two changes at once one wins and the other is told', async () => {
    await using accounts = await openAccounts()
    const { id } = await accounts.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
    const change = (next: string) => accounts.users.changePassword(id, PASSWORD, next, STRANGER)
    const outcomes = await Promise.allSettled([change(OTHER_PASSWORD), change('third-Walnut-55-prism')])
    expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    const won = outcomes[0]?.status === 'fulfilled' ? OTHER_PASSWORD : 'third-Walnut-55-prism'
    expect((await accounts.logIn('alice', won)).user.id).toBe(id)
  })

  test('a weak one is refused wherever one is set, before anything is hashed', async () => {
    await using accounts = await openAccounts()
    const { id } = await accounts.users.create({ username: 'alice.miller', password: PASSWORD }, OPERATOR)
    const calls = [
      accounts.users.create({ username: 'bob', password: 'short' }, OPERATOR),
      accounts.users.setPassword(id, 'alice.miller', OPERATOR),
      accounts.users.changePassword(id, PASSWORD, 'password1234', STRANGER),
    ]
    for (const call of calls) expect((await refusal(call)).faults?.[0]?.path).toBe('/password')
    expect((await accounts.logIn('alice.miller', PASSWORD)).user.id).toBe(id)
  })

  test('a hash from an older system is taken if the source can check it', async () => {
    await using accounts = await openAccounts()
    const passwordHash = await Bun.password.hash(PASSWORD, { algorithm: 'bcrypt', cost: 4 })
    await accounts.users.create({ username: 'alice', passwordHash }, OPERATOR)
    expect((await accounts.logIn('alice', PASSWORD)).user.username).toBe('alice')
    const refused = await refusal(accounts.users.create({ username: 'bob', passwordHash: '{SHA}abc' }, OPERATOR))
    expect(refused.faults?.[0]?.path).toBe('/passwordHash')
  })

  test('of a user whose source keeps no passwords here cannot be set', async () => {
    await using accounts = await openAccounts()
    const { id } = await accounts.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
    accounts.sourceList.length = 0
    expect((await refusal(accounts.users.setPassword(id, OTHER_PASSWORD, OPERATOR))).code).toBe('conflict')
  })

  test('a source that is too busy to hash makes the change unavailable, not half done', async () => {
    await using accounts = await openAccounts({ localOptions: { maxConcurrent: 1, maxWaiting: 0 } })
    const { id } = await accounts.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
    const results = await Promise.allSettled(
      [OTHER_PASSWORD, 'third-Walnut-55-prism'].map((next) => accounts.users.setPassword(id, next, OPERATOR)),
    )
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(
      results.flatMap((one) => (one.status === 'rejected' ? [one.reason.code, one.reason.retryAfter] : [])),
    ).toEqual(['unavailable', 2])
  })
})

test('every change is in the audit log with who did it, and no secret', async () => {
  await using accounts = await openAccounts()
  const caller = { actor: 'user:root', ip: '198.51.100.4', requestId: 'req-7' }
  const { id } = await accounts.users.create({ username: 'alice', password: PASSWORD }, caller)
  await accounts.users.update(id, { displayName: 'Alice' }, caller)
  await accounts.users.setPassword(id, OTHER_PASSWORD, caller)
  await refusal(accounts.users.changePassword(id, PASSWORD, 'third-Walnut-55-prism', caller))
  await accounts.users.delete(id, caller)
  const events = await accounts.events({ target: 'user:alice' })
  expect(events.map(({ event, outcome }) => `${event} ${outcome}`)).toEqual([
    'user.created ok',
    'user.changed ok',
    'user.password ok',
    'user.password refused',
    'user.deleted ok',
  ])
  expect(
    events.every(({ actor, ip, requestId }) => actor === 'user:root' && ip === '198.51.100.4' && requestId === 'req-7'),
  ).toBe(true)
  const everything = JSON.stringify([events, accounts.lines])
  for (const secret of [PASSWORD, OTHER_PASSWORD, 'third-Walnut', '$argon2']) expect(everything).not.toContain(secret)
})
