/** The account in a real browser: passkeys with an authenticator in the browser, an authenticator app, sessions. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import {
  addVirtualAuthenticator,
  describeInBrowser,
  seriousFaults,
  startBrowser,
  type TestBrowser,
} from '../harness/browser.ts'
import { type BrowserServer, startBrowserServer } from '../harness/browser-server.ts'
import { appOf, codeOf } from '../harness/core-factors.ts'
import { PASSWORD } from '../harness/visitor.ts'

const SLOW = 60_000

describeInBrowser('the account', () => {
  let browser: TestBrowser
  let server: BrowserServer
  beforeAll(async () => {
    browser = await startBrowser()
    server = await startBrowserServer({ path: '/idp' })
  }, SLOW)
  afterAll(async () => {
    await browser[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })

  async function openAs(username: string) {
    const opened = await browser.open()
    await server.signIn(opened.page.context(), username)
    await opened.page.goto(`${server.url}/account`)
    return opened
  }

  test(
    'every page of it is reached by its menu, has no serious fault and makes the browser complain of nothing',
    async () => {
      const { page, complaints } = await openAs('menu')
      for (const name of ['Password', 'Second factors', 'Applications', 'Sessions', 'Profile']) {
        await page.getByRole('link', { name, exact: true }).click()
        expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(name)
        expect(await seriousFaults(page)).toEqual([])
      }
      expect(complaints).toEqual([])
    },
    SLOW,
  )

  test(
    'a passkey is added by its button, and proves who it is afterwards',
    async () => {
      const { page, complaints } = await openAs('passkey')
      const session = await addVirtualAuthenticator(page)
      await page.goto(`${server.url}/account/factors`)
      await page.getByRole('button', { name: 'Add a passkey' }).click()
      await page.getByLabel('Name, to tell it apart').fill('This laptop')
      await page.getByRole('button', { name: 'Create passkey' }).click()
      await page.getByText('Added.').waitFor()
      expect(await page.getByText('This laptop').isVisible()).toBe(true)
      expect(complaints).toEqual([])

      const { factors } = server.instance.core
      const asked = await factors.passkeyOptions(undefined)
      const answer = await page.evaluate(async (options) => {
        const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
          options as PublicKeyCredentialRequestOptionsJSON,
        )
        const credential = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential
        return credential.toJSON() as object
      }, asked as object)
      const caller = { actor: 'anonymous', requestId: 'passkey' }
      expect(await factors.passkeyLogin(answer, caller)).toMatchObject({
        ok: true,
        user: { username: 'passkey' },
        amr: ['hwk', 'user', 'mfa'],
      })
      await session.send('WebAuthn.disable')
    },
    SLOW,
  )

  test(
    'a passkey that could not be made is said so, and can be tried again',
    async () => {
      const { page } = await openAs('refused')
      // Before any page that could ask: a route that is set while pages change may come too late for the request.
      await page.route('**/options', (route) => route.fulfill({ status: 503 }))
      await page.goto(`${server.url}/account/factors`)
      await page.getByRole('button', { name: 'Add a passkey' }).click()
      await page.getByRole('button', { name: 'Create passkey' }).click()
      await page.getByText('The passkey could not be used.').waitFor()
      expect(await page.getByRole('button', { name: 'Create passkey' }).isEnabled()).toBe(true)
    },
    SLOW,
  )

  test(
    'an authenticator app is added without any script, from the key that is shown',
    async () => {
      const { page } = await browser.open({ javaScriptEnabled: false })
      await server.signIn(page.context(), 'plain')
      await page.goto(`${server.url}/account/factors`)
      await page.getByRole('button', { name: 'Add an authenticator app' }).click()
      const secret = (await page.locator('dd code').textContent())?.replaceAll(' ', '') ?? ''
      await page
        .getByRole('textbox', { name: 'Code' })
        .fill(codeOf(appOf(`otpauth://totp/x?secret=${secret}`), server.clock.now()))
      await page.getByRole('button', { name: 'Add', exact: true }).click()
      await page.getByText('Added.').waitFor()
      await page.getByRole('button', { name: 'Get new recovery codes' }).click()
      expect(await page.locator('.codes li').count()).toBe(10)
    },
    SLOW,
  )

  test(
    'a new password goes on in this browser, and signing out everywhere ends the other one',
    async () => {
      const [here, there] = [await openAs('twice'), await openAs('twice')]
      await here.page.getByRole('link', { name: 'Sessions' }).click()
      expect(await here.page.locator('.rows > li').count()).toBe(2)
      await here.page.getByRole('button', { name: 'Log out everywhere' }).click()
      await here.page.getByText('You are logged out').waitFor()
      await there.page.goto(`${server.url}/account`)
      await there.page.getByRole('heading', { name: 'Log in' }).waitFor()

      const again = await openAs('twice')
      await again.page.getByRole('link', { name: 'Password' }).click()
      await again.page.getByLabel('Current password').fill(PASSWORD)
      for (const label of ['New password', 'New password again'])
        await again.page.getByLabel(label, { exact: true }).fill('a new horse battery')
      await again.page.getByRole('button', { name: 'Change password' }).click()
      await again.page.getByText('Your password was changed.').waitFor()
    },
    SLOW,
  )
})
