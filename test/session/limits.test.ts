import { expect, test } from 'bun:test'
import { noteFactors } from '../../src/core/factors/on-record.ts'
import { DAY, HOUR, OPERATOR, refusal } from '../keys/ring.ts'
import { CALLER, claimsOf, login, openDesk, PASSWORD } from './desk.ts'

const MINUTE = 60_000
const jti = (token: string) => claimsOf(token)['jti'] as string

test('by default a new login ends the one before', async () => {
  await using desk = await openDesk()
  const first = await login(desk)
  const second = await login(desk)
  expect(await refusal(desk.sessions.exchange(first.id_token, CALLER))).toMatchObject({ code: 'invalid_token' })
  expect(desk.lastRefusal()).toMatchObject({ why: 'revoked' })
  expect(await desk.sessions.exchange(second.id_token, CALLER)).toMatchObject({ vhost: 'prod' })
})

test('with room for three the oldest gives way to the fourth', async () => {
  await using desk = await openDesk({ maxIdentityTokens: 3 })
  const tokens: string[] = []
  for (let count = 0; count < 5; count++) {
    tokens.push((await login(desk)).id_token)
    desk.world.pass(MINUTE)
  }
  const alive = (await desk.records()).map(({ id }) => id)
  expect(alive.toSorted()).toEqual(tokens.slice(2).map(jti).toSorted())
})

test('a token whose time is over gives way before one that is alive', async () => {
  await using desk = await openDesk({ maxIdentityTokens: 2 })
  const lasting = await login(desk)
  desk.configure({ identityTokenTtl: HOUR })
  desk.world.pass(MINUTE)
  await login(desk)
  desk.world.pass(HOUR)
  const latest = await login(desk)
  const alive = (await desk.records()).map(({ id }) => id)
  expect(alive.toSorted()).toEqual([jti(lasting.id_token), jti(latest.id_token)].toSorted())
})

test('a lower limit ends what is beyond it at the next login', async () => {
  await using desk = await openDesk({ maxIdentityTokens: 4 })
  for (let count = 0; count < 4; count++) await login(desk)
  desk.configure({ maxIdentityTokens: 2 })
  await login(desk)
  expect(await desk.records()).toHaveLength(2)
})

test.each([1, 3])('fifty logins at once leave exactly %i tokens', async (limit) => {
  await using desk = await openDesk({ maxIdentityTokens: limit, bindIp: 'off' })
  const others = [desk.sessions, await desk.another(), await desk.another()]
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, index) => {
      const caller = { ...CALLER, ip: `192.0.${index}.10` }
      const sessions = others[index % others.length] ?? desk.sessions
      return sessions.login({ username: 'alice', password: PASSWORD }, caller)
    }),
  )
  const alive = (await desk.records()).map(({ id }) => id)
  expect(alive).toHaveLength(limit)
  expect(new Set(answers.map(({ id_token }) => jti(id_token))).size).toBe(50)
  const usable = await Promise.allSettled(answers.map(({ id_token }) => desk.sessions.exchange(id_token, CALLER)))
  expect(usable.filter(({ status }) => status === 'fulfilled')).toHaveLength(limit)
})

test('a login that a new password overtakes gives no token', async () => {
  await using desk = await openDesk()
  const decide = desk.rules.decide.bind(desk.rules)
  desk.rules.decide = async (...args) => {
    desk.rules.decide = decide
    await desk.users.setPassword(desk.alice.id, 'another long password', OPERATOR)
    return await decide(...args)
  }
  desk.world.pass(MINUTE)
  expect(await refusal(login(desk))).toMatchObject({ code: 'invalid_credentials' })
  expect(desk.lastRefusal()).toMatchObject({ why: 'user-changed', kind: 'identity' })
  expect(await desk.records()).toEqual([])
})

test('a login that a first second factor overtakes gives no token', async () => {
  await using desk = await openDesk()
  const decide = desk.rules.decide.bind(desk.rules)
  desk.rules.decide = async (...args) => {
    desk.rules.decide = decide
    await desk.storage.commit([noteFactors(desk.alice.id)])
    return await decide(...args)
  }
  expect(await refusal(login(desk))).toMatchObject({ code: 'invalid_credentials' })
  expect(await desk.records()).toEqual([])
  expect(await login(desk)).toMatchObject({ vhost: 'prod' })
})

test('a directory is asked again at most every five minutes, and only if it can be asked', async () => {
  await using desk = await openDesk({}, { refresh: true })
  const { id_token } = await login(desk)
  await desk.sessions.exchange(id_token, CALLER)
  desk.world.pass(5 * MINUTE)
  await Promise.all(Array.from({ length: 20 }, () => desk.sessions.exchange(id_token, CALLER)))
  desk.world.pass(5 * MINUTE - 1)
  await desk.sessions.exchange(id_token, CALLER)
  expect(desk.source.asked).toBe(1)
  desk.world.pass(1)
  await desk.sessions.exchange(id_token, CALLER)
  expect(desk.source.asked).toBe(2)
  await using plain = await openDesk()
  const held = await login(plain)
  plain.world.pass(HOUR)
  expect(await plain.sessions.exchange(held.id_token, CALLER)).toMatchObject({ vhost: 'prod' })
})

test('who left the directory gets no token, also when asked twice', async () => {
  await using desk = await openDesk({}, { refresh: true })
  const { id_token } = await login(desk)
  desk.source.fail = 'disabled'
  expect(await desk.sessions.exchange(id_token, CALLER)).toMatchObject({ vhost: 'prod' })
  desk.world.pass(5 * MINUTE)
  expect(await refusal(desk.sessions.exchange(id_token, CALLER))).toMatchObject({ code: 'invalid_token' })
  expect(desk.lastRefusal()).toMatchObject({ why: 'recheck' })
  expect(await refusal(desk.sessions.exchange(id_token, CALLER))).toMatchObject({ code: 'invalid_token' })
})

test('a token that a broker up to 4.0 could not take is refused, and the audit log says how large it is', async () => {
  await using desk = await openDesk()
  const many = (count: number) => Array.from({ length: count }, (_, index) => `some-rather-long-queue-name-${index}`)
  const rule = { subjectKind: 'user', subject: 'alice', vhost: 'big' } as const
  const { id } = await desk.rules.create({ ...rule, write: many(42) }, OPERATOR)
  const warned: unknown[] = []
  desk.world.log.warn = (...line) => void warned.push(line)
  const { id_token } = await login(desk, { vhost: 'big' })
  const fits = await desk.sessions.exchange(id_token, CALLER)
  expect(fits.access_token.length).toBeWithin(3_001, 3_501)
  expect(warned).toHaveLength(1)
  await desk.rules.update(id, { write: many(55) }, OPERATOR)
  expect(await refusal(desk.sessions.exchange(id_token, CALLER))).toMatchObject({ status: 409 })
  expect(desk.lastRefusal()).toMatchObject({ why: 'too-large', vhost: 'big', rules: 1, bytes: expect.any(Number) })
  await desk.brokers.update('main', { version: '4.3' }, OPERATOR)
  expect((await desk.sessions.exchange(id_token, CALLER)).access_token.length).toBeGreaterThan(3_500)
})

test('a token stays bound to what it was bound to when the setting changes', async () => {
  await using desk = await openDesk({ maxIdentityTokens: 2, bindIp: 'off' })
  const free = await login(desk)
  expect(free.ip).toBeNull()
  desk.configure({ bindIp: 'exact' })
  const bound = await login(desk)
  desk.configure({ bindIp: 'off' })
  const elsewhere = { ...CALLER, ip: '203.0.113.9' }
  expect(await desk.sessions.exchange(free.id_token, elsewhere)).toMatchObject({ vhost: 'prod' })
  expect(await refusal(desk.sessions.exchange(bound.id_token, elsewhere))).toMatchObject({ code: 'invalid_token' })
  expect(await refusal(desk.sessions.logout(bound.id_token, elsewhere))).toMatchObject({ code: 'invalid_token' })
  expect(await refusal(desk.sessions.exchange(bound.id_token, OPERATOR))).toMatchObject({ code: 'invalid_token' })
})

test('nothing that is remembered of a verified token keeps it alive', async () => {
  await using desk = await openDesk({ identityTokenTtl: 30 * DAY })
  const { id_token } = await login(desk)
  await desk.sessions.exchange(id_token, CALLER)
  const [key] = desk.ring.list()
  await desk.ring.retire(key?.kid ?? '', OPERATOR)
  expect(await refusal(desk.sessions.exchange(id_token, CALLER))).toMatchObject({ code: 'invalid_token' })
  expect(desk.lastRefusal()).toMatchObject({ why: 'not-ours' })
})
