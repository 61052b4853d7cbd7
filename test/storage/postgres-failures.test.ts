/** What becomes of calls when PostgreSQL restarts, loses connections or is busy: a failure within bounds, and then work. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { insert, type Storage } from '#plugin'
import { kit, note, notes, words } from '../conformance/storage/collections.ts'
import { describePostgres, type PostgresServer, startPostgres } from '../harness/postgres.ts'
import { openStorage } from '../harness/postgres-storage.ts'
import { bodyOf, OPERATOR, startTestServer } from '../harness/server.ts'
import { until } from '../harness/until.ts'

describePostgres('PostgreSQL that fails', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres()
  }, 60_000)
  afterAll(() => server[Symbol.asyncDispose]())

  const word = (select: string) => insert(words, { select, group: null })
  const isThere = async (storage: Storage, select: string) => (await storage.get(words, { select })) !== undefined

  async function opened(section: object = {}) {
    const database = await server.createDatabase()
    const storage = await openStorage({ ...server.config(database), ...section })
    await storage.migrate(kit)
    return {
      database,
      storage,
      async [Symbol.asyncDispose]() {
        await storage[Symbol.asyncDispose]()
        await server.dropDatabase(database)
      },
    }
  }

  /** Writes with many callers until told to stop; what was acknowledged, and what the others heard. */
  function writing(storage: Storage) {
    const [acknowledged, refused] = [[] as string[], [] as unknown[]]
    let going = true
    const caller = async (_: unknown, index: number) => {
      for (let serial = 0; going; serial++) {
        const name = `${index}.${serial}`
        await storage.commit([word(name), insert(notes, note({ id: name }))]).then(
          () => acknowledged.push(name),
          (error: unknown) => refused.push(error),
        )
      }
    }
    const callers = Promise.all(Array.from({ length: 20 }, caller))
    return {
      acknowledged,
      refused,
      async stop() {
        going = false
        await callers
      },
    }
  }

  test('a restart during use loses nothing that was acknowledged, and calls work again', async () => {
    await using there = await opened()
    const writes = writing(there.storage)
    expect(await until(() => writes.acknowledged.length > 100)).toBe(true)
    await server.stop()
    expect(await until(() => writes.refused.length > 100)).toBe(true)
    const before = writes.acknowledged.length
    await server.start()
    expect(await until(() => writes.acknowledged.length > before + 100)).toBe(true)
    await writes.stop()
    for (const error of writes.refused)
      expect(String(error)).toStartWith('PostgresFailure: Cannot commit in PostgreSQL: ')
    for (const name of writes.acknowledged) expect([name, await isThere(there.storage, name)]).toEqual([name, true])
  }, 60_000)

  test('connections that are killed are replaced, and only what they had under way fails', async () => {
    await using there = await opened()
    const writes = writing(there.storage)
    for (let round = 1; round <= 5; round++) {
      expect(await until(() => writes.acknowledged.length > 100 * round)).toBe(true)
      await server
        .admin(there.database)
        .unsafe(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'leveret' AND datname = '${there.database}'`,
        )
    }
    const before = writes.acknowledged.length
    expect(await until(() => writes.acknowledged.length > before + 100)).toBe(true)
    await writes.stop()
    expect(writes.refused.length).toBeLessThanOrEqual(5 * 10)
    for (const name of writes.acknowledged) expect([name, await isThere(there.storage, name)]).toEqual([name, true])
  }, 60_000)

  test('a call that finds every connection lent fails in time, and the next one finds one', async () => {
    await using there = await opened({ poolSize: 2, acquireTimeout: '200ms' })
    const admin = await server.admin(there.database).reserve()
    await admin.unsafe('BEGIN; LOCK TABLE kit_note')
    const held = ['a', 'b'].map((id) => there.storage.commit([insert(notes, note({ id }))]))
    const late = await Promise.allSettled(Array.from({ length: 30 }, () => there.storage.get(words, { select: 'x' })))
    const said = new Set(late.map((outcome) => (outcome.status === 'rejected' ? String(outcome.reason) : 'answered')))
    expect([...said]).toEqual(['PostgresFailure: Cannot read "order" in PostgreSQL: no connection was free for 200 ms'])
    await admin.unsafe('COMMIT')
    await admin.release()
    expect((await Promise.all(held)).map(({ ok }) => ok)).toEqual([true, true])
    expect(await isThere(there.storage, 'x')).toBe(false)
  }, 60_000)

  test('a call that waits for a lock too long fails, leaves nothing, and its connection goes on', async () => {
    await using there = await opened({ poolSize: 1, statementTimeout: '300ms' })
    const admin = await server.admin(there.database).reserve()
    await admin.unsafe('BEGIN; LOCK TABLE kit_note')
    const waited = there.storage.commit([word('half'), insert(notes, note({ id: 'half' }))])
    expect(String(await waited.catch((error: unknown) => error))).toContain('statement timeout')
    await admin.unsafe('COMMIT')
    await admin.release()
    expect(await isThere(there.storage, 'half')).toBe(false)
    expect(await there.storage.commit([word('whole'), insert(notes, note({ id: 'whole' }))])).toMatchObject({
      ok: true,
    })
  }, 60_000)

  test('the server on it: logs in, exchanges, answers 503 while it is away, and then goes on', async () => {
    const database = await server.createDatabase()
    const { password, ...section } = server.config(database)
    const storage = { type: 'postgres', ...section, password: { env: 'TEST_PG_PASSWORD' } }
    {
      await using leveret = await startTestServer({ config: { storage }, env: { TEST_PG_PASSWORD: password } })
      const { core } = leveret.instance
      await core.brokers.create({ name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }, OPERATOR)
      const { username } = leveret.admin
      await core.rules.create({ subjectKind: 'user', subject: username, vhost: 'prod', preset: 'owner' }, OPERATOR)
      const identity = await leveret.login({ ...leveret.admin, vhost: 'prod' })
      const exchange = () =>
        leveret.fetch('/auth/session/token', { method: 'POST', headers: { authorization: `Bearer ${identity}` } })
      expect(await bodyOf(await exchange())).toMatchObject({ token_type: 'bearer', vhost: 'prod', broker: 'main' })
      expect((await leveret.fetch('/readyz')).status).toBe(200)

      await server.stop()
      const away = await exchange()
      expect([away.status, away.headers.get('retry-after')]).toEqual([503, '1'])
      expect(await bodyOf(away)).toMatchObject({ code: 'unavailable' })
      leveret.clock.advance(2_000)
      expect((await leveret.fetch('/readyz')).status).toBe(503)

      await server.start()
      expect(await until(async () => (await exchange()).status === 200)).toBe(true)
      leveret.clock.advance(2_000)
      expect((await leveret.fetch('/readyz')).status).toBe(200)
      expect(leveret.logs()).not.toContain(password)
    }
    await server.dropDatabase(database)
  }, 60_000)
})
