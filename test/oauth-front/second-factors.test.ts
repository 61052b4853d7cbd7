/** Second factors of a login without scripts: codes by mail, recovery codes, guessing, and what is in between. */
import { expect, test } from 'bun:test'
import { withApp } from '../harness/apps.ts'
import type { HtmlBrowser, Landing } from '../harness/html-browser.ts'
import { startMailServer } from '../harness/mail-server.ts'
import { until } from '../harness/until.ts'
import { ALICE, answerIn, BOB, claimsOf, type Desk, openDesk } from './desk.ts'

const OPERATOR = { actor: 'operator', requestId: 'test' }

/** The link on the page to another factor. */
async function choose(browser: HtmlBrowser, page: Landing, method: string): Promise<Landing> {
  const [, href = ''] = new RegExp(`href="([^"]*method=${method}[^"]*)"`).exec(page.html) ?? []
  return await browser.open(href.replaceAll('&amp;', '&'))
}

async function finished(desk: Desk, browser: HtmlBrowser, page: Landing): Promise<Readonly<Record<string, unknown>>> {
  const back = page.path.startsWith('/auth/consent') ? await browser.submit(page, { decision: 'allow' }) : page
  return claimsOf((await desk.redeem(back)).body['id_token'])
}

test('a code by mail, sent when it is asked for, completes a login', async () => {
  await using post = await startMailServer()
  const mail = {
    host: '127.0.0.1',
    port: post.port,
    username: 'mailer',
    password: { env: 'MAIL_PASSWORD' },
    from: 'login@corp.example',
    tls: 'off',
  }
  await using desk = await openDesk({ config: { mail }, env: { MAIL_PASSWORD: 'post' } })
  const { factors, users } = desk.server.instance.core
  const alice = await users.get('alice')
  if (!alice) throw new Error('Expected alice to be there')
  const newest = async (count: number) => {
    expect(await until(() => post.mails.length === count)).toBe(true)
    return (
      /\b\d{6}\b/.exec(
        post.mails
          .at(-1)
          ?.split(/\r?\n\r?\n/)
          .slice(1)
          .join('\n') ?? '',
      )?.[0] ?? 'none'
    )
  }
  const { handle } = await factors.enrolMail(alice, OPERATOR)
  expect(await factors.confirmMail(alice, handle, await newest(1), OPERATOR)).toBe(true)

  const browser = desk.browser()
  const page = await desk.logIn(browser, await browser.open(desk.request()))
  expect(page.path).toStartWith('/auth/second-factor?')
  expect(post.mails).toHaveLength(1)
  const sent = await browser.submit(page, { action: 'send' })
  expect(sent.html).toContain('name="otp"')
  const wrong = await browser.submit(sent, { otp: '000000' })
  expect(wrong.status).toBe(400)
  const claims = await finished(desk, browser, await browser.submit(wrong, { otp: await newest(2) }))
  expect(claims).toMatchObject({ acr: '2', amr: ['pwd', 'otp', 'mfa'] })
})

test('a recovery code stands in for the app, once', async () => {
  await using desk = await openDesk()
  const { factors, users } = desk.server.instance.core
  await withApp(desk.server, 'alice')
  const alice = await users.get('alice')
  if (!alice) throw new Error('Expected alice to be there')
  const [code = ''] = await factors.newRecoveryCodes(alice, OPERATOR)
  const attempt = async () => {
    const browser = desk.browser()
    const page = await desk.logIn(browser, await browser.open(desk.request()))
    const recovery = await choose(browser, page, 'recovery_code')
    return { browser, landing: await browser.submit(recovery, { recovery_code: code }) }
  }
  const { browser, landing } = await attempt()
  expect(await finished(desk, browser, landing)).toMatchObject({ acr: '2' })
  expect((await attempt()).landing.status).toBe(400)
})

test('guessing is slowed down over all logins of a person, and a right password does not help', async () => {
  await using desk = await openDesk()
  await withApp(desk.server, 'alice')
  const statuses: number[] = []
  for (let guess = 0; guess < 8; guess += 1) {
    const browser = desk.browser()
    const page = await desk.logIn(browser, await browser.open(desk.request()))
    statuses.push((await browser.submit(page, { otp: '000000' })).status)
  }
  expect([statuses[0], statuses.at(-1)]).toEqual([400, 429])
})

test('between the factors nobody is logged in; giving up and a new password end what was proven', async () => {
  await using desk = await openDesk()
  const app = await withApp(desk.server, 'alice')
  const browser = desk.browser()
  const page = await desk.logIn(browser, await browser.open(desk.request()))
  expect(browser.cookies.has('leveret')).toBe(false)
  expect((await browser.open('/account')).path).toStartWith('/auth/login?')
  expect(answerIn(await browser.submit(page, { action: 'cancel' }))['error']).toBe('access_denied')
  expect((await browser.submit(page, { otp: app.code() })).status).toBe(400)

  const again = await desk.logIn(browser, await browser.open(desk.request()))
  const { users } = desk.server.instance.core
  await users.setPassword((await users.get('alice'))?.id ?? '', 'another-Quartz-41-sphinx', OPERATOR)
  const late = await browser.submit(again, { otp: app.code() })
  expect([late.away, late.status === 403 || late.path.startsWith('/auth/login')]).toEqual([undefined, true])
  expect(browser.cookies.has('leveret')).toBe(false)
})

test('the factor of one person does not complete the login of another', async () => {
  await using desk = await openDesk()
  const [ofAlice] = [await withApp(desk.server, 'alice'), await withApp(desk.server, 'bob')]
  const browser = desk.browser()
  const forAlice = await desk.logIn(browser, await browser.open(desk.request()), ALICE)
  const forBob = await desk.logIn(browser, await browser.open(desk.request()), BOB)
  expect((await browser.submit(forBob, { otp: ofAlice.code() })).status).toBe(400)
  const claims = await finished(desk, browser, await browser.submit(forAlice, { otp: ofAlice.code() }))
  expect(claims['sub']).toBe((await desk.server.instance.core.users.get('alice'))?.id ?? '')
})
