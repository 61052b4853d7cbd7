/** The same flow behind https, and below a path. */
import { expect, test } from 'bun:test'
import { answerIn, openDesk } from './desk.ts'

test('with https every cookie is one that no other host can set, and none is for scripts or other sites', async () => {
  await using desk = await openDesk({ tls: true })
  const browser = desk.browser()
  const login = await browser.open(desk.request())
  const consent = await desk.logIn(browser, login)
  const back = await browser.submit(consent, { decision: 'allow' })
  expect(answerIn(back)['code']).toBeDefined()
  expect([...browser.cookies.keys()].toSorted()).toEqual(['__Host-leveret', '__Host-leveret-login'])
  const fresh = await desk.server.fetch(desk.request())
  for (const line of fresh.headers.getSetCookie())
    expect(line).toMatch(/^__Host-[a-z-]+=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
  expect(fresh.headers.getSetCookie()).toHaveLength(1)
})

test('below a path every address stays below it, from the request to the logout', async () => {
  await using desk = await openDesk({ path: '/auth/x' })
  const browser = desk.browser()
  const landing = await desk.authorize(browser)
  expect(answerIn(landing)).toMatchObject({ code: expect.any(String), iss: 'http://login.example/auth/x' })
  expect((await desk.redeem(landing)).status).toBe(200)
  const done = await browser.submit(await browser.open('/auth/logout'), { action: 'logout' })
  expect(done.html).toContain('/auth/x/auth/login-page')
  expect((await browser.open('/auth/device')).path).toStartWith('/auth/login?')
})

test('answers that carry codes are not kept and tell no third party where they came from', async () => {
  await using desk = await openDesk()
  const browser = desk.browser()
  await desk.authorize(browser)
  const redirect = await desk.server.fetch(desk.request(), {
    headers: { cookie: [...browser.cookies].map((pair) => pair.join('=')).join('; ') },
  })
  expect(redirect.status).toBe(303)
  expect(redirect.headers.get('cache-control')).toBe('no-store')
  expect(redirect.headers.get('referrer-policy')).toBe('no-referrer')
})
