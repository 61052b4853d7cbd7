/** A device that is allowed with another browser, and the end of a session asked for by a client, in Chromium. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { describeInBrowser, seriousFaults, startBrowser, type TestBrowser } from '../harness/browser.ts'
import { type BrowserServer, startBrowserServer } from '../harness/browser-server.ts'
import { type RelyingParty, startRelyingParty } from '../harness/relying-party.ts'
import { bodyOf, OPERATOR } from '../harness/server.ts'
import { PASSWORD } from '../harness/visitor.ts'

const SLOW = 60_000
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

describeInBrowser('a device, and logging out', () => {
  let browser: TestBrowser
  let server: BrowserServer
  let party: RelyingParty
  let device: string
  beforeAll(async () => {
    browser = await startBrowser()
    server = await startBrowserServer()
    party = await startRelyingParty(server)
    const { clients, users } = server.instance.core
    const television = { name: 'Living Room TV', confidential: false, grants: [DEVICE_CODE], redirectUris: [] }
    device = (await clients.create(television, OPERATOR)).client.id
    for (const username of ['alice', 'bob']) await users.create({ username, password: PASSWORD }, OPERATOR)
  }, SLOW)
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await party[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  const post = async (path: string, form: Record<string, string>) =>
    bodyOf(await server.fetch(path, { method: 'POST', body: new URLSearchParams({ client_id: device, ...form }) }))

  async function begin() {
    const begun = await post('/auth/oauth/device_authorization', { scope: 'openid profile' })
    const poll = async () => {
      server.clock.advance(10_000)
      return post('/auth/oauth/token', { grant_type: DEVICE_CODE, device_code: String(begun['device_code']) })
    }
    return { code: String(begun['user_code']), complete: String(begun['verification_uri_complete']), poll }
  }

  async function logIn(page: Page, username: string): Promise<void> {
    await page.getByLabel('User name').fill(username)
    await page.getByLabel('Password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Log in', exact: true }).click()
  }

  test(
    'a person types the code, sees what asks from where, and allows it; the device gets its tokens',
    async () => {
      const { code, poll } = await begin()
      expect(await poll()).toMatchObject({ error: 'authorization_pending' })
      const { page, complaints } = await browser.open()
      await page.goto(`${server.url}/auth/device`)
      await logIn(page, 'alice')
      expect(await seriousFaults(page)).toEqual([])
      await page.getByRole('textbox', { name: 'Code' }).fill('BBBB-BBBB')
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByText('There is no such code').waitFor()
      await page.getByRole('textbox', { name: 'Code' }).fill(code.toLowerCase().replace('-', ' '))
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByRole('heading', { name: 'Connect this device?' }).waitFor()
      for (const text of ['Living Room TV', '127.0.0.1', 'just now'])
        expect(await page.getByText(text).first().isVisible()).toBe(true)
      expect(await seriousFaults(page)).toEqual([])
      await page.getByRole('button', { name: 'Allow' }).click()
      await page.getByRole('heading', { name: 'Device connected' }).waitFor()
      expect(await poll()).toMatchObject({ access_token: expect.any(String), id_token: expect.any(String) })
      expect(complaints.filter((text) => !text.includes('400'))).toEqual([])
    },
    SLOW,
  )

  test(
    'the address with the code in it still asks, and a telephone can go on with it',
    async () => {
      const { code, complete, poll } = await begin()
      const { page } = await browser.open()
      await page.goto(complete)
      await logIn(page, 'bob')
      expect(await page.getByRole('textbox', { name: 'Code' }).inputValue()).toBe(code)
      await page.getByText('Go on with your telephone').click()
      expect(await page.getByRole('img', { name: `QR code of ${complete}` }).isVisible()).toBe(true)
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByRole('button', { name: 'Deny' }).click()
      await page.getByRole('heading', { name: 'Device refused' }).waitFor()
      expect(await poll()).toMatchObject({ error: 'access_denied' })
    },
    SLOW,
  )

  test(
    'a page that one person opened is not sent by another who logs in in the meantime',
    async () => {
      const { code, poll } = await begin()
      const { page } = await browser.open()
      await server.signIn(page.context(), 'alice')
      await page.goto(`${server.url}/auth/device?user_code=${code}`)
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByRole('heading', { name: 'Connect this device?' }).waitFor()
      await page.context().clearCookies()
      await server.signIn(page.context(), 'bob')
      await page.getByRole('button', { name: 'Allow' }).click()
      await page.getByRole('heading', { name: 'This did not work' }).waitFor()
      expect(await poll()).toMatchObject({ error: 'authorization_pending' })
    },
    SLOW,
  )

  test(
    'a client asks to log out: the person is asked, may stay, and comes back to the client',
    async () => {
      const { clients } = server.instance.core
      const back = new URL('/bye', party.start()).href
      await clients.update(party.clientId, { postLogoutRedirectUris: [back] }, OPERATOR)
      const { page } = await browser.open()
      await page.goto(party.start())
      await logIn(page, 'alice')
      await page.getByRole('button', { name: 'Allow' }).click()
      await page.getByText('Welcome').waitFor()
      const query = new URLSearchParams({ client_id: party.clientId, post_logout_redirect_uri: back })
      const end = `${server.url}/auth/oauth/end_session?${query}`
      await page.goto(end)
      await page.getByText('Order Desk asks to log you out.').waitFor()
      expect(await seriousFaults(page)).toEqual([])
      await page.getByRole('button', { name: 'Stay logged in' }).click()
      await page.getByRole('heading', { name: 'Profile' }).waitFor()
      await page.goto(end)
      await page.getByRole('button', { name: 'Log out' }).click()
      await page.getByText('Bye').waitFor()
      await page.goto(`${server.url}/account`)
      await page.getByRole('heading', { name: 'Log in' }).waitFor()
    },
    SLOW,
  )

  test(
    'the account has a way out',
    async () => {
      const { page } = await browser.open()
      await server.signIn(page.context(), 'alice')
      await page.goto(`${server.url}/account`)
      await page.getByRole('button', { name: 'Log out' }).click()
      await page.getByRole('heading', { name: 'You are logged out' }).waitFor()
      await page.getByRole('link', { name: 'Log in again' }).click()
      await page.getByRole('heading', { name: 'Log in' }).waitFor()
    },
    SLOW,
  )
})
