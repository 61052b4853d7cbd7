import { describe, expect, test } from 'bun:test'
import type { Verdict } from '#plugin'
import { openAccounts, OPERATOR, PASSWORD, refusal, STRANGER, testDirectory } from '../harness/core-accounts.ts'

const BOB = { externalId: 'corp-1', username: 'Bob', password: 'directory secret', groups: [] }

function corp(people = [BOB] as Parameters<typeof testDirectory>[0], provision = true) {
  const directory = testDirectory(people)
  return { directory, configured: { id: 'corp', source: directory.source, provision } }
}

describe('which source is asked', () => {
  test('of a known user only the own one', async () => {
    const { directory, configured } = corp([{ ...BOB, username: 'alice' }])
    await using accounts = await openAccounts({ sources: [configured] })
    await accounts.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
    expect((await refusal(accounts.logIn('alice', BOB.password))).code).toBe('invalid_credentials')
    expect((await accounts.logIn('alice', PASSWORD)).user.source).toBe('local')
    expect(directory.asked).toEqual([])
  })

  test('of an unknown one each that may create users, in order, until one knows the name', async () => {
    const first = testDirectory([])
    const second = testDirectory([BOB])
    const third = testDirectory([BOB])
    const sources = [
      { id: 'first', source: first.source, provision: true },
      { id: 'closed', source: third.source, provision: false },
      { id: 'second', source: second.source, provision: true },
      { id: 'third', source: third.source, provision: true },
    ]
    await using accounts = await openAccounts({ sources })
    expect((await accounts.logIn('bob', BOB.password)).user).toMatchObject({ source: 'second', externalId: 'corp-1' })
    expect([first.asked, second.asked, third.asked]).toEqual([['bob'], ['bob'], []])
    await accounts.logIn('BOB', BOB.password)
    expect([first.asked.length, second.asked.length, third.asked.length]).toEqual([1, 2, 0])
  })

  test('with any other answer than an unknown name, none further', async () => {
    const first = testDirectory([])
    first.state.answer = async () => ({ ok: false, why: 'locked' })
    const second = testDirectory([BOB])
    const sources = [first, second].map(({ source }, index) => ({ id: `s${index}`, source, provision: true }))
    await using accounts = await openAccounts({ sources })
    expect((await refusal(accounts.logIn('bob', BOB.password))).code).toBe('invalid_credentials')
    expect(second.asked).toEqual([])
  })

  test('a source that may not create users refuses whom it does not know yet', async () => {
    const { directory, configured } = corp([BOB], false)
    await using accounts = await openAccounts({ sources: [configured] })
    expect((await refusal(accounts.logIn('bob', BOB.password))).code).toBe('invalid_credentials')
    expect(directory.asked).toEqual([])
    expect(await accounts.users.get('bob')).toBeUndefined()
  })

  test('a user whose source was taken out of the configuration is refused', async () => {
    const { configured } = corp()
    await using accounts = await openAccounts({ sources: [configured] })
    await accounts.logIn('bob', BOB.password)
    accounts.sourceList.pop()
    expect((await refusal(accounts.logIn('bob', BOB.password))).code).toBe('invalid_credentials')
    const [, event] = await accounts.events({ event: 'login' })
    expect(event?.detail).toMatchObject({ reason: 'not-allowed', explanation: 'login source is not configured' })
  })

  test('a source without passwords is not asked for one', async () => {
    const source = { async [Symbol.asyncDispose]() {} }
    await using accounts = await openAccounts({ sources: [{ id: 'mute', source, provision: true }] })
    expect((await refusal(accounts.logIn('bob', BOB.password))).code).toBe('invalid_credentials')
  })
})

describe('a source that cannot answer', () => {
  const answers: Readonly<Record<string, () => Promise<Verdict>>> = {
    'says that it is unavailable': async () => ({ ok: false, why: 'unavailable', detail: 'no route' }),
    throws: async () => {
      throw new Error('connection refused')
    },
    'answers something else than a verdict': async () => JSON.parse('{"ok":"yes"}'),
    'gives an id with NUL': async () => ({ ok: true, identity: { externalId: 'a\0', username: 'bob', groups: [] } }),
    'gives an id that is too long': async () => ({
      ok: true,
      identity: { externalId: 'x'.repeat(191), username: 'bob', groups: [] },
    }),
    'gives no id': async () => ({ ok: true, identity: { externalId: '', username: 'bob', groups: [] } }),
    'gives a name with a line break': async () => ({
      ok: true,
      identity: { externalId: '1', username: 'b\nob', groups: [] },
    }),
    'gives a display name with NUL': async () => ({
      ok: true,
      identity: { externalId: '1', username: 'bob', displayName: '\0', groups: [] },
    }),
    'gives a group name that is too long': async () => ({
      ok: true,
      identity: { externalId: '1', username: 'bob', groups: ['g'.repeat(191)] },
    }),
    'gives claims without end': async () => ({
      ok: true,
      identity: { externalId: '1', username: 'bob', groups: [], claims: { c: 'x'.repeat(20_000) } },
    }),
  }
  test.each(Object.keys(answers))(
    'because it %s is unavailable, counts against nobody and is in the log',
    async (kind) => {
      const { directory, configured } = corp()
      await using accounts = await openAccounts({ sources: [configured] })
      directory.state.answer = answers[kind]
      for (let attempt = 0; attempt < 10; attempt += 1) {
        const refused = await refusal(accounts.logIn('bob', BOB.password))
        expect([refused.code, refused.retryAfter]).toEqual(['unavailable', 2])
      }
      expect(accounts.lines.some(({ level, fields }) => level === 'warn' && fields.source === 'corp')).toBe(true)
      expect(await accounts.throttle.status('bob')).toEqual([])
      directory.state.answer = undefined
      expect((await accounts.logIn('bob', BOB.password)).user.username).toBe('Bob')
    },
  )

  test('in time is unavailable, and is told that nobody waits any more', async () => {
    const { directory, configured } = corp()
    await using accounts = await openAccounts({ sources: [configured], deadline: 7_000 })
    const { promise: asked, resolve } = Promise.withResolvers<AbortSignal>()
    directory.state.answer = ({ signal }) => {
      resolve(signal)
      return new Promise(() => {})
    }
    const waiting = refusal(accounts.logIn('bob', BOB.password))
    const signal = await asked
    expect(accounts.timers.due).toContain(7_000)
    accounts.timers.fire()
    expect([(await waiting).code, signal.aborted]).toEqual(['unavailable', true])
  })

  test('does not stand in the way of users of other sources', async () => {
    const { directory, configured } = corp()
    await using accounts = await openAccounts({ sources: [configured] })
    directory.state.answer = () => new Promise(() => {})
    await accounts.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
    expect((await accounts.logIn('alice', PASSWORD)).user.username).toBe('alice')
  })
})

describe('a login', () => {
  test('says how and when, and is in the audit log', async () => {
    await using accounts = await openAccounts()
    const alice = await accounts.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
    accounts.clock.now += 60_000
    expect(await accounts.logIn('ALICE', PASSWORD)).toEqual({ user: alice, amr: ['pwd'], authTime: accounts.clock.now })
    expect(
      (await accounts.events({ event: 'login' })).map(({ outcome, target, actor, ip }) => ({
        outcome,
        target,
        actor,
        ip,
      })),
    ).toEqual([{ outcome: 'ok', target: 'user:alice', actor: 'anonymous', ip: '192.0.2.7' }])
  })

  test('whose stored secret cannot be read is unavailable and counts against nobody', async () => {
    await using accounts = await openAccounts()
    await accounts.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
    const { credentials } = accounts.context
    const get = credentials.get.bind(credentials)
    accounts.context.credentials.get = async () => {
      throw new Error('disk on fire')
    }
    expect((await refusal(accounts.logIn('alice', PASSWORD))).code).toBe('unavailable')
    accounts.context.credentials.get = get
    expect(await accounts.throttle.status('alice')).toEqual([])
  })
})

describe('recheck()', () => {
  test('of a user who is managed here looks at the record', async () => {
    await using accounts = await openAccounts()
    const { users, login } = accounts
    const alice = await users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
    expect(await login.recheck(alice, STRANGER)).toEqual(alice)
    await users.update(alice.id, { disabled: true }, OPERATOR)
    expect((await refusal(login.recheck(alice, STRANGER))).code).toBe('invalid_token')
    await users.delete(alice.id, OPERATOR)
    expect((await refusal(login.recheck(alice, STRANGER))).code).toBe('invalid_token')
  })

  test('of a user of a directory asks the directory and takes its groups over', async () => {
    const { directory, configured } = corp()
    await using accounts = await openAccounts({ sources: [configured] })
    const { user } = await accounts.logIn('bob', BOB.password)
    directory.people[0] = { ...BOB, username: 'Robert', groups: ['billing'] }
    expect(await accounts.login.recheck(user, STRANGER)).toMatchObject({ id: user.id, username: 'Robert' })
    expect(await accounts.users.groupsOf(user.id)).toEqual(['billing'])
    directory.people.length = 0
    expect((await refusal(accounts.login.recheck(user, STRANGER))).code).toBe('invalid_token')
    accounts.sourceList.pop()
    expect((await refusal(accounts.login.recheck(user, STRANGER))).code).toBe('invalid_token')
  })

  test('is unavailable when the directory is, and refuses when the name is somebody else by now', async () => {
    const { configured } = corp()
    let answer: Verdict = { ok: false, why: 'unavailable' }
    const source = { ...configured.source, refresh: async () => answer }
    await using accounts = await openAccounts({ sources: [{ ...configured, source }] })
    const { user } = await accounts.logIn('bob', BOB.password)
    expect((await refusal(accounts.login.recheck(user, STRANGER))).code).toBe('unavailable')
    answer = { ok: true, identity: { externalId: 'corp-2', username: 'Bob', groups: [] } }
    expect((await refusal(accounts.login.recheck(user, STRANGER))).code).toBe('invalid_token')
  })
})
