/** What alice does in a browser while clients wait for her. */
import type { HtmlBrowser, Landing } from './html-browser.ts'
import { ALICE } from './oauth.ts'

async function loggedIn(person: HtmlBrowser, page: Landing): Promise<Landing> {
  return page.path.startsWith('/auth/login') ? await person.submit(page, ALICE) : page
}

/** Logs in where that is asked and allows what the client asks, until the browser is sent away. */
export async function goThrough(person: HtmlBrowser, path: string): Promise<URL> {
  let page = await loggedIn(person, await person.open(path))
  if (page.path.startsWith('/auth/consent')) page = await person.submit(page, { decision: 'allow' })
  if (!page.away) throw new Error(`The browser was not sent back: ${page.path} (${page.status}) ${page.html}`)
  return page.away
}

/** Opens the address that the device shows and allows it. */
export async function allowDevice(person: HtmlBrowser, userCode: string): Promise<void> {
  const page = await loggedIn(person, await person.open(`/auth/device?user_code=${userCode}`))
  const confirm = await person.submit(page, { user_code: userCode })
  const { status, html } = await person.submit(confirm, { decision: 'allow' })
  if (status !== 200) throw new Error(`The device was not allowed: ${status} ${html}`)
}
