/** Attacks on logins on their way, on the executable: whose they are, what they prove, and how often one may guess. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { appOf, codeOf } from '../harness/core-factors.ts'
import type { HtmlBrowser, Landing } from '../harness/html-browser.ts'
import {
  ALICE,
  answerIn,
  BOB,
  claimsOf,
  type Form,
  type Provider,
  type ProviderClient,
  startProvider,
} from '../harness/provider.ts'

setDefaultTimeout(60_000)

const FREE = 5
const SESSION = '__Host-leveret'
const BINDING = '__Host-leveret-login'

let provider: Provider
let app: ProviderClient
let silent: ProviderClient
beforeAll(async () => {
  provider = await startProvider({ config: `throttle = { freeAttempts = ${FREE} }` })
  app = await provider.client()
  silent = await provider.client({ consent: 'skip' })
})
afterAll(() => provider[Symbol.asyncDispose]())

const person = async (username: string) => {
  const who = { username, password: ALICE.password }
  return { ...who, id: await provider.user(who) }
}
const begin = (browser: HtmlBrowser, query: Form = {}, client = app) => browser.open(provider.request(client, query))
async function idTokenOf(page: Landing, client = app) {
  return claimsOf((await provider.redeem(client, answerIn(page)['code'])).body['id_token'])
}

describe('row 21 (CVE-2018-15761): a consent', () => {
  test('is about what was asked, whatever the form says', async () => {
    const browser = provider.browser()
    const consent = await provider.logIn(browser, await begin(browser, { scope: 'openid' }))
    const altered = {
      decision: 'allow',
      scope: 'openid profile email',
      client_id: silent.id,
      redirect_uri: 'https://evil.example/',
    }
    const form = consent.forms.find(({ names }) => names.includes('decision'))
    const fields = { ...form?.fields, ...altered }
    const back = await browser.open(form?.action ?? '', {
      method: 'POST',
      body: new URLSearchParams(fields),
      headers: { origin: provider.issuer },
    })
    expect(back.away?.origin).toBe('https://app.example')
    const { body } = await provider.redeem(app, answerIn(back)['code'])
    expect(body['scope']).toBe('openid')
  })

  test('is given in the browser and by the person that was asked', async () => {
    const browser = provider.browser()
    const consent = await provider.logIn(browser, await begin(browser, { prompt: 'consent' }))
    const bobs = provider.browser()
    await provider.logIn(bobs, await begin(bobs), BOB)
    for (const other of [bobs, provider.browser()]) {
      expect((await other.open(consent.path)).status).toBe(400)
      expect((await other.submit(consent, { decision: 'allow' })).status).toBe(400)
    }
    await provider.logIn(browser, await browser.open('/auth/login-page?prompt=login'), BOB)
    const asBob = await browser.submit(consent, { decision: 'allow' })
    expect([asBob.status, asBob.away]).toEqual([403, undefined])
  })

  test('does not come of a link, nor without its token', async () => {
    const browser = provider.browser()
    const consent = await provider.logIn(browser, await begin(browser, { prompt: 'consent' }))
    expect((await browser.open(`${consent.path}&decision=allow`)).away).toBeUndefined()
    expect((await browser.submit(consent, { decision: 'allow', csrf: 'x' })).status).toBe(403)
    const elsewhere = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
    expect((await browser.submit(consent, { decision: 'allow' }, elsewhere)).status).toBe(403)
    expect((await browser.submit(consent, { decision: 'allow' })).away).toBeDefined()
    expect((await browser.submit(consent, { decision: 'allow' })).status).toBe(400)
  })
})

describe('row 22 (CVE-2026-7507): a login that the attacker began', () => {
  test('is not ended by the victim, whose session the attacker would have', async () => {
    const [attacker, victim] = [provider.browser(), provider.browser()]
    const login = await begin(attacker)
    expect((await victim.open(login.path)).status).toBe(400)
    const sent = await victim.submit(login, ALICE)
    expect([sent.status, victim.cookies.has(SESSION)]).toEqual([400, false])
    expect((await attacker.open('/account')).path).toStartWith('/auth/login')
    expect((await attacker.open(login.path)).html).toContain('name="password"')
  })

  test('stays closed to the attacker, also if the victim had its cookie planted', async () => {
    const [attacker, victim] = [provider.browser(), provider.browser()]
    const begun = await begin(attacker, { prompt: 'login consent' })
    victim.cookies.set(BINDING, attacker.cookies.get(BINDING) ?? '')
    const consent = await provider.logIn(victim, await victim.open(begun.path))
    expect(consent.path).toStartWith('/auth/consent?')
    const peek = await attacker.open(consent.path)
    expect(peek.path).toStartWith('/auth/login?')
    expect(peek.html).not.toContain('alice')
    expect(await attacker.submit(consent, { decision: 'allow' })).toMatchObject({ away: undefined })
  })

  test('by a form from elsewhere belongs to the first browser that opens it', async () => {
    const body = new URLSearchParams(provider.request(app).split('?')[1])
    const held = await provider.fetch('/auth/oauth/authorize', { method: 'POST', body })
    const path = (held.headers.get('location') ?? '').replace(provider.issuer, '')
    const [first, second] = [provider.browser(), provider.browser()]
    expect((await first.open(path)).status).toBe(200)
    expect((await second.open(path)).status).toBe(400)
  })

  test('cannot plant its session: the cookie is another one after every login', async () => {
    const browser = provider.browser()
    browser.cookies.set(SESSION, 'planted-by-the-attacker')
    await provider.logIn(browser, await begin(browser))
    const first = browser.cookies.get(SESSION)
    expect(first).toMatch(/^[\w-]{43}$/)
    await provider.logIn(browser, await begin(browser, { prompt: 'login' }))
    const second = browser.cookies.get(SESSION)
    expect(second).not.toBe(first)
    const old = await provider.fetch('/account', { headers: { cookie: `${SESSION}=${first}` } })
    expect(old.status).toBe(303)
  })
})

describe('row 23 (GHSA-c9h6-v78w-52wj): a session inherits nothing', () => {
  test('of the person before, nor of a login that was given up', async () => {
    const browser = provider.browser()
    const alices = await idTokenOf(await provider.authorize(browser, silent), silent)
    const given = await begin(browser, { prompt: 'login' }, silent)
    expect(answerIn(await browser.submit(given, { action: 'cancel' }))['error']).toBe('access_denied')
    expect(await idTokenOf(await begin(browser, { prompt: 'none' }, silent), silent)).toMatchObject({
      sub: alices['sub'],
      sid: alices['sid'],
      auth_time: alices['auth_time'],
    })
    const bobs = await idTokenOf(
      await provider.logIn(browser, await begin(browser, { prompt: 'login' }, silent), BOB),
      silent,
    )
    expect(bobs['sub']).not.toBe(alices['sub'])
    expect(bobs['sid']).not.toBe(alices['sid'])
    expect((await idTokenOf(await begin(browser, { prompt: 'none' }, silent), silent))['sub']).toBe(bobs['sub'])
  })

  test('when the browser logs out without its cookies and comes back', async () => {
    const browser = provider.browser()
    const before = await idTokenOf(await provider.authorize(browser, silent), silent)
    browser.cookies.clear()
    expect((await browser.open('/auth/logout')).status).toBe(200)
    const after = await idTokenOf(await provider.authorize(browser, silent), silent)
    expect(after['sid']).not.toBe(before['sid'])
  })
})

describe('row 24 (GHSA-hp74-gm6m-2qm5): a step-up takes the method that is demanded', () => {
  test('of a session cookie that nobody gave out, nothing', async () => {
    for (const value of ['x', '', 'null', '0'.repeat(43), '../', app.id]) {
      const browser = provider.browser()
      browser.cookies.set(SESSION, value)
      expect(answerIn(await begin(browser, { prompt: 'none' }))['error']).toBe('login_required')
    }
  })

  test('an old password is not enough for `max_age` and `prompt=login`', async () => {
    const browser = provider.browser()
    await provider.authorize(browser, silent)
    for (const query of [{ max_age: '0' }, { prompt: 'login' }, { max_age: '0', prompt: 'login' }]) {
      const page = await begin(browser, query, silent)
      expect([query, page.path.split('?')[0]]).toEqual([query, '/auth/login'])
      for (const next of ['/auth/consent', '/auth/second-factor', '/auth/enrol'])
        expect((await browser.open(page.path.replace('/auth/login', next))).away).toBeUndefined()
    }
  })

  test('a second factor that is demanded is shown, and no page on the way is skipped', async () => {
    const who = await person('stepping')
    const browser = provider.browser()
    const essential = { claims: JSON.stringify({ id_token: { acr: { essential: true, values: ['2'] } } }) }
    await provider.logIn(browser, await begin(browser, {}, silent), who)
    const page = await begin(browser, essential, silent)
    expect(page.path).toStartWith('/auth/enrol?')
    for (const next of ['/auth/consent', '/auth/login'])
      expect((await browser.open(page.path.replace('/auth/enrol', next))).away).toBeUndefined()
    expect(answerIn(await begin(browser, { ...essential, prompt: 'none' }, silent))['error']).toBe(
      'interaction_required',
    )
    const shown = await browser.open(page.path)
    const secret = /<code>([A-Z2-7 ]+)<\/code>/.exec(shown.html)?.[1]?.replaceAll(' ', '') ?? ''
    const code = codeOf(appOf(`otpauth://totp/x?secret=${secret}`), Date.now())
    expect((await browser.submit(shown, { otp: '000000' })).status).toBe(400)
    expect((await browser.submit(shown, { otp: code })).status).toBe(200)
    const claims = await idTokenOf(await begin(browser, essential, silent), silent)
    expect(claims).toMatchObject({ acr: '2', amr: ['pwd', 'otp', 'mfa'] })
    // The same code in another browser has been used.
    const again = provider.browser()
    const factor = await provider.logIn(again, await begin(again, {}, silent), who)
    expect(factor.path).toStartWith('/auth/second-factor?')
    expect((await again.submit(factor, { otp: code })).away).toBeUndefined()
  })
})

test('row 28 (CVE-2024-4629): of 200 guesses at once on the login page few are looked at', async () => {
  for (const username of [(await person('guessed')).username, 'nobody-of-this-name']) {
    const browser = provider.browser()
    const login = await begin(browser)
    const guesses = Array.from({ length: 200 }, (_, index) => ({ username, password: `guess ${index}` }))
    const pages = await Promise.all(guesses.map((guess) => browser.submit(login, guess)))
    expect(new Set(pages.map(({ status }) => status))).toEqual(new Set([400, 429]))
    expect(pages.filter(({ status }) => status === 400).length).toBeLessThanOrEqual(FREE + 1)
  }
})

test('row 28: of 200 wrong secrets of a client at once few are told so or kept, and the right one is let in', async () => {
  const scopes = ['x']
  const grants = ['client_credentials']
  const [victim, other] = [await provider.client({ grants, scopes }), await provider.client({ grants, scopes })]
  const ask = (client: ProviderClient, secret = client.secret) =>
    provider.post(
      '/auth/oauth/token',
      { grant_type: 'client_credentials' },
      { authorization: `Basic ${btoa(`${client.id}:${secret}`)}` },
    )
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, index) => (index % 10 === 5 ? ask(victim) : ask(victim, `guess number ${index}`))),
  )
  const statuses = Object.groupBy(answers, ({ status }) => String(status))
  expect(Object.keys(statuses).toSorted()).toEqual(['200', '401', '429'])
  expect(statuses['200']?.length).toBe(20)
  expect(statuses['401']?.length).toBeLessThanOrEqual(FREE + 1)
  for (const { headers, body } of statuses['429'] ?? []) {
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
    expect(body['error']).toBe('temporarily_unavailable')
  }
  expect((await ask(victim)).status).toBe(200)
  expect((await ask(other, 'wrong')).status).toBe(401)
  const { body } = await provider.operate('GET', `/audit?target=client:${victim.id}&event=client.refused&limit=500`)
  const kept = body['items'] as readonly unknown[]
  expect(kept.length).toBeGreaterThan(0)
  expect(kept.length).toBeLessThanOrEqual(FREE + 1)
})

test('row 29 (CVE-2026-23511): the pages say of nobody whether there is such a person', async () => {
  const { id, username } = await person('turned-off')
  await provider.operate('PATCH', `/users/${id}`, { disabled: true })
  await person('there')
  const seen = new Set<string>()
  for (const name of ['there', username, 'not-there', 'not-there@corp.example', '*)(uid=*']) {
    const browser = provider.browser()
    const login = await begin(browser)
    const password = name === username ? ALICE.password : 'not the right one'
    const page = await browser.submit(login, { username: name, password })
    const headers = [...page.headers].filter(([header]) => !/^(?:x-request-id|date|content-length)$/.test(header))
    const secret = /value="[\w-]{40,}"|value="[^"]*"|interaction=[\w-]+/g
    seen.add(JSON.stringify([page.status, headers, page.html.replaceAll(secret, '')]))
  }
  expect([...seen]).toHaveLength(1)
})

test('row 29: a request that names a person by anything but the id hears nothing of them', async () => {
  const pages = new Set<string>()
  for (const value of ['alice', 'ALICE', 'alice@corp.example', 'nobody', 'nobody@corp.example']) {
    const claims = JSON.stringify({ id_token: { sub: { value } } })
    const { status, html } = await begin(provider.browser(), { claims })
    pages.add(JSON.stringify([status, html.replaceAll(/value="[\w-]{40,}"|interaction=[\w-]+/g, '')]))
  }
  expect([...pages]).toHaveLength(1)
})
