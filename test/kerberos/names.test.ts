/** Who is let in and what they are called: the operator's rules, on tickets of a real realm. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { describeKdc, type Kdc, REALM, startKdc } from '../harness/kdc.ts'
import { lastLogin, makeTokens, present, type Section, sectionOf, startServerOf } from './realm.ts'

const LOCAL_NAMES = `auth_to_local = RULE:[2:$1/$2](^alice/admin$)s/.*/a.example/
  auth_to_local = DEFAULT`

describeKdc('a principal', () => {
  let kdc: Kdc
  beforeAll(async () => {
    kdc = await startKdc({
      people: {
        alice: 'alice secret',
        Alice: 'other secret',
        'alice/admin': 'admin secret',
        'alice/cron': 'cron secret',
      },
      conf: LOCAL_NAMES,
    })
  })
  afterAll(() => kdc?.[Symbol.asyncDispose]())

  /** The user name, or why there is none. */
  async function nameOf(principal: string, password: string, rules: Section): Promise<unknown> {
    await using server = await startServerOf({ ...sectionOf(kdc), ...rules })
    const [token = ''] = await makeTokens(await kdc.logIn(principal, password))
    const { status } = await present(server, token)
    const event = await lastLogin(server)
    return status === 401 ? event?.detail?.['explanation'] : event?.target
  }

  test.each<[Section, unknown]>([
    [{}, 'user:alice'],
    [{ username: 'principal' }, `user:alice@${REALM}`],
    [{ username: 'local' }, 'user:alice'],
    [{ realms: ['OTHER.EXAMPLE', REALM], services: [`HTTP/localhost@${REALM}`] }, `user:alice@${REALM}`],
    [{ realms: ['OTHER.EXAMPLE'], services: [`HTTP/localhost@${REALM}`] }, expect.stringContaining('not trusted')],
    [{ allow: ['a*@TEST.EXAMPLE'] }, 'user:alice'],
    [{ allow: ['a*@TEST-EXAMPLE', 'al.ce@*'] }, expect.stringContaining('is not allowed')],
    [{ deny: ['*@*'] }, expect.stringContaining('is not allowed')],
    [{ directory: 'ad' }, expect.stringContaining('without the authorization data of a domain')],
  ])('of one part, with %j', async (rules, expected) => {
    expect(await nameOf('alice', 'alice secret', rules)).toEqual(expected)
  })

  test.each<[string, Section, unknown]>([
    ['alice/admin', {}, expect.stringContaining('has several parts')],
    ['alice/admin', { instances: true }, 'user:alice/admin'],
    ['alice/admin', { instances: true, username: 'local' }, 'user:a.example'],
    ['alice/cron', { instances: true, username: 'local' }, expect.stringContaining('has no name by auth_to_local')],
  ])('%s, with %j', async (principal, rules, expected) => {
    expect(await nameOf(principal, `${principal.slice(6)} secret`, rules)).toEqual(expected)
  })

  test('that differs from another in nothing but case is not let into its account', async () => {
    await using server = await startServerOf(sectionOf(kdc))
    const [alice = ''] = await makeTokens(await kdc.logIn('alice', 'alice secret'))
    const [other = ''] = await makeTokens(await kdc.logIn('Alice', 'other secret'))
    expect((await present(server, alice)).status).toBe(200)
    expect((await present(server, other)).status).toBe(401)
    expect((await lastLogin(server))?.detail).toMatchObject({
      explanation: 'the name belongs to another user or to a client',
    })
  })
})
