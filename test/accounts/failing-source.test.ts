/** One source that is broken, slow or frozen, and everybody else. */
import { describe, expect, test } from 'bun:test'
import type { PasswordLogin, Verdict } from '#plugin'
import { openAccounts, OPERATOR, PASSWORD, refusal, STRANGER, testDirectory } from '../harness/core-accounts.ts'
import { until } from '../harness/until.ts'

const NEVER = () => new Promise<Verdict>(() => {})
const DEADLINE = 10_000
const person = (name: string) => ({ externalId: `id-${name}`, username: name, password: `${name} secret`, groups: [] })

/** A source that freezes, another that does not, and somebody who is managed here. */
async function open() {
  const [frozen, sound] = [testDirectory([person('fred')]), testDirectory([person('sara')])]
  const accounts = await openAccounts({
    deadline: DEADLINE,
    sources: [
      { id: 'frozen', source: frozen.source, provision: true },
      { id: 'sound', source: sound.source, provision: true },
    ],
  })
  await accounts.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
  await accounts.logIn('fred', 'fred secret')
  return Object.assign(accounts, { frozen, sound })
}
type Accounts = Awaited<ReturnType<typeof open>>

const from = (index: number) => ({ ...STRANGER, ip: `10.${Math.floor(index / 250)}.${index % 250}.1` })

/** As many logins of one name, each from a network of its own, as it takes until the source is asked. */
async function hang(accounts: Accounts, count: number, started = accounts.frozen.asked.length) {
  const logins = Array.from({ length: count }, (_, index) =>
    refusal(accounts.logIn('fred', 'fred secret', from(started + index))),
  )
  await until(() => accounts.frozen.asked.length >= started + count)
  return logins
}

describe('a source that is frozen', () => {
  test('holds up nobody else, not even in the same network, however many wait for it', async () => {
    await using accounts = await open()
    await accounts.logIn('sara', 'sara secret')
    accounts.frozen.state.answer = NEVER
    const waiting = [
      ...(await hang(accounts, 100)),
      // From one network, in one line: more than are looked at together.
      ...Array.from({ length: 60 }, () => refusal(accounts.logIn('fred', 'fred secret'))),
    ]
    expect((await accounts.logIn('alice', PASSWORD)).user.username).toBe('alice')
    expect((await accounts.logIn('sara', 'sara secret')).user.username).toBe('sara')
    accounts.timers.fire()
    for (const refused of await Promise.all(waiting))
      expect(['unavailable', 'too_many_attempts']).toContain(refused.code)
  })

  test('is asked by so many at once and no more; the others hear at once that it is unavailable', async () => {
    await using accounts = await open()
    accounts.frozen.state.answer = NEVER
    const waiting = await hang(accounts, 256)
    const refused = await refusal(accounts.logIn('fred', 'fred secret', from(999)))
    expect([refused.code, accounts.frozen.asked.length]).toEqual(['unavailable', 257])
    accounts.timers.fire()
    await Promise.all(waiting)
  })

  test('is given a rest after five silences, then tried by one, and is back when that one is answered', async () => {
    await using accounts = await open()
    accounts.frozen.state.answer = NEVER
    const silent = await hang(accounts, 5)
    accounts.timers.fire()
    for (const refused of await Promise.all(silent)) expect(refused.code).toBe('unavailable')
    const asked = accounts.frozen.asked.length
    for (let index = 0; index < 20; index += 1) {
      expect((await refusal(accounts.logIn('fred', 'fred secret', from(300 + index)))).code).toBe('unavailable')
    }
    expect(accounts.frozen.asked).toHaveLength(asked)
    expect(await accounts.throttle.status('fred')).toEqual([])

    accounts.clock.now += 5_001
    const [trial] = await hang(accounts, 1)
    expect((await refusal(accounts.logIn('fred', 'fred secret', from(400)))).code).toBe('unavailable')
    expect(accounts.frozen.asked).toHaveLength(asked + 1)
    accounts.timers.fire()
    expect((await trial)?.code).toBe('unavailable')

    accounts.frozen.state.answer = undefined
    accounts.clock.now += 5_001
    expect((await refusal(accounts.logIn('fred', 'fred secret'))).code).toBe('unavailable')
    accounts.clock.now += 5_001
    expect((await accounts.logIn('fred', 'fred secret')).user.username).toBe('fred')
    expect((await accounts.logIn('fred', 'fred secret')).user.username).toBe('fred')
  })

  test('that answers "unavailable" after a long time is as good as silent, one that answers it at once is not', async () => {
    await using accounts = await open()
    accounts.frozen.state.answer = async () => {
      accounts.clock.now += 1_500
      return { ok: false, why: 'unavailable' }
    }
    for (let index = 0; index < 5; index += 1) await refusal(accounts.logIn('fred', 'fred secret'))
    const asked = accounts.frozen.asked.length
    await refusal(accounts.logIn('fred', 'fred secret'))
    expect(accounts.frozen.asked).toHaveLength(asked)

    accounts.clock.now += 60_000
    accounts.frozen.state.answer = async () => ({ ok: false, why: 'unavailable' })
    for (let index = 0; index < 20; index += 1) await refusal(accounts.logIn('fred', 'fred secret'))
    expect(accounts.frozen.asked).toHaveLength(asked + 20)
  })
})

describe('a source that is unavailable', () => {
  test('keeps no newcomer of the next source out', async () => {
    await using accounts = await open()
    accounts.frozen.state.answer = async () => ({ ok: false, why: 'unavailable' })
    expect((await accounts.logIn('sara', 'sara secret')).user).toMatchObject({ username: 'sara', source: 'sound' })
  })

  test('leaves open whether a name that no other source knows is known: nobody is told that the password is wrong', async () => {
    await using accounts = await open()
    accounts.frozen.state.answer = async () => ({ ok: false, why: 'unavailable' })
    for (let index = 0; index < 10; index += 1) {
      expect((await refusal(accounts.logIn('newcomer', 'some secret'))).code).toBe('unavailable')
    }
    expect(await accounts.throttle.status('newcomer')).toEqual([])
  })
})

test('a wrong password of a directory’s user costs what it costs a user who is managed here', async () => {
  await using accounts = await open()
  const checked: string[] = []
  const [local] = accounts.sourceList
  const checks = local?.source.password
  if (!local || !checks) throw new Error('The local source takes no passwords')
  const password = {
    verify: (login: PasswordLogin) => {
      checked.push(login.username)
      return checks.verify(login)
    },
  }
  accounts.sourceList[0] = { ...local, source: { ...local.source, password } }
  for (const name of ['fred', 'alice', 'ghost']) await refusal(accounts.logIn(name, 'wrong'))
  expect(checked).toEqual(['fred', 'alice', 'ghost'])
})
