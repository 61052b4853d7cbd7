import { describe, expect, test } from 'bun:test'
import { networkFailures } from '../../src/core/login/network-ceiling.ts'
import { loginFailures } from '../../src/core/login/name-failures.ts'
import { openAccounts, OPERATOR, PASSWORD, refusal } from '../harness/core-accounts.ts'
import { SETTINGS } from '../harness/settings.ts'

const from = (ip: string) => ({ actor: 'anonymous', ip, requestId: 'r' })
const HERE = from('192.0.2.7')
const NEIGHBOUR = from('192.0.2.200')
const ELSEWHERE = from('198.51.100.7')

async function openWithAlice(throttle: Partial<typeof SETTINGS.throttle> = {}) {
  const settings = { throttle: { ...SETTINGS.throttle, freeAttempts: 3, ...throttle } }
  const accounts = await openAccounts({ settings })
  await accounts.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
  const guess = async (caller = HERE, username = 'alice') => {
    const { code, retryAfter } = await refusal(accounts.logIn(username, 'wrong password', caller))
    return code === 'too_many_attempts' ? retryAfter : code
  }
  return Object.assign(accounts, { guess })
}
const WRONG = 'invalid_credentials'

describe('the delay', () => {
  test('comes after the free failures, doubles with each further one, and has an end', async () => {
    await using accounts = await openWithAlice({ maxDelay: 5_000 })
    const { guess, clock } = accounts
    for (let attempt = 0; attempt < 4; attempt += 1) expect(await guess()).toBe(WRONG)
    for (const delay of [1_000, 2_000, 4_000, 5_000, 5_000]) {
      expect(await guess()).toBe(delay / 1_000)
      clock.now += delay - 1
      expect(await guess()).toBe(1)
      clock.now += 1
      expect(await guess()).toBe(WRONG)
    }
  })

  test('is that of the right password too, and a success forgets it', async () => {
    await using accounts = await openWithAlice()
    for (let attempt = 0; attempt < 4; attempt += 1) await accounts.guess()
    expect((await refusal(accounts.logIn('alice', PASSWORD, HERE))).code).toBe('too_many_attempts')
    accounts.clock.now += 1_000
    expect((await accounts.logIn('alice', PASSWORD, HERE)).user.username).toBe('alice')
    expect(await accounts.throttle.status('alice')).toEqual([])
    for (let attempt = 0; attempt < 4; attempt += 1) expect(await accounts.guess()).toBe(WRONG)
  })

  test('is for the name in any spelling, in the whole network, and nowhere else', async () => {
    await using accounts = await openWithAlice()
    for (const [caller, name] of [
      [HERE, 'alice'],
      [NEIGHBOUR, 'ALICE'],
      [HERE, 'ａlice'],
      [NEIGHBOUR, 'Alice'],
    ] as const) {
      expect(await accounts.guess(caller, name)).toBe(WRONG)
    }
    expect([await accounts.guess(HERE), await accounts.guess(NEIGHBOUR)]).toEqual([1, 1])
    expect((await accounts.logIn('alice', PASSWORD, ELSEWHERE)).user.username).toBe('alice')
    expect(await accounts.guess(HERE, 'somebody-else')).toBe(WRONG)
    expect(await accounts.guess(HERE)).toBe(1)
  })

  test('is forgotten after a long time without a failure', async () => {
    await using accounts = await openWithAlice({ forgetAfter: 60_000 })
    for (let attempt = 0; attempt < 4; attempt += 1) await accounts.guess()
    accounts.clock.now += 61_000
    expect(await accounts.throttle.status('alice')).toEqual([])
    for (let attempt = 0; attempt < 4; attempt += 1) expect(await accounts.guess()).toBe(WRONG)
  })

  test('is the same for names that nobody has', async () => {
    await using accounts = await openWithAlice()
    const answers = async (name: string) => {
      const seen = []
      for (let attempt = 0; attempt < 7; attempt += 1) seen.push(await accounts.guess(HERE, name))
      return seen
    }
    expect(await answers('nobody')).toEqual(await answers('alice'))
  })
})

test('administrators see how a name stands in each network, and clear it', async () => {
  await using accounts = await openWithAlice()
  for (let attempt = 0; attempt < 4; attempt += 1) await accounts.guess(HERE)
  await accounts.guess(ELSEWHERE)
  const { now } = accounts.clock
  expect(await accounts.throttle.status('Alice')).toEqual([
    { network: '192.0.2.0/24', failures: 4, nextAt: now + 1_000 },
    { network: '198.51.100.0/24', failures: 1, nextAt: now },
  ])
  expect(await accounts.throttle.clear('ALICE')).toBe(true)
  expect(await accounts.throttle.clear('alice')).toBe(false)
  expect((await accounts.logIn('alice', PASSWORD, HERE)).user.username).toBe('alice')
})

test('names are kept as digests only', async () => {
  await using accounts = await openWithAlice()
  await accounts.guess()
  const rows = [
    await accounts.storage.find(loginFailures, { limit: 9 }),
    await accounts.storage.find(networkFailures, { limit: 9 }),
  ]
  expect(JSON.stringify(rows)).not.toContain('alice')
  expect(rows[0]?.rows).toHaveLength(1)
})

describe('a network', () => {
  test('has a ceiling over all names, which does not reach other networks and ends by itself', async () => {
    await using accounts = await openWithAlice({ networkAttempts: 4 })
    for (const name of ['a', 'b', 'c', 'd']) expect(await accounts.guess(HERE, name)).toBe(WRONG)
    expect(await accounts.guess(NEIGHBOUR, 'e')).toBe(600)
    expect(await accounts.throttle.status('e')).toEqual([])
    expect(await accounts.guess(ELSEWHERE, 'e')).toBe(WRONG)
    accounts.clock.now += 600_000
    expect(await accounts.guess(HERE, 'e')).toBe(WRONG)
  })

  test('is not charged for logins that succeed', async () => {
    await using accounts = await openWithAlice({ networkAttempts: 2 })
    for (let attempt = 0; attempt < 5; attempt += 1) {
      expect((await accounts.logIn('alice', PASSWORD, HERE)).user.username).toBe('alice')
    }
    expect([await accounts.guess(HERE, 'a'), await accounts.guess(HERE, 'b'), await accounts.guess(HERE, 'c')]).toEqual(
      [WRONG, WRONG, 600],
    )
  })
})

describe('many at once', () => {
  test('with the right password all get in: those under way are waited for, not taken for guesses', async () => {
    await using accounts = await openWithAlice()
    const logins = Array.from({ length: 50 }, () => accounts.logIn('alice', PASSWORD, HERE))
    const names = (await Promise.all(logins)).map(({ user }) => user.username)
    expect(names).toEqual(Array<string>(50).fill('alice'))
    expect(await accounts.throttle.status('alice')).toEqual([])
  })

  test('also when three processes share the store', async () => {
    const settings = { throttle: { ...SETTINGS.throttle, freeAttempts: 5 } }
    await using here = await openAccounts({ settings })
    await here.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
    // They share what is stored and nothing else; the first closes the store.
    const there = await Promise.all([1, 2].map(() => openAccounts({ settings, storage: here.storage })))
    const logins = [here, ...there].flatMap(({ logIn }) =>
      Array.from({ length: 20 }, () => logIn('alice', PASSWORD, HERE)),
    )
    expect((await Promise.all(logins)).length).toBe(60)
    expect(await here.throttle.status('alice')).toEqual([])
  })

  test('without free failures too', async () => {
    await using accounts = await openWithAlice({ freeAttempts: 0 })
    await Promise.all(Array.from({ length: 5 }, () => accounts.logIn('alice', PASSWORD, HERE)))
    expect(await accounts.throttle.status('alice')).toEqual([])
  })

  test('of many names in one network do not use up what the network may fail', async () => {
    await using accounts = await openWithAlice({ networkAttempts: 3 })
    const names = Array.from({ length: 12 }, (_, index) => `user${index}`)
    for (const username of names) await accounts.users.create({ username, password: PASSWORD }, OPERATOR)
    await Promise.all(names.map((name) => accounts.logIn(name, PASSWORD, HERE)))
    for (const name of ['a', 'b', 'c']) expect(await accounts.guess(HERE, name)).toBe(WRONG)
    expect(await accounts.guess(HERE, 'd')).toBe(600)
  })

  test('with wrong passwords for many names are looked at up to the ceiling of the network and no further', async () => {
    await using accounts = await openWithAlice({ networkAttempts: 10 })
    const names = Array.from({ length: 60 }, (_, index) => `guessed${index}`)
    const outcomes = await Promise.all(names.map((name) => accounts.guess(HERE, name)))
    expect(outcomes.filter((outcome) => outcome === WRONG)).toHaveLength(10)
  })

  test('with right passwords write nothing for the network', async () => {
    await using accounts = await openWithAlice()
    await Promise.all(Array.from({ length: 20 }, () => accounts.logIn('alice', PASSWORD, HERE)))
    expect((await accounts.storage.find(networkFailures, { limit: 9 })).rows).toEqual([])
  })

  test('nobody waits for ever: whose turn does not come is refused like one too many', async () => {
    await using accounts = await openWithAlice()
    const { throttle, timers } = accounts
    const who = { username: 'alice', ip: '192.0.2.7' }
    await using first = await throttle.reserve(who)
    await using _second = await throttle.reserve(who)
    const third = refusal(throttle.reserve(who))
    const fourth = throttle.reserve(who)
    timers.fire()
    expect(await third).toMatchObject({ code: 'too_many_attempts', retryAfter: 1 })
    expect(await refusal(fourth)).toMatchObject({ code: 'too_many_attempts' })
    await throttle.giveBack(first)
    await first[Symbol.asyncDispose]()
    await using again = await throttle.reserve(who)
    expect(again.count).toBe(2)
  })

  test('the line is bounded', async () => {
    await using accounts = await openWithAlice()
    const attempts = Array.from({ length: 600 }, () =>
      accounts.throttle.reserve({ username: 'alice', ip: '192.0.2.7' }),
    )
    const outcomes = Promise.allSettled(attempts)
    const [first] = await Promise.all(attempts.slice(0, 1))
    accounts.timers.fire()
    const refused = (await outcomes).filter(({ status }) => status === 'rejected')
    expect(refused.length).toBe(598)
    await first?.[Symbol.asyncDispose]()
  })
})

test('giving back leaves what others have counted', async () => {
  await using accounts = await openWithAlice()
  const { throttle } = accounts
  const who = { username: 'alice', ip: '192.0.2.7' }
  const first = await throttle.reserve(who)
  const second = await throttle.reserve(who)
  await second[Symbol.asyncDispose]()
  await throttle.giveBack(first)
  expect(await throttle.status('alice')).toMatchObject([{ failures: 1 }])
  await throttle.clear('alice')
  await throttle.giveBack(first)
  expect(await throttle.status('alice')).toEqual([])
})
