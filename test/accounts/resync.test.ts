/** Users of a directory, asked for again while they are away. */
import { expect, test } from 'bun:test'
import type { Verdict } from '#plugin'
import { openAccounts, OPERATOR, refusal, STRANGER, testDirectory } from '../harness/core-accounts.ts'

const HOUR = 3_600_000
const person = (name: string, groups: readonly string[] = []) => {
  return { externalId: `id-${name}`, username: name, password: 'secret', groups }
}

async function open(...names: readonly string[]) {
  const directory = testDirectory(names.map((name) => person(name, ['staff'])))
  const configured = { id: 'corp', source: directory.source, provision: true, resync: HOUR }
  const accounts = await openAccounts({ sources: [configured], deadline: 10_000 })
  for (const [index, name] of names.entries()) {
    await accounts.logIn(name, 'secret', { ...STRANGER, ip: `10.0.${index % 250}.1` })
  }
  const asked: string[] = []
  const { refresh } = directory.source
  const state: { answer?: () => Promise<Verdict> } = {}
  const source = {
    ...directory.source,
    refresh: (who: Parameters<NonNullable<typeof refresh>>[0]) => {
      asked.push(who.username)
      if (state.answer) return state.answer()
      return refresh ? refresh(who) : Promise.reject(new Error('The directory has no refresh'))
    },
  }
  accounts.sourceList[1] = { ...configured, source }
  const round = async () => {
    accounts.clock.now += HOUR
    await accounts.resync.runOnce()
  }
  return Object.assign(accounts, { directory, refreshed: asked, state, round })
}

test('who is gone is disabled and logged out, who is back may log in again; nobody else is touched', async () => {
  await using accounts = await open('bob', 'carol')
  const [bob] = accounts.directory.people.splice(0, 1)
  await accounts.round()
  expect(await accounts.users.get('bob')).toMatchObject({ disabled: true, disabledBySource: true })
  expect(await accounts.users.get('carol')).toMatchObject({ disabled: false, disabledBySource: false })
  const changes = await accounts.events({ target: 'user:bob', event: 'user.changed' })
  expect(changes.map(({ actor, detail }) => [actor, detail.reason])).toEqual([['system', 'disabled']])
  await accounts.round()
  expect(await accounts.events({ target: 'user:bob', event: 'user.changed' })).toHaveLength(1)

  if (bob) accounts.directory.people.push(bob)
  await accounts.round()
  expect(await accounts.users.get('bob')).toMatchObject({ disabled: false, disabledBySource: false })
})

test('who is back does not have to wait for the next round to log in', async () => {
  await using accounts = await open('bob')
  const [bob] = accounts.directory.people.splice(0, 1)
  await accounts.round()
  expect((await refusal(accounts.logIn('bob', 'secret'))).code).toBe('invalid_credentials')
  if (bob) accounts.directory.people.push(bob)
  expect((await accounts.logIn('bob', 'secret')).user).toMatchObject({ disabled: false, disabledBySource: false })
})

test('an administrator’s word outlasts what the directory says', async () => {
  await using accounts = await open('bob', 'carol')
  const id = async (name: string) => (await accounts.users.get(name))?.id ?? ''
  await accounts.users.update(await id('carol'), { disabled: true }, OPERATOR)
  accounts.directory.people.splice(0, 1)
  await accounts.round()
  // Said while the directory does not know bob: stays, even when it does again.
  await accounts.users.update(await id('bob'), { disabled: true }, OPERATOR)
  accounts.directory.people.push(person('bob'))
  await accounts.round()
  for (const name of ['bob', 'carol']) {
    expect(await accounts.users.get(name)).toMatchObject({ disabled: true, disabledBySource: false })
    expect((await refusal(accounts.logIn(name, 'secret'))).code).toBe('invalid_credentials')
  }
})

test('groups follow the directory, and those granted here stay', async () => {
  await using accounts = await open('bob')
  await accounts.groups.create({ name: 'vip' }, OPERATOR)
  await accounts.groups.addMember('vip', 'bob', OPERATOR)
  accounts.directory.people[0] = person('bob', ['billing'])
  await accounts.round()
  const bob = await accounts.users.get('bob')
  expect(await accounts.users.groupsOf(bob?.id ?? '')).toEqual(['billing', 'vip'])
})

test.each<[string, () => Promise<Verdict>]>([
  ['is unavailable', async () => ({ ok: false, why: 'unavailable' })],
  ['throws', () => Promise.reject(new Error('no route'))],
  ['answers nonsense', async () => JSON.parse('{"ok":"no"}')],
])(
  'a directory that %s disables nobody, is not asked about everybody, and is tried again soon',
  async (_name, answer) => {
    const names = Array.from({ length: 20 }, (_each, index) => `person${index}`)
    await using accounts = await open(...names)
    accounts.state.answer = answer
    await accounts.round()
    expect((await accounts.users.list({ limit: 100 })).rows.filter(({ disabled }) => disabled)).toEqual([])
    expect(accounts.refreshed.length).toBeLessThanOrEqual(4)
    delete accounts.state.answer
    await accounts.resync.runOnce()
    expect(new Set(accounts.refreshed).size).toBe(20)
  },
)

test.each(['locked', 'expired'] as const)('an account that is only %s keeps its record', async (why) => {
  await using accounts = await open('bob')
  accounts.state.answer = async () => ({ ok: false, why })
  await accounts.round()
  expect(await accounts.users.get('bob')).toMatchObject({ disabled: false })
})

test('an id that by now is somebody else’s is gone', async () => {
  await using accounts = await open('bob')
  accounts.state.answer = async () => ({ ok: true, identity: person('eve') })
  await accounts.round()
  expect(await accounts.users.get('bob')).toMatchObject({ disabled: true })
  expect(await accounts.users.get('eve')).toBeUndefined()
})

test('everybody is asked for once in an interval, a few at a time, whoever of several processes does it', async () => {
  const names = Array.from({ length: 30 }, (_each, index) => `person${index}`)
  await using accounts = await open(...names)
  let [underWay, most] = [0, 0]
  accounts.state.answer = async () => {
    most = Math.max(most, (underWay += 1))
    await new Promise(setImmediate)
    underWay -= 1
    return { ok: false, why: 'locked' }
  }
  accounts.clock.now += HOUR
  await Promise.all([accounts.resync.runOnce(), accounts.resync.runOnce()])
  await accounts.resync.runOnce()
  expect(accounts.refreshed.toSorted()).toEqual(names.toSorted())
  expect(most).toBe(4)
  await accounts.round()
  expect(accounts.refreshed).toHaveLength(60)
})

test('rounds are looked for every half minute once started, and a source without an interval has none', async () => {
  await using accounts = await open('bob')
  accounts.resync.start()
  expect(accounts.timers.due).toContain(30_000)
  const [, configured] = accounts.sourceList
  if (configured) accounts.sourceList[1] = { id: 'corp', source: configured.source, provision: true }
  await accounts.round()
  expect(accounts.refreshed).toEqual([])
})
