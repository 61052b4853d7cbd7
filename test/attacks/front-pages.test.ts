/** Attacks by what stands in requests and records, on the pages of logins and logouts of the executable. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { elementsOf } from '../harness/markup.ts'
import type { Landing } from '../harness/html-browser.ts'
import {
  answerIn,
  CALLBACK,
  CHALLENGE,
  type Form,
  type Provider,
  type ProviderClient,
  startProvider,
} from '../harness/provider.ts'

setDefaultTimeout(60_000)

const HOSTILE = `"><script>alert(1)</script><img src=x onerror=alert(1)>'&{{name}}\${7*7}`
const CANARY = 'canary-in-a-pushed-request'
const AFTER = 'https://app.example/after'

let provider: Provider
let hostile: ProviderClient
let plain: ProviderClient
beforeAll(async () => {
  provider = await startProvider()
  hostile = await provider.client({ name: HOSTILE })
  plain = await provider.client({ postLogoutRedirectUris: [AFTER, `${AFTER}?x=1`] })
})
afterAll(() => provider[Symbol.asyncDispose]())

/** The pages of one login, in order, and the page that posts the answer. */
async function pagesOf(client: ProviderClient, query: Form): Promise<readonly Landing[]> {
  const browser = provider.browser()
  const all = { response_mode: 'form_post', prompt: 'login consent', ...query }
  const login = await browser.open(provider.request(client, all))
  const wrong = await browser.submit(login, { username: query['login_hint']?.toString() ?? 'x', password: 'wrong' })
  const consent = await provider.logIn(browser, wrong)
  const answer = await browser.submit(consent, { decision: 'allow' })
  expect([login, wrong, consent, answer].map(({ status }) => status)).toEqual([200, 400, 200, 200])
  return [login, wrong, consent, answer]
}

const shape = ({ html }: Landing) => elementsOf(html).map(({ name }) => name)

describe('row 36 (CVE-2022-4361): markup', () => {
  test('in a request or the name of a client adds nothing to any page of a login', async () => {
    const bad = await pagesOf(hostile, { login_hint: HOSTILE, state: HOSTILE, nonce: HOSTILE, ui_locales: HOSTILE })
    const good = await pagesOf(plain, { login_hint: 'x' })
    expect(bad.map(shape)).toEqual(good.map(shape))
    for (const { html } of bad) {
      expect(html).not.toContain('<script>')
      expect(html).not.toContain('<img src=x')
      for (const { attributes } of elementsOf(html))
        expect(Object.keys(attributes).filter((name) => name.startsWith('on'))).toEqual([])
    }
  })

  test('in errors that are shown stays text, and errors that are sent stay what RFC 6749 allows', async () => {
    for (const query of [{ client_id: HOSTILE }, { redirect_uri: HOSTILE }, { [HOSTILE]: ['x', 'y'] }]) {
      const page = await provider.browser().open(provider.request(plain, query))
      expect(page.html).not.toMatch(/<script>|<img src=x/)
    }
    const text = encodeURIComponent(HOSTILE)
    const paths = [`end_session?post_logout_redirect_uri=${text}`, `callback?state=${text}&error_description=${text}`]
    for (const path of paths)
      expect((await provider.browser().open(`/auth/oauth/${path}`)).html).not.toMatch(/<script>|<img src=x/)
    for (const query of [{ scope: HOSTILE }, { response_type: HOSTILE }, { claims: HOSTILE }]) {
      const { error_description: said = '' } = answerIn(await provider.browser().open(provider.request(plain, query)))
      expect(said).toMatch(/^[\x20-\x21\x23-\x5B\x5D-\x7E]+$/)
    }
  })

  test('and `javascript:` in addresses of clients are not registered', async () => {
    const fields = ['logoUri', 'clientUri', 'policyUri', 'tosUri', 'jwksUri', 'backchannelLogoutUri']
    const uris = ['javascript:alert(1)', 'data:text/html,x', 'JaVaScRiPt:alert(1)', 'vbscript:x', 'https://x/"onload=x']
    for (const uri of uris) {
      for (const field of fields) {
        const json = { name: 'x', redirectUris: [CALLBACK], [field]: uri }
        expect([field, uri, (await provider.operate('POST', '/clients', json)).status]).toEqual([field, uri, 400])
      }
      for (const field of ['redirectUris', 'postLogoutRedirectUris']) {
        const json = { name: 'x', redirectUris: [CALLBACK], [field]: [uri] }
        expect([field, uri, (await provider.operate('POST', '/clients', json)).status]).toEqual([field, uri, 400])
      }
    }
  })
})

test('row 34 (CVE-2019-3794): no page of a login or logout can be framed, kept or runs anything inline', async () => {
  const browser = provider.browser()
  const session = await provider.authorize(browser, plain)
  expect(session.away).toBeDefined()
  const pages = [...(await pagesOf(plain, {})), await browser.open('/auth/logout'), await browser.open('/auth/device')]
  for (const { headers, path } of pages) {
    const policy = headers.get('content-security-policy') ?? ''
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"])
      expect(policy).toContain(part)
    expect([path, policy]).toEqual([path, expect.not.stringContaining('unsafe')])
    expect(headers.get('x-frame-options')).toBe('DENY')
    expect(headers.get('cache-control')).toContain('no-store')
    expect(headers.get('referrer-policy')).toMatch(/^(?:no-referrer|same-origin|strict-origin)$/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  }
})

test('RFC 9700 section 4.12: nothing is redirected in a way that sends a form again', async () => {
  const browser = provider.browser()
  const login = await browser.open(provider.request(plain, { prompt: 'consent' }))
  const consent = await provider.logIn(browser, login)
  const form = consent.forms.find(({ names }) => names.includes('decision'))
  const headers = { cookie: [...browser.cookies].map((pair) => pair.join('=')).join('; '), origin: provider.issuer }
  const body = new URLSearchParams({ ...form?.fields, decision: 'allow' })
  const answer = await provider.fetch(form?.action ?? '', { method: 'POST', body, headers })
  expect([answer.status, answer.headers.get('location')?.startsWith(CALLBACK)]).toEqual([303, true])
})

describe('row 33 (CVE-2023-34927): forms of other sites', () => {
  test('neither log in nor out, nor give up', async () => {
    const browser = provider.browser()
    const login = await browser.open(provider.request(plain, { prompt: 'consent' }))
    const consent = await provider.logIn(browser, login)
    const sites = [
      { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
      { origin: 'null', 'sec-fetch-site': 'cross-site' },
      { origin: 'https://app.login.example', 'sec-fetch-site': 'same-site' },
    ]
    const logout = await browser.open('/auth/logout')
    for (const headers of sites) {
      expect((await browser.submit(login, { username: 'alice', password: 'x' }, headers)).status).toBe(403)
      expect((await browser.submit(consent, { decision: 'deny' }, headers)).status).toBe(403)
      expect((await browser.submit(logout, {}, headers)).status).toBe(403)
    }
    for (const csrf of ['', 'x'.repeat(43)]) {
      expect((await browser.submit(consent, { decision: 'deny', csrf })).status).toBe(403)
      expect((await browser.submit(logout, { csrf })).status).toBe(403)
    }
    expect((await browser.open('/account')).path).toBe('/account')
  })

  test('that ask to log out are answered with a question', async () => {
    const browser = provider.browser()
    await provider.authorize(browser, plain)
    for (const query of ['', `?client_id=${plain.id}&post_logout_redirect_uri=${encodeURIComponent(AFTER)}`]) {
      const asked = await browser.open(`/auth/oauth/end_session${query}`)
      expect([asked.status, asked.away]).toEqual([200, undefined])
    }
    expect((await browser.open('/account')).path).toBe('/account')
  })
})

test('row 37 (CVE-2018-11041): after logging out the browser goes to a registered address, or stays', async () => {
  const hint = String((await provider.tokens(plain)).body['id_token'])
  for (const uri of [
    '//evil.example',
    '/\\evil.example',
    'https:evil.example',
    'https://evil.example/after',
    `${AFTER}/`,
    `${AFTER}?x=2`,
    `${AFTER}#x`,
    'https://app.example@evil.example/after',
    'https://app.example/after/../evil',
    CALLBACK,
    'javascript:alert(1)',
    'https://app.example/AFTER',
  ])
    for (const proof of [{ id_token_hint: hint }, { client_id: plain.id }, {}]) {
      const query = new URLSearchParams({ post_logout_redirect_uri: uri, state: 'x', ...proof })
      const answer = await provider.fetch(`/auth/oauth/end_session?${query}`)
      expect([uri, answer.status, answer.headers.get('location')]).toEqual([uri, 400, null])
    }
  const allowed = new URLSearchParams({ post_logout_redirect_uri: AFTER, state: 'a&b', id_token_hint: hint })
  const answer = await provider.fetch(`/auth/oauth/end_session?${allowed}`)
  expect([answer.status, answer.headers.get('location')]).toEqual([303, `${AFTER}?state=a%26b`])
})

describe('row 48 (GHSA-69fp-7c8p-crjr): what a client pushes', () => {
  const pushed = {
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope: 'openid profile',
    nonce: CANARY,
    prompt: 'consent',
    state: 'state-1',
    login_hint: CANARY,
    code_challenge: CHALLENGE,
    code_challenge_method: 'S256',
  }

  test('is in no cookie, address or log', async () => {
    const { body, status } = await provider.post('/auth/oauth/par', pushed, plain.proof)
    expect(status).toBe(201)
    const query = { client_id: plain.id, request_uri: String(body['request_uri']) }
    const browser = provider.browser()
    const login = await browser.open(`/auth/oauth/authorize?${new URLSearchParams(query)}`)
    const consent = await provider.logIn(browser, login)
    const back = await browser.submit(consent, { decision: 'allow' })
    const told = [login, consent, back].flatMap(({ hops, headers }) => [...hops, JSON.stringify([...headers])])
    expect(JSON.stringify([told, ...browser.cookies])).not.toContain(CANARY)
    expect((await provider.redeem(plain, answerIn(back)['code'])).status).toBe(200)
    expect(provider.running.log()).not.toContain(CANARY)
  })

  test('is of that client, for a short while, and over with the login', async () => {
    const { body } = await provider.post('/auth/oauth/par', pushed, plain.proof)
    const request_uri = String(body['request_uri'])
    const ask = (client: ProviderClient) =>
      `/auth/oauth/authorize?${new URLSearchParams({ client_id: client.id, request_uri })}`
    expect((await provider.browser().open(ask(hostile))).status).toBe(400)
    const browser = provider.browser()
    const first = await provider.logIn(browser, await browser.open(ask(plain)))
    const back = first.away ? first : await browser.submit(first, { decision: 'allow' })
    expect(answerIn(back)['code']).toBeDefined()
    expect((await browser.open(ask(plain))).status).toBe(400)
    expect(Number(body['expires_in'])).toBeLessThan(600)
  })

  test('is refused without the proof of the client, with a `request_uri`, and for another client', async () => {
    expect((await provider.post('/auth/oauth/par', { ...pushed, client_id: plain.id })).status).toBe(401)
    for (const more of [{ request_uri: 'urn:x' }, { client_id: hostile.id }, { redirect_uri: 'https://evil.example/' }])
      expect((await provider.post('/auth/oauth/par', { ...pushed, ...more }, plain.proof)).status).toBeWithin(400, 402)
  })
})

test('RFC 6749 section 4.1.1: of what a stranger sends, no more is kept than a request needs', async () => {
  const long = (length: number) => 'x'.repeat(length)
  const send = async (fields: Form) => {
    const body = new URLSearchParams(provider.request(plain, fields).split('?')[1])
    return (await provider.fetch('/auth/oauth/authorize', { method: 'POST', body })).headers.get('location') ?? ''
  }
  expect(await send({ state: long(4_000) })).toContain('/auth/login?interaction=')
  for (const fields of [{ state: long(20_000) }, { nonce: long(20_000) }, { login_hint: long(20_000) }])
    expect(await send(fields)).not.toContain('interaction=')
})
