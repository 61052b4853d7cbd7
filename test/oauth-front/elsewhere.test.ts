/** "Log in with …": a real upstream provider, a client of ours, and everybody who tries to come back in between. */
import { expect, test } from 'bun:test'
import type { HtmlBrowser, Landing } from '../harness/html-browser.ts'
import { startUpstream } from '../harness/upstream.ts'
import { answerIn, claimsOf, openDesk } from './desk.ts'

async function open() {
  await using stack = new AsyncDisposableStack()
  const upstream = stack.use(await startUpstream('http://login.example/auth/oauth/callback'))
  const corp = {
    type: 'oidc',
    id: 'corp',
    label: 'Corp',
    issuer: upstream.issuer,
    clientId: 'leveret',
    clientSecret: { env: 'UPSTREAM_SECRET' },
    allowHttp: true,
  }
  const local = { type: 'local', id: 'local', memoryKib: 8192, iterations: 1 }
  // The upstream's clock is the real one, and ours has to agree with it.
  const options = { config: { login: [local, corp] }, env: { UPSTREAM_SECRET: 'upstream-secret' }, now: Date.now() }
  const desk = stack.use(await openDesk(options))
  const kept = stack.move()
  return { desk, upstream, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

/** The button on the login page; where it leads. */
async function press(browser: HtmlBrowser, login: Landing): Promise<Landing> {
  const [, href = ''] = /href="([^"]*\/auth\/login\/corp\?[^"]*)"/.exec(login.html) ?? []
  return await browser.open(href.replaceAll('&amp;', '&'))
}

function below(issuer: string, url: string): string {
  return url.slice(issuer.length)
}

test('somebody logs in at the upstream, is created here, and the client gets tokens about them', async () => {
  await using at = await open()
  const { desk, upstream } = at
  const browser = desk.browser()
  const login = await browser.open(desk.request())
  expect(login.html).toContain('Corp')
  const away = await press(browser, login)
  expect(away.away?.origin).toBe(upstream.issuer)
  const back = await upstream.visit(away.away?.href ?? '', 'anna')
  const consent = await browser.open(below(desk.server.issuer, back))
  expect(consent.path).toStartWith('/auth/consent?')
  const { status, body } = await desk.redeem(await browser.submit(consent, { decision: 'allow' }))
  expect(status).toBe(200)
  const anna = await desk.server.instance.core.users.get('anna')
  expect(anna).toMatchObject({ source: 'corp', displayName: 'Anna A' })
  expect(claimsOf(body['id_token'])['sub']).toBe(anna?.id ?? '')
})

test('row 22: what another browser began leads nowhere, and nothing comes back twice', async () => {
  await using at = await open()
  const { desk, upstream } = at
  const [attacker, victim] = [desk.browser(), desk.browser()]
  const away = await press(attacker, await attacker.open(desk.request()))
  const back = below(desk.server.issuer, await upstream.visit(away.away?.href ?? '', 'anna'))
  await victim.open(desk.request())
  const elsewhere = await victim.open(back)
  expect([elsewhere.status, victim.cookies.has('leveret')]).toEqual([400, false])
  expect((await attacker.open(back)).path).toStartWith('/auth/consent?')
  const session = attacker.cookies.get('leveret')
  await attacker.open(back)
  expect(attacker.cookies.get('leveret')).toBe(session)
})

test('an answer with another state, without one, or a refusal is told on the login page', async () => {
  await using at = await open()
  const { desk } = at
  const browser = desk.browser()
  const away = await press(browser, await browser.open(desk.request()))
  const state = away.away?.searchParams.get('state') ?? ''
  for (const wrong of ['', 'nothing', `${state}x`])
    expect((await browser.open(`/auth/oauth/callback?code=x&state=${wrong}`)).away).toBeUndefined()
  const refused = await browser.open(`/auth/oauth/callback?error=access_denied&state=${state}`)
  expect(refused.path).toStartWith('/auth/login?')
  expect(refused.html).toContain('role="alert"')
  expect(answerIn(await browser.submit(refused, { action: 'cancel' }))['error']).toBe('access_denied')
})

test('an upstream that is down keeps nobody from logging in otherwise', async () => {
  await using at = await open()
  const { desk, upstream } = at
  await upstream.kill()
  const browser = desk.browser()
  const again = await press(browser, await browser.open(desk.request()))
  expect(again.path).toStartWith('/auth/login?')
  expect(again.html).toContain('role="alert"')
  expect((await desk.logIn(browser, again)).path).toStartWith('/auth/consent?')
})

test('a logout goes on at the upstream and comes back to where the client wanted it', async () => {
  await using at = await open()
  const { desk, upstream } = at
  const browser = desk.browser()
  const away = await press(browser, await browser.open(desk.request()))
  const back = await upstream.visit(away.away?.href ?? '', 'anna')
  await browser.submit(await browser.open(below(desk.server.issuer, back)), { decision: 'allow' })
  expect(browser.cookies.has('leveret')).toBe(true)

  const asked = await browser.open('/auth/logout')
  expect(asked.headers.get('content-security-policy')).toContain(`form-action 'self' ${upstream.issuer}`)
  const out = await browser.submit(asked, { action: 'logout' })
  expect(out.away?.origin).toBe(upstream.issuer)
  expect(out.away?.searchParams.get('id_token_hint')).toStartWith('ey')
  expect(out.away?.searchParams.get('post_logout_redirect_uri')).toBe(`${desk.server.issuer}/auth/logout`)
  expect(browser.cookies.get('leveret') ?? '').toBe('')
  const state = out.away?.searchParams.get('state') ?? ''
  const over = await browser.open(`/auth/logout?${new URLSearchParams({ state })}`)
  expect([over.status, over.html.includes('logged out')]).toEqual([200, true])
  expect(desk.server.logs()).not.toContain('id_token_hint')
})
