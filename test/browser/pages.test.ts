/** Every page in a real browser: nothing that its policy stops, nothing that keeps somebody out, in both lights and languages. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { describeInBrowser, seriousFaults, startBrowser, type TestBrowser } from '../harness/browser.ts'
import { type Gallery, openGallery } from '../harness/gallery.ts'
import { FRIENDLY, titleOf, viewsWith } from '../web/views.ts'

const views = viewsWith(FRIENDLY)
/** Loaded from a client's site, which a test does not reach. */
const withoutLogos = JSON.parse(
  JSON.stringify(views, (key, value: unknown) => (key === 'logo' ? undefined : value)),
) as typeof views
const SLOW = 60_000

describeInBrowser('pages', () => {
  let browser: TestBrowser
  let gallery: Gallery
  beforeAll(async () => {
    browser = await startBrowser()
    gallery = openGallery((origin) =>
      withoutLogos.map((view) => (view.page === 'form-post' ? { ...view, action: `${origin}/callback` } : view)),
    )
  }, SLOW)
  afterAll(async () => {
    await gallery[Symbol.asyncDispose]()
    await browser[Symbol.asyncDispose]()
  })

  for (const [index, view] of views.entries()) {
    if (view.page === 'form-post') continue
    test.each([
      ['light', 'en', 1280],
      ['dark', 'de', 360],
    ] as const)(
      `${titleOf(view)}, %s, %s, %d wide: no complaint, no serious fault, nothing cut off`,
      async (colorScheme, language, width) => {
        const { page, complaints } = await browser.open({ colorScheme, viewport: { width, height: 800 } })
        await page.goto(gallery.url(index, language))
        expect(await seriousFaults(page)).toEqual([])
        expect(complaints).toEqual([])
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
        expect(overflow).toBeLessThanOrEqual(0)
        await page.context().close()
      },
      SLOW,
    )
  }

  test(
    'the look for faults sees one',
    async () => {
      const { page } = await browser.open()
      await page.setContent('<html lang="en"><title>x</title><main><h1>x</h1><img src="data:,"></main>')
      expect(await seriousFaults(page)).toEqual(['image-alt: <img src="data:,">'])
    },
    SLOW,
  )

  const formPost = views.findIndex(({ page }) => page === 'form-post')
  const answer = { code: 'orders:read', state: 'Order Desk', iss: 'https://login.example' }

  test(
    'form-post sends itself, and waits for a click where scripts do not run',
    async () => {
      const { page, complaints } = await browser.open()
      await page.goto(gallery.url(formPost))
      await page.waitForURL('**/callback')
      expect(Object.fromEntries(gallery.sent.at(-1) ?? [])).toEqual(answer)
      expect(complaints).toEqual([])

      const plain = await browser.open({ javaScriptEnabled: false })
      await plain.page.goto(gallery.url(formPost))
      expect(gallery.sent).toHaveLength(1)
      await plain.page.getByRole('button', { name: 'Continue' }).click()
      await plain.page.waitForURL('**/callback')
      expect(Object.fromEntries(gallery.sent.at(-1) ?? [])).toEqual(answer)
    },
    SLOW,
  )

  test(
    'the login page is sent by the keyboard alone, and its first stop skips to the content',
    async () => {
      const { page } = await browser.open({ javaScriptEnabled: false })
      await page.goto(gallery.url(0))
      await page.getByLabel('Password').focus()
      await page.keyboard.type('secret')
      await page.keyboard.press('Enter')
      await page.waitForURL('**/auth/somewhere')
      expect(Object.fromEntries(gallery.sent.at(-1) ?? [])).toMatchObject({
        username: 'alice',
        password: 'secret',
        csrf: 'csrf-token',
      })
    },
    SLOW,
  )

  test(
    'where passkeys cannot be used the page says so and shows no button',
    async () => {
      const { page } = await browser.open({ javaScriptEnabled: false })
      await page.goto(gallery.url(0))
      expect(await page.getByRole('button', { name: 'Log in with a passkey' }).count()).toBe(0)
      expect(await page.getByText('Passkeys need JavaScript').isVisible()).toBe(true)
    },
    SLOW,
  )
})
