/** The login page with a ticket: curl, which follows like a browser, and a real Chromium. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { describeInBrowser, startBrowser, type TestBrowser } from '../harness/browser.ts'
import { type BrowserServer, startBrowserServer } from '../harness/browser-server.ts'
import { type ClientEnv, describeKdc, type Kdc, startKdc } from '../harness/kdc.ts'
import { lastLogin, sectionOf } from './realm.ts'

const SLOW = 60_000
const LOCAL = { type: 'local', id: 'local', memoryKib: 8192, iterations: 1 }
const HERE = ['127.0.0.0/8', '::1']

describeKdc('the login page', () => {
  let kdc: Kdc
  let alice: ClientEnv
  /** One where browsers are expected to have tickets, one where they are not. */
  let intranet: BrowserServer
  let internet: BrowserServer
  beforeAll(async () => {
    kdc = await startKdc({ people: { alice: 'alice secret' } })
    alice = await kdc.logIn('alice', 'alice secret')
    intranet = await startBrowserServer({ config: { login: [LOCAL, { ...sectionOf(kdc), browserNetworks: HERE }] } })
    internet = await startBrowserServer({ config: { login: [LOCAL, sectionOf(kdc)] } })
  }, SLOW)
  afterAll(async () => {
    await intranet?.[Symbol.asyncDispose]()
    await internet?.[Symbol.asyncDispose]()
    await kdc?.[Symbol.asyncDispose]()
  })

  /** Status and heads of every answer on the way, and the last body. */
  async function curl(url: string, env: ClientEnv | Readonly<Record<string, string>>, ...more: string[]) {
    const jar = join(kdc.folder, `jar-${crypto.randomUUID()}`)
    const words = ['curl', '-sS', '--include', '--location', '-c', jar, '-b', jar, ...more, url]
    const child = Bun.spawn(words, { env: { PATH: '/usr/bin:/bin', ...env }, stdout: 'pipe', stderr: 'inherit' })
    const out = await new Response(child.stdout).text()
    const statuses = [...out.matchAll(/^HTTP\/1\.1 (\d+)/gm)].map(([, status]) => Number(status))
    return { out, statuses, asks: /^www-authenticate: Negotiate\r?$/im.test(out) }
  }

  test('asks browsers of a named network, and shows the form to those without a ticket', async () => {
    const { out, statuses, asks } = await curl(`${intranet.url}/auth/login-page`, {})
    expect([statuses.at(-1), asks]).toEqual([401, true])
    expect(out).toContain('name="password"')
    const again = await curl(`${intranet.url}/auth/login-page?prompt=login`, {})
    expect([again.statuses.at(-1), again.asks]).toEqual([200, false])
    const elsewhere = await curl(`${internet.url}/auth/login-page`, {})
    expect([elsewhere.statuses.at(-1), elsewhere.asks]).toEqual([200, false])
  })

  test('takes a ticket for a login, and answers with the proof of the server', async () => {
    const { out, statuses } = await curl(`${intranet.url}/auth/login-page`, alice, '--negotiate', '-u', ':')
    expect(statuses.at(-1)).toBe(200)
    expect(out).toMatch(/^www-authenticate: Negotiate \S{20,}/im)
    expect(out).toMatch(/^location: \/account/im)
    expect(await lastLogin(intranet)).toMatchObject({ outcome: 'ok', target: 'user:alice' })
  })

  test('shows the form after a ticket that is none, and asks no more', async () => {
    const forged = ['-H', 'authorization: Negotiate AAAA']
    const { out, statuses, asks } = await curl(`${intranet.url}/auth/login-page`, {}, ...forged)
    expect([statuses.at(-1), asks]).toEqual([200, false])
    expect(out).toContain('name="password"')
  })

  describeInBrowser('in Chromium', () => {
    let withTicket: TestBrowser
    let without: TestBrowser
    beforeAll(async () => {
      ;[withTicket, without] = await Promise.all([startBrowser({ tickets: alice }), startBrowser()])
      // The first question makes Chromium load the library, and goes without an answer.
      await (await withTicket.open()).page.goto(`${intranet.url}/auth/login-page`)
    }, SLOW)
    afterAll(async () => {
      await withTicket?.[Symbol.asyncDispose]()
      await without?.[Symbol.asyncDispose]()
    })

    test(
      'with a ticket nothing is typed',
      async () => {
        const { page } = await withTicket.open()
        await page.goto(`${intranet.url}/auth/login-page`)
        expect(new URL(page.url()).pathname).toBe('/account')
        expect(await lastLogin(intranet)).toMatchObject({ outcome: 'ok', target: 'user:alice' })
      },
      SLOW,
    )

    test(
      'without one the form is there, and works',
      async () => {
        const { page } = await without.open()
        await page.goto(`${intranet.url}/auth/login-page`)
        await page.getByLabel('User name').fill('alice')
        await page.getByLabel('Password').fill('alice secret')
        await page.getByRole('button', { name: 'Log in', exact: true }).click()
        await page.waitForURL('**/account')
      },
      SLOW,
    )

    test(
      'where nobody is asked, one click is',
      async () => {
        const { page } = await withTicket.open()
        await page.goto(`${internet.url}/auth/login-page`)
        await page.getByRole('link', { name: /Kerberos/ }).click()
        await page.waitForURL('**/account')
        expect(await lastLogin(internet)).toMatchObject({ outcome: 'ok', target: 'user:alice' })
      },
      SLOW,
    )
  })
})
