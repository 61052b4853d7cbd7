/** Logging in to a client with a real browser: password, second factors, passkeys, consent, refusals. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import type { User } from '../../src/core/users/records.ts'
import {
  addVirtualAuthenticator,
  describeInBrowser,
  seriousFaults,
  startBrowser,
  type TestBrowser,
} from '../harness/browser.ts'
import { type BrowserServer, startBrowserServer } from '../harness/browser-server.ts'
import { appOf, codeOf } from '../harness/core-factors.ts'
import { type RelyingParty, startRelyingParty } from '../harness/relying-party.ts'
import { OPERATOR } from '../harness/server.ts'
import { PASSWORD } from '../harness/visitor.ts'

const SLOW = 60_000

describeInBrowser('a login for a client', () => {
  let browser: TestBrowser
  let server: BrowserServer
  let party: RelyingParty
  beforeAll(async () => {
    browser = await startBrowser()
    server = await startBrowserServer()
    party = await startRelyingParty(server)
  }, SLOW)
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await party[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  function person(username: string): Promise<User> {
    return server.instance.core.users.create({ username, password: PASSWORD, displayName: `Dr ${username}` }, OPERATOR)
  }

  async function withApp(user: User) {
    const { factors } = server.instance.core
    const { id, uri } = await factors.enrolTotp(user)
    const app = appOf(uri)
    await factors.confirmTotp(user, { id, code: codeOf(app, server.clock.now()) }, OPERATOR)
    server.clock.advance(30_000)
    return app
  }

  async function typePassword(page: Page, username: string, password = PASSWORD): Promise<void> {
    await page.getByLabel('User name').fill(username)
    await page.getByLabel('Password').fill(password)
    await page.getByRole('button', { name: 'Log in', exact: true }).click()
  }

  const allow = (page: Page) => page.getByRole('button', { name: 'Allow' }).click()

  test(
    'password, consent, and back to the client by the redirect after the form; asked once',
    async () => {
      await person('alice')
      const { page, complaints } = await browser.open()
      await page.goto(party.start())
      expect(await page.getByText('to continue to Order Desk').isVisible()).toBe(true)
      expect(await seriousFaults(page)).toEqual([])
      await typePassword(page, 'alice', 'wrong')
      await page.getByText('User name or password is wrong.').waitFor()
      await typePassword(page, 'alice')
      await page.getByRole('heading', { name: 'Order Desk wants access' }).waitFor()
      expect(await page.getByText('see your name and profile').isVisible()).toBe(true)
      expect(await seriousFaults(page)).toEqual([])
      await allow(page)
      await page.getByText('Welcome Dr alice').waitFor()
      expect(party.claims.at(-1)).toMatchObject({ amr: ['pwd'], acr: '1' })
      await page.goto(party.start())
      await page.getByText('Welcome Dr alice').waitFor()
      // The status of the wrong password is the only thing that Chromium speaks of.
      expect(complaints.filter((text) => !text.includes('400'))).toEqual([])

      await page.goto(`${server.url}/account/applications`)
      await page.getByRole('button', { name: 'Take back: Order Desk' }).click()
      await page.getByText('The access was taken back.').waitFor()
      await page.goto(party.start())
      await page.getByRole('button', { name: 'Deny' }).click()
      await page.getByText('Refused: access_denied').waitFor()
    },
    SLOW,
  )

  test(
    'an authenticator app as second factor, without any script',
    async () => {
      const app = await withApp(await person('totp'))
      const { page } = await browser.open({ javaScriptEnabled: false })
      await page.goto(party.start())
      await typePassword(page, 'totp')
      await page.getByRole('heading', { name: 'Confirm that it is you' }).waitFor()
      await page.getByRole('textbox', { name: 'Code' }).fill('000000')
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByText('This code is wrong or no longer valid.').waitFor()
      await page.getByRole('textbox', { name: 'Code' }).fill(codeOf(app, server.clock.now()))
      await page.getByRole('button', { name: 'Continue' }).click()
      await allow(page)
      await page.getByText('Welcome Dr totp').waitFor()
      expect(party.claims.at(-1)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: '2' })
    },
    SLOW,
  )

  test(
    'a passkey as second factor, and alone',
    async () => {
      await person('passkey')
      const { page, complaints } = await browser.open()
      await addVirtualAuthenticator(page)
      await server.signIn(page.context(), 'passkey')
      await page.goto(`${server.url}/account/factors`)
      await page.getByRole('button', { name: 'Add a passkey' }).click()
      await page.getByRole('button', { name: 'Create passkey' }).click()
      await page.getByText('Added.').waitFor()

      await page.context().clearCookies()
      await page.goto(party.start())
      await typePassword(page, 'passkey')
      await page.getByRole('button', { name: 'Use passkey' }).click()
      await allow(page)
      await page.getByText('Welcome Dr passkey').waitFor()
      expect(party.claims.at(-1)).toMatchObject({ amr: ['pwd', 'hwk', 'user', 'mfa'], acr: '2' })

      await page.context().clearCookies()
      await page.goto(party.start())
      await page.getByRole('button', { name: 'Log in with a passkey' }).click()
      await page.getByText('Welcome Dr passkey').waitFor()
      expect(party.claims.at(-1)).toMatchObject({ amr: ['hwk', 'user', 'mfa'], acr: '2' })
      expect(complaints).toEqual([])
    },
    SLOW,
  )

  test(
    'who must have a second factor and has none adds one on the way, and sees recovery codes',
    async () => {
      const user = await person('enrol')
      await server.instance.core.factors.demand(user, true, OPERATOR)
      const { page } = await browser.open()
      await page.goto(party.start())
      await typePassword(page, 'enrol')
      await page.getByRole('heading', { name: 'Add an authenticator app' }).waitFor()
      expect(await seriousFaults(page)).toEqual([])
      const secret = (await page.locator('dd code').textContent())?.replaceAll(' ', '') ?? ''
      const code = codeOf(appOf(`otpauth://totp/x?secret=${secret}`), server.clock.now())
      await page.getByRole('textbox', { name: 'Code' }).fill(code)
      await page.getByRole('button', { name: 'Add', exact: true }).click()
      await page.getByRole('heading', { name: 'Your recovery codes' }).waitFor()
      await page.getByRole('link', { name: 'I have put them away' }).click()
      await allow(page)
      await page.getByText('Welcome Dr enrol').waitFor()
      expect(party.claims.at(-1)).toMatchObject({ acr: '2' })
    },
    SLOW,
  )

  test(
    'form_post brings the answer by a form that sends itself',
    async () => {
      await person('poster')
      const { page, complaints } = await browser.open()
      await page.goto(party.start({ response_mode: 'form_post' }))
      await typePassword(page, 'poster')
      await allow(page)
      await page.getByText('Welcome Dr poster').waitFor()
      expect(party.methods.at(-1)).toBe('POST')
      expect(complaints).toEqual([])
    },
    SLOW,
  )

  test(
    'the language of the request counts before that of the browser',
    async () => {
      const { page } = await browser.open({ locale: 'en-GB' })
      await page.goto(party.start({ ui_locales: 'de' }))
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Anmelden')
      expect(await page.locator('html').getAttribute('lang')).toBe('de')
    },
    SLOW,
  )

  test(
    'a client that is not known, or wants the answer elsewhere, is refused with a page and no redirect',
    async () => {
      const { page } = await browser.open()
      for (const extra of [{ client_id: 'nobody' }, { redirect_uri: 'https://evil.example/callback' }]) {
        const response = await page.goto(party.start(extra))
        expect(response?.status()).toBe(400)
        expect(new URL(page.url()).origin).toBe(new URL(server.url).origin)
        expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('This did not work')
        expect(await seriousFaults(page)).toEqual([])
      }
    },
    SLOW,
  )
})
