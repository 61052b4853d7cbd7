import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { freePort } from '../harness/broker.ts'
import { describeSlapd, type Slapd, startSlapd } from '../harness/slapd.ts'
import { until } from '../harness/until.ts'
import { type Behaviour, startFakeDirectory } from './fake-directory.ts'
import { openLdap, searching, type Section, verify } from './source.ts'

/** Short, so that what never comes is soon given up. */
const IMPATIENT = { connectTimeoutMs: 400, operationTimeoutMs: 400, loginDeadlineMs: 1_000 }
/** Where everything is answered in the end, even by a machine that is busy. */
const PATIENT = { connectTimeoutMs: 30_000, operationTimeoutMs: 30_000, loginDeadlineMs: 60_000 }
const unavailable = { ok: false, why: 'unavailable' }

describeSlapd('a directory in trouble', () => {
  let slapd: Slapd
  beforeAll(async () => {
    slapd = await startSlapd()
  })
  afterAll(() => slapd?.[Symbol.asyncDispose]())
  const open = (more: Section = {}) => openLdap(searching(slapd, { ...IMPATIENT, ...more }))
  const plain = (port: number): Section => ({ urls: [`ldap://127.0.0.1:${port}`], allowPlaintext: true })

  test('that is not there is unavailable, not a wrong password', async () => {
    await using source = await open({ urls: [`ldaps://127.0.0.1:${freePort()}`, 'ldaps://absent.invalid'] })
    expect(await verify(source, 'alice', 'alice secret')).toMatchObject(unavailable)
    expect(await source.health?.()).toMatchObject({ ok: false })
  })

  describe.each<[string, Behaviour, Section]>([
    ['says nothing', 'silent', {}],
    ['speaks something else', 'garbage', {}],
    ['hangs up at once', 'hang-up', {}],
    ['dies when it is asked', 'die', {}],
    ['agrees to StartTLS and says nothing more', 'silent-after-start-tls', { startTls: true }],
    ['agrees to StartTLS and hangs up', 'hang-up-after-start-tls', { startTls: true }],
    ['refuses StartTLS', 'no-start-tls', { startTls: true }],
  ])('that %s', (_name, behaviour, more) => {
    test('is unavailable within the deadline, and no connection stays', async () => {
      await using fake = startFakeDirectory(behaviour)
      await using source = await open({ ...plain(fake.port), ...more })
      expect(await verify(source, 'alice', 'alice secret')).toMatchObject(unavailable)
      expect(await until(() => fake.open() === 0)).toBe(true)
      if (more['startTls'] === true) expect(fake.sawPassword()).toBe(false)
    })

    test('is passed over for the next one', async () => {
      await using fake = startFakeDirectory(behaviour)
      const urls = [`ldap://127.0.0.1:${fake.port}`, slapd.ldaps]
      await using source = await open({
        allowPlaintext: true,
        ...more,
        urls,
        connectTimeoutMs: 1_500,
        operationTimeoutMs: 1_500,
        loginDeadlineMs: 20_000,
      })
      expect(await verify(source, 'alice', 'alice secret')).toMatchObject({ ok: true })
      const dials = fake.dials()
      // The one that failed comes last from now on.
      expect(await verify(source, 'alice', 'alice secret')).toMatchObject({ ok: true })
      expect(fake.dials()).toBe(dials)
    })
  })

  test.each<[string, Behaviour, Section, string]>([
    ['nothing', 'silent', {}, 'no answer within 400 ms'],
    ['nothing after StartTLS', 'silent-after-start-tls', { startTls: true }, 'not connected within 400 ms'],
    ['nothing in the whole time', 'silent', { operationTimeoutMs: 2_000 }, 'the time for this login is over'],
    ['goodbye', 'die', {}, 'closed'],
  ])('that says %s is named for it', async (_what, behaviour, more, detail) => {
    await using fake = startFakeDirectory(behaviour)
    await using source = await open({ ...plain(fake.port), ...more })
    const verdict = await verify(source, 'alice', 'alice secret')
    expect(verdict).toMatchObject({ ...unavailable, detail: expect.stringContaining(detail) })
  })

  test('that answers for another before TLS is not believed after it', async () => {
    await using fake = startFakeDirectory('inject-before-tls', { forwardTo: Number(new URL(slapd.ldap).port) })
    await using source = await open({
      ...plain(fake.port),
      startTls: true,
      userDnTemplate: 'cn={username},ou=User,dc=corp,dc=example',
      bindDn: undefined,
      bindPassword: undefined,
    })
    expect(await verify(source, 'Alice', 'wrong')).not.toMatchObject({ ok: true })
    expect(await verify(source, 'Alice', 'alice secret')).toMatchObject({ ok: true })
  })

  test('that freezes costs each login its deadline and nothing else, and is well again after it', async () => {
    await using source = await open()
    slapd.freeze()
    try {
      const logins = Array.from({ length: 40 }, () => verify(source, 'alice', 'alice secret'))
      for (const verdict of await Promise.all(logins)) expect(verdict).toMatchObject(unavailable)
      expect(await source.health?.()).toMatchObject({ ok: false })
    } finally {
      slapd.thaw()
    }
    expect(await until(async () => (await verify(source, 'alice', 'alice secret')).ok)).toBe(true)
  })

  test('that freezes between two steps is given up, the connection with it', async () => {
    await using source = await open()
    let steps = 0
    const report = () => {
      steps += 1
      if (steps === 2) slapd.freeze()
    }
    const question = { username: 'alice', password: 'alice secret', signal: new AbortController().signal, report }
    try {
      expect(await source.diagnose?.(question)).toMatchObject(unavailable)
    } finally {
      slapd.thaw()
    }
  })

  test('that is killed in the middle is noticed at once, and after its restart all is well', async () => {
    await using source = await open({
      connectTimeoutMs: 30_000,
      operationTimeoutMs: 50_000,
      loginDeadlineMs: 60_000,
      urls: [slapd.ldap],
      startTls: true,
    })
    const question = { username: 'alice', password: 'alice secret', signal: new AbortController().signal }
    let killed: Promise<void> | undefined
    const report = () => {
      if (killed) return
      // Frozen first, so that it cannot answer before it dies.
      slapd.freeze()
      killed = slapd.kill()
    }
    expect(await source.diagnose?.({ ...question, report })).toMatchObject(unavailable)
    await killed
    expect(await verify(source, 'alice', 'alice secret')).toMatchObject(unavailable)
    await slapd.start()
    expect(await verify(source, 'alice', 'alice secret')).toMatchObject({ ok: true })
  })

  test('gets a login no further when nobody waits for it', async () => {
    await using source = await open({ loginDeadlineMs: 60_000, connectTimeoutMs: 60_000 })
    const abort = new AbortController()
    slapd.freeze()
    try {
      const waiting = verify(source, 'alice', 'alice secret', { signal: abort.signal })
      abort.abort()
      expect(await waiting).toMatchObject(unavailable)
    } finally {
      slapd.thaw()
    }
  })

  test('refuses beyond what may run and wait, and answers everybody else rightly', async () => {
    await using source = await open({ ...PATIENT, maxConcurrent: 4, maxWaiting: 60 })
    const logins = Array.from({ length: 64 }, (_, index) =>
      verify(source, `n${index + 20}`, index % 2 === 0 ? `n${index + 20} secret` : 'wrong'),
    )
    const verdicts = await Promise.all(logins)
    for (const [index, verdict] of verdicts.entries()) {
      expect(verdict).toMatchObject(
        index % 2 === 0 ? { ok: true, identity: { username: `n${index + 20}` } } : { ok: false, why: 'credentials' },
      )
    }
    await using narrow = await open({ ...PATIENT, maxConcurrent: 1, maxWaiting: 0 })
    const both = await Promise.all([verify(narrow, 'alice', 'alice secret'), verify(narrow, 'alice', 'alice secret')])
    expect(both.map((verdict) => (verdict.ok ? 'ok' : verdict.why))).toEqual(['ok', 'unavailable'])
  })

  test('leaves no descriptor and no connection behind, however a login ends', async () => {
    await using source = await open(PATIENT)
    const descriptors = () => readdirSync('/proc/self/fd').length
    await verify(source, 'alice', 'alice secret')
    const before = descriptors()
    for (let round = 0; round < 60; round += 1) {
      await Promise.all([
        verify(source, 'alice', 'alice secret'),
        verify(source, 'ghost', 'wrong'),
        verify(source, 'bob', 'bob secret'),
      ])
    }
    expect(await until(async () => (await slapd.connections()) === 0)).toBe(true)
    expect(await until(() => descriptors() <= before + 2)).toBe(true)
  })
})
