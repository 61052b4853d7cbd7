import { afterAll, beforeAll, expect, test } from 'bun:test'
import { describeKdc, type Kdc, REALM, SERVICE, startKdc } from '../harness/kdc.ts'
import { bodyOf, type TestServer } from '../harness/server.ts'
import { until } from '../harness/until.ts'
import { curlLogin, lastLogin, makeTokens, present, sectionOf, startServerOf, typed } from './realm.ts'

const PEOPLE = { alice: 'alice secret', 'alice/admin': 'admin secret', gone: 'gone secret' }

describeKdc('passwords of a realm', () => {
  let kdc: Kdc
  let server: TestServer
  beforeAll(async () => {
    kdc = await startKdc({ people: { ...PEOPLE, old: 'old secret', shut: 'shut secret', plain: 'plain secret' } })
    await kdc.admin('modprinc -pwexpire yesterday old', 'modprinc -allow_tix shut', 'modprinc -expire yesterday gone')
    await kdc.admin('modprinc -requires_preauth plain')
    server = await startServerOf(sectionOf(kdc), { throttle: { freeAttempts: 100 } })
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await kdc?.[Symbol.asyncDispose]()
  })

  async function why(username: string, password: string) {
    const answer = await typed(server, username, password)
    const { code, detail } = await bodyOf(answer)
    expect([answer.status, code, detail]).toEqual([401, 'invalid_credentials', 'User name or password is wrong'])
    return (await lastLogin(server))?.detail?.['reason']
  }

  test('log in the same person as a ticket does, with or without the realm', async () => {
    expect((await typed(server, 'alice', 'alice secret')).status).toBe(200)
    const before = await server.instance.core.users.get('alice')
    expect(before).toMatchObject({ source: 'realm', externalId: `alice@${REALM}`, username: 'alice' })
    expect((await curlLogin(server, await kdc.logIn('alice', 'alice secret'))).status).toBe(200)
    for (const name of [`alice@${REALM}`, `alice@${REALM.toLowerCase()}`])
      expect((await typed(server, name, 'alice secret')).status).toBe(200)
    expect((await server.instance.core.users.list({ limit: 9, prefix: 'alice' })).rows).toMatchObject([
      { id: before?.id },
    ])
  })

  test('that are wrong, expired or revoked are one answer, told apart in the audit log', async () => {
    expect(await why('alice', 'wrong')).toBe('credentials')
    expect(await why('nobody', 'alice secret')).toBe('credentials')
    expect(await why('plain', 'wrong')).toBe('credentials')
    expect(await why('old', 'old secret')).toBe('expired')
    expect(await why('gone', 'gone secret')).toBe('expired')
    expect(await why('shut', 'shut secret')).toBe('locked')
  })

  test('are refused after the same time, right or wrong, known or not', async () => {
    for (const [name, password] of [
      ['alice', 'wrong'],
      ['nobody', 'wrong'],
      ['shut', 'shut secret'],
      ['alice/admin', 'admin secret'],
      ['alice@ELSEWHERE.EXAMPLE', 'wrong'],
    ] as const) {
      const started = performance.now()
      expect([name, (await typed(server, name, password)).status]).toEqual([name, 401])
      expect([name, performance.now() - started > 95]).toEqual([name, true])
    }
  })

  test.each([
    ['alice@ELSEWHERE.EXAMPLE', 'alice secret'],
    [`alice@${REALM}@${REALM}`, 'alice secret'],
    ['alice\\@x', 'alice secret'],
    ['@', 'alice secret'],
    ['alice/admin', 'admin secret'],
    ['krbtgt/TEST.EXAMPLE', 'x'],
    ['alice', 'alice secret\0'],
    ['alice', 'x'.repeat(1_025)],
  ])('of %j are refused', async (username, password) => {
    expect(String(await why(username, password))).toMatch(/^(?:credentials|not-allowed)$/)
  })

  test('that only a forged key distribution centre confirms are refused and count against nobody', async () => {
    // Mallory answers in place of the real one, with her own password for alice and her own key of the service.
    await using forged = await startKdc({ people: { alice: 'mallory secret' } })
    await using deceived = await startServerOf({ ...sectionOf(kdc), krb5Conf: forged.krb5Conf })
    const answer = await typed(deceived, 'alice', 'mallory secret')
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '2'])
    expect(deceived.logs()).toContain('the password brought a ticket that the keytab does not confirm')
    await forged.admin(`delprinc -force ${SERVICE}`)
    expect((await typed(deceived, 'alice', 'mallory secret')).status).toBe(503)
    expect(await deceived.instance.core.throttle.status('alice')).toEqual([])
    expect(await deceived.instance.core.users.get('alice')).toBeUndefined()
  })

  test('are not checked while nobody answers, or too slowly; tickets and other sources go on', async () => {
    await using own = await startKdc({ people: PEOPLE })
    const alice = await own.logIn('alice', 'alice secret')
    const [one = '', two = ''] = await makeTokens(alice, 2)
    await using slow = await startServerOf({ ...sectionOf(own), sidecar: { timeoutMs: 700, passwordProcesses: 1 } })
    expect((await typed(slow, 'alice', 'alice secret')).status).toBe(200)
    own.freeze()
    const started = performance.now()
    const waiting = [typed(slow, 'alice', 'alice secret'), typed(slow, 'gone', 'gone secret')]
    expect((await present(slow, one)).status).toBe(200)
    expect((await typed(slow, slow.admin.username, slow.admin.password)).status).toBe(200)
    const elapsed = performance.now() - started
    for (const answer of await Promise.all(waiting)) expect(answer.status).toBe(503)
    const state = async () => (await bodyOf(await slow.fetch('/readyz')))['status']
    expect(await state()).toBe('degraded')
    expect(elapsed).toBeLessThan(700)
    expect(slow.logs()).toContain('it did not answer within 700 ms')
    own.thaw()
    // The clock of the server stands still, and so would what it remembers of its state.
    const well = async () => {
      slow.clock.advance(1_000)
      return (await state()) === 'ready'
    }
    expect(await until(well)).toBe(true)
    expect((await typed(slow, 'alice', 'alice secret')).status).toBe(200)
    await own.stop()
    expect((await typed(slow, 'alice', 'alice secret')).status).toBe(503)
    expect((await present(slow, two)).status).toBe(200)
  })
})
