import { afterAll, beforeAll, expect, test } from 'bun:test'
import { chmod, chown, copyFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type ClientEnv, describeKdc, type Kdc, SERVICE, startKdc } from '../harness/kdc.ts'
import { canRunAs } from '../harness/privileges.ts'
import { bodyOf, type TestServer } from '../harness/server.ts'
import { until } from '../harness/until.ts'
import { sidecarsOf } from './processes.ts'
import { makeTokens, present, sectionOf, startServerOf, typed } from './realm.ts'

describeKdc('the sidecar', () => {
  let kdc: Kdc
  let alice: ClientEnv
  beforeAll(async () => {
    kdc = await startKdc({ people: { alice: 'alice secret' } })
    alice = await kdc.logIn('alice', 'alice secret')
  })
  afterAll(() => kdc?.[Symbol.asyncDispose]())

  const statusOf = async (answer: Promise<Response>) => (await answer).status
  const oneLogin = async (server: TestServer) => statusOf(present(server, (await makeTokens(alice))[0] ?? ''))
  /** A keytab of the test's own, because what is done to it must not reach the others. */
  async function ownKeytab(): Promise<string> {
    const keytab = join(kdc.folder, `${crypto.randomUUID()}.keytab`)
    await copyFile(kdc.keytab, keytab)
    return keytab
  }

  test('that crashes under load costs what it had in hand; other logins go on, and it comes back', async () => {
    await using server = await startServerOf(sectionOf(kdc))
    const tokens = await makeTokens(alice, 300)
    const tickets: Promise<number>[] = []
    const passwords: Promise<number>[] = []
    for (const [index, token] of tokens.entries()) {
      tickets.push(statusOf(present(server, token)))
      if (index % 60 === 0) passwords.push(statusOf(typed(server, server.admin.username, server.admin.password)))
      if (index % 100 === 50) {
        await Promise.all(tickets.slice(-10))
        for (const { pid } of await sidecarsOf()) process.kill(pid, 'SIGSEGV')
      }
    }
    const answers = await Promise.all(tickets)
    expect(new Set(await Promise.all(passwords))).toEqual(new Set([200]))
    expect(answers.filter((status) => status !== 200 && status !== 503)).toEqual([])
    expect(answers.filter((status) => status === 200).length).toBeGreaterThan(50)
    expect(server.logs()).toContain('SIGSEGV')
    expect(await until(async () => (await oneLogin(server)) === 200)).toBe(true)
  }, 20_000)

  test('knows a used ticket again after a crash', async () => {
    await using server = await startServerOf(sectionOf(kdc))
    const [token = ''] = await makeTokens(alice)
    expect(await statusOf(present(server, token))).toBe(200)
    for (const { pid } of await sidecarsOf()) process.kill(pid, 'SIGKILL')
    expect(await until(async () => (await oneLogin(server)) === 200)).toBe(true)
    expect(await statusOf(present(server, token))).toBe(401)
  })

  test('reads a rotated keytab without a restart, and says when it is gone', async () => {
    await using own = await startKdc({ people: { alice: 'alice secret' } })
    const { keytab } = own
    await using server = await startServerOf(sectionOf(own))
    const [before = ''] = await makeTokens(await own.logIn('alice', 'alice secret'))
    await own.admin(`ktadd -k ${keytab} ${SERVICE}`)
    const [after = '', another = '', last = ''] = await makeTokens(await own.logIn('alice', 'alice secret'), 3)
    expect(await statusOf(present(server, after))).toBe(200)
    expect(await statusOf(present(server, before))).toBe(200)
    await rename(keytab, `${keytab}.away`)
    expect(await statusOf(present(server, another))).toBe(503)
    expect(await bodyOf(await server.asOperator('/readyz'))).toMatchObject({
      status: 'degraded',
      checks: expect.arrayContaining([
        { name: 'login:realm', ok: false, detail: expect.stringContaining('nonexistent or empty') },
      ]),
    })
    await rename(`${keytab}.away`, keytab)
    expect(await statusOf(present(server, last))).toBe(200)
  })

  test('starts with nothing in its environment, once, and for passwords when there are any', async () => {
    await using server = await startServerOf(sectionOf(kdc))
    expect(await sidecarsOf()).toMatchObject([{ environment: [`KRB5_CONFIG=${kdc.krb5Conf}`] }])
    expect(await statusOf(typed(server, 'alice', 'alice secret'))).toBe(200)
    expect(await sidecarsOf()).toHaveLength(2)
    await server[Symbol.asyncDispose]()
    expect(await sidecarsOf()).toEqual([])
  })

  test.if(canRunAs(65_534))('runs as another user, who alone can read the keytab', async () => {
    const keytab = await ownKeytab()
    await chown(keytab, 65_534, 65_534)
    await chmod(keytab, 0o400)
    const { replayCache: _ours, ...section } = sectionOf(kdc)
    await using server = await startServerOf({ ...section, keytab, sidecar: { user: 'nobody' } })
    expect(await sidecarsOf()).toMatchObject([{ uid: 65_534, groups: '' }])
    expect(await oneLogin(server)).toBe(200)
  })

  test.each([
    ['is missing', async (keytab: string) => rm(keytab), /keytab \S+ does not exist or cannot be read/],
    ['anybody may read', async (keytab: string) => chmod(keytab, 0o644), /anybody may read or write the keytab/],
    ['is empty', async (keytab: string) => void (await Bun.write(keytab, '')), /nonexistent or empty/],
  ])('refuses a keytab that %s with a sentence', async (_what, spoil, sentence) => {
    const keytab = await ownKeytab()
    await spoil(keytab)
    const starting = startServerOf({ ...sectionOf(kdc), keytab }).then((server) => server[Symbol.asyncDispose]())
    expect(starting).rejects.toThrow(sentence)
    await starting.catch(() => undefined)
    expect(await sidecarsOf()).toEqual([])
  })
})
