/** The front channel with PostgreSQL underneath. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { describePostgres, type PostgresServer, startPostgres } from '../harness/postgres.ts'
import { answerIn, type Desk, openDesk } from './desk.ts'

describePostgres('on PostgreSQL', () => {
  let server: PostgresServer
  beforeAll(async () => {
    server = await startPostgres()
  }, 60_000)
  afterAll(() => server[Symbol.asyncDispose]())

  async function open(): Promise<Desk> {
    const { password, ...config } = server.config(await server.createDatabase())
    const storage = { type: 'postgres', ...config, password: { env: 'TEST_PG_PASSWORD' } }
    return await openDesk({ config: { storage }, env: { TEST_PG_PASSWORD: password } })
  }

  test('somebody logs in, allows, is not asked again, and logs out', async () => {
    await using desk = await open()
    const browser = desk.browser()
    const landing = await desk.authorize(browser, { claims: '{"id_token":{"name":null}}', login_hint: 'alice' })
    expect((await desk.redeem(landing)).status).toBe(200)
    expect(answerIn(await browser.open(desk.request()))['code']).toBeDefined()
    await browser.submit(await browser.open('/auth/logout'), { action: 'logout' })
    expect(answerIn(await browser.open(desk.request({ prompt: 'none' })))['error']).toBe('login_required')
  })

  test('of many clicks on the same button one leads to a code', async () => {
    await using desk = await open()
    const browser = desk.browser()
    const consent = await desk.logIn(browser, await browser.open(desk.request()))
    const clicks = await Promise.all(Array.from({ length: 20 }, () => browser.submit(consent, { decision: 'allow' })))
    expect(clicks.filter(({ away }) => away?.searchParams.has('code'))).toHaveLength(1)
  })
})
