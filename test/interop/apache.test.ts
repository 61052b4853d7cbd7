/** Apache with mod_auth_openidc as the relying party, a real browser as the person: in, known, out. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { type Apache, apachePlace, describeWithApache } from '../harness/apache.ts'
import { startBrowser, type TestBrowser } from '../harness/browser.ts'
import { ALICE } from '../harness/oauth.ts'
import { type Served, serveExecutableWith } from '../harness/served.ts'

setDefaultTimeout(60_000)

describeWithApache('Apache with mod_auth_openidc', () => {
  const place = apachePlace()
  const stack = new AsyncDisposableStack()
  let browser: TestBrowser
  let apache: Apache
  let served: Served
  beforeAll(async () => {
    served = stack.use(await serveExecutableWith())
    const client = await served.client({
      name: 'Wiki',
      redirectUris: [place.redirectUri],
      postLogoutRedirectUris: [place.bye],
    })
    apache = stack.use(await place.start({ issuer: served.issuer, ca: served.ca, client }))
    browser = stack.use(await startBrowser())
  }, 120_000)
  afterAll(() => stack.disposeAsync())

  test('a browser is logged in, consents, is known, and is logged out at both', async () => {
    const { page } = await browser.open({ ignoreHTTPSErrors: true })
    await page.goto(`${apache.url}/private/`)
    expect(new URL(page.url()).origin).toBe(served.issuer)
    await page.fill('[name=username]', ALICE.username)
    await page.fill('[name=password]', ALICE.password)
    await page.click('[type=submit]')
    await page.click('[name=decision][value=allow]')
    expect(page.url()).toBe(`${apache.url}/private/`)
    expect(await page.textContent('#who')).toBe('alice')
    expect(await page.textContent('#mail')).toBe('alice@example.org')

    await page.goto(`${place.redirectUri}?logout=${encodeURIComponent(place.bye)}`)
    expect(page.url()).toBe(place.bye)
    await page.goto(`${apache.url}/private/`)
    expect(new URL(page.url()).pathname).toBe('/auth/login')
  })
})
