/** Attacks on pages, on the executable: what strangers and users wrote stays text, and no page is framed. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import type { HtmlBrowser, Landing } from '../harness/html-browser.ts'
import { elementsOf } from '../harness/markup.ts'
import { type Provider, startProvider } from '../harness/provider.ts'

setDefaultTimeout(60_000)

const HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>\'&{{name}}'
const PASSWORD = 'vexing-Quartz-41-sphinx'
const PAGES = ['/account', '/account/password', '/account/factors', '/account/applications', '/account/sessions']

let provider: Provider
let hostile: HtmlBrowser
let plain: HtmlBrowser

/** Logged in, at the page of the own profile. */
async function loggedIn(username: string): Promise<readonly [HtmlBrowser, Landing]> {
  await provider.user({ username, password: PASSWORD })
  const browser = provider.browser()
  return [browser, await browser.submit(await browser.open('/account'), { username, password: PASSWORD })]
}

beforeAll(async () => {
  provider = await startProvider()
  for (const [username, name] of [
    ['hostile', HOSTILE],
    ['plain', 'Plain'],
  ] as const) {
    const [browser, profile] = await loggedIn(username)
    await browser.submit(profile, { name, nickname: name, given_name: name })
    if (username === 'hostile') hostile = browser
    else plain = browser
  }
})
afterAll(() => provider[Symbol.asyncDispose]())

function expectHarmless({ html, headers }: Landing): void {
  const elements = elementsOf(html)
  for (const { attributes } of elements)
    expect(Object.keys(attributes).filter((name) => name.startsWith('on') || name === 'style')).toEqual([])
  for (const { attributes } of elements.filter(({ name }) => name === 'script'))
    expect(attributes['src']).toMatch(/^\/assets\/[a-z-]+-[0-9a-f]{16}\.js$/)
  const pictures = elements.filter(({ name }) => name === 'img')
  expect(pictures.map(({ attributes }) => attributes['src'])).toEqual([expect.stringMatching(/^\/assets\/logo-/)])
  const policy = headers.get('content-security-policy') ?? ''
  expect(policy).toContain("frame-ancestors 'none'")
  expect(policy).not.toContain('unsafe')
}

test.each(PAGES)('row 36 (CVE-2022-4361): markup in names adds nothing to %s', async (path) => {
  const [bad, good] = [await hostile.open(path), await plain.open(path)]
  expect(elementsOf(bad.html).map(({ name }) => name)).toEqual(elementsOf(good.html).map(({ name }) => name))
  expectHarmless(bad)
})

test.each(['javascript:alert(1)', 'data:text/html,x', ' javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'vbscript:x'])(
  'row 36 (GHSA-484q-784p-8m5h): %s becomes nobody’s website or picture',
  async (url) => {
    const profile = await hostile.open('/account')
    for (const field of ['website', 'picture'])
      expect((await hostile.submit(profile, { [field]: url })).status).toBe(400)
  },
)

test('row 36: a refusal quotes nothing as markup', async () => {
  const refused = await hostile.submit(await hostile.open('/account'), { name: HOSTILE, csrf: HOSTILE })
  expect(refused.status).toBe(403)
  expectHarmless(refused)
})

test.each(['login_hint', 'state', 'nonce', 'scope', 'ui_locales', 'acr_values', 'client_id', 'redirect_uri'])(
  'row 36 (CVE-2026-42849): markup in %s of a request adds nothing to the page or the form post',
  async (name) => {
    const client = await provider.client({ name: HOSTILE, clientUri: 'https://app.example' })
    const asked = { [name]: name === 'scope' ? `openid ${HOSTILE}` : HOSTILE, response_mode: 'form_post' }
    for (const query of [asked, { ...asked, prompt: 'none' }])
      expectHarmless(await provider.browser().open(provider.request(client, query)))
  },
)

test.each(['javascript:alert(1)//', 'data:text/html,<script>alert(1)</script>', 'vbscript:x'])(
  'row 36: %s is the logo, the link or the callback of no client',
  async (url) => {
    for (const change of ['logoUri', 'clientUri', 'policyUri', 'tosUri'].map((field) => ({ [field]: url }))) {
      const client = { name: 'X', redirectUris: ['https://app.example/callback'], ...change }
      expect((await provider.operate('POST', '/clients', client)).status).toBe(400)
    }
    expect((await provider.operate('POST', '/clients', { name: 'X', redirectUris: [url] })).status).toBe(400)
  },
)

test.each([...PAGES, '/openapi'])(
  'row 34 (CVE-2019-3794): %s cannot be framed and runs nothing inline, also for who is logged in',
  async (path) => {
    const { headers, status } = await plain.open(path)
    expect(status).toBe(200)
    const policy = headers.get('content-security-policy') ?? ''
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"])
      expect(policy).toContain(part)
    expect(policy).not.toContain('unsafe')
    expect(headers.get('x-frame-options')).toBe('DENY')
  },
)

test('row 33 (CVE-2023-34927): a form of another session, or none of ours, changes nothing', async () => {
  const profile = await hostile.open('/account')
  const theirs = (await plain.open('/account')).forms[0]?.fields['csrf'] ?? ''
  for (const csrf of ['', theirs]) expect((await hostile.submit(profile, { name: 'X', csrf })).status).toBe(403)
  const elsewhere = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  expect((await hostile.submit(profile, { name: 'X' }, elsewhere)).status).toBe(403)
  const { body } = await provider.operate('GET', '/users/hostile')
  expect(body['displayName']).toBe(HOSTILE)
})

test('row 37 (CVE-2018-11041): pages of the account lead to addresses of this server only', async () => {
  for (const next of ['//evil.example', '/\\evil.example', 'https:evil.example', 'https://evil.example']) {
    const answer = await provider.fetch(`/account?next=${encodeURIComponent(next)}&notice=${encodeURIComponent(next)}`)
    expect(answer.headers.get('location')).toBe('/auth/login-page?next=%2Faccount')
  }
})

test('row 23 (CVE-2025-12390): the session of a user who is disabled shows no page', async () => {
  const [browser, profile] = await loggedIn('leaver')
  expect(profile.path).toBe('/account')
  await provider.operate('PATCH', '/users/leaver', { disabled: true })
  expect((await browser.open('/account')).path).toStartWith('/auth/login')
})
