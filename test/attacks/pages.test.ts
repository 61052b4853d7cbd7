/** Attacks on pages: what strangers and users wrote stays text, and no page is framed. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { openDesk } from '../oauth-front/desk.ts'
import { refusal } from '../harness/core-accounts.ts'
import { elementsOf } from '../harness/markup.ts'
import { OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'
import { type Visitor, visitorOf } from '../harness/visitor.ts'

const HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>\'&{{name}}'
const PAGES = ['/account', '/account/password', '/account/factors', '/account/applications', '/account/sessions']

let server: TestServer
let hostile: Visitor
let plain: Visitor
beforeAll(async () => {
  server = await startTestServer()
  ;[hostile, plain] = [await visitorOf(server, 'hostile'), await visitorOf(server, 'plain')]
  for (const [visitor, name] of [
    [hostile, HOSTILE],
    [plain, 'Plain'],
  ] as const) {
    await visitor.send('/account', { name, nickname: name, given_name: name })
  }
})
afterAll(() => server[Symbol.asyncDispose]())

test.each(PAGES)('row 36 (CVE-2022-4361): markup in names adds nothing to %s', async (path) => {
  const [bad, good] = [await (await hostile.get(path)).text(), await (await plain.get(path)).text()]
  expect(elementsOf(bad).map(({ name }) => name)).toEqual(elementsOf(good).map(({ name }) => name))
  for (const { attributes } of elementsOf(bad))
    expect(Object.keys(attributes).filter((name) => name.startsWith('on'))).toEqual([])
})

test.each(['javascript:alert(1)', 'data:text/html,x', ' javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'vbscript:x'])(
  'row 36 (GHSA-484q-784p-8m5h): %s becomes nobody’s website or picture',
  async (url) => {
    for (const field of ['website', 'picture'])
      expect((await hostile.send('/account', { [field]: url })).status).toBe(400)
  },
)

test('row 36: a refusal quotes nothing as markup', async () => {
  const answer = await hostile.send('/account', { csrf: HOSTILE })
  expect(answer.status).toBe(403)
  const html = await answer.text()
  expect(elementsOf(html).filter(({ name }) => name === 'script' || name === 'img')).toHaveLength(1)
  expect(html).not.toContain('<script>')
})

test.each([...PAGES, '/openapi'])(
  'row 34 (CVE-2019-3794): %s cannot be framed and runs nothing inline, also for who is logged in',
  async (path) => {
    const { headers, status } = await plain.get(path)
    expect(status).toBe(200)
    const policy = headers.get('content-security-policy') ?? ''
    for (const part of ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"])
      expect(policy).toContain(part)
    expect(policy).not.toContain('unsafe')
    expect(headers.get('x-frame-options')).toBe('DENY')
  },
)

test('row 37 (CVE-2018-11041): pages of the account lead to addresses of this server only', async () => {
  for (const next of ['//evil.example', '/\\evil.example', 'https:evil.example', 'https://evil.example']) {
    const answer = await server.fetch(`/account?next=${encodeURIComponent(next)}&notice=${encodeURIComponent(next)}`)
    expect(answer.headers.get('location')).toBe('/auth/login-page?next=%2Faccount')
  }
})

test('row 23 (CVE-2025-12390): the session of a user who is deleted or disabled shows no page', async () => {
  const visitor = await visitorOf(server, 'leaver')
  const user = await server.instance.core.users.get('leaver')
  await server.instance.core.users.update(user?.id ?? '', { disabled: true }, OPERATOR)
  expect((await visitor.get('/account')).status).toBe(303)
})

test.each(['login_hint', 'state', 'nonce', 'scope', 'ui_locales', 'acr_values'])(
  'row 36 (CVE-2026-42849): markup in %s of a request adds nothing to the page, the redirect or the form post',
  async (name) => {
    await using desk = await openDesk()
    const { client } = await desk.register({ name: HOSTILE, clientUri: 'https://app.example' })
    const asked = { [name]: name === 'scope' ? `openid ${HOSTILE}` : HOSTILE, response_mode: 'form_post' }
    for (const query of [asked, { ...asked, prompt: 'none' }]) {
      const landing = await desk.browser().open(desk.request(query, client))
      const elements = elementsOf(landing.html)
      for (const { attributes } of elements)
        expect(Object.keys(attributes).filter((key) => key.startsWith('on'))).toEqual([])
      for (const { attributes } of elements.filter((element) => element.name === 'script'))
        expect(attributes['src']).toMatch(/^\/assets\/[a-z-]+-[0-9a-f]{16}\.js$/)
      expect(elements.filter((element) => element.name === 'img').map(({ attributes }) => attributes['src'])).toEqual([
        expect.stringMatching(/^\/assets\/logo-/),
      ])
      const policy = landing.headers.get('content-security-policy') ?? ''
      expect(policy).toContain("frame-ancestors 'none'")
      expect(policy).not.toContain('unsafe')
    }
  },
)

test.each(['javascript:alert(1)//', 'data:text/html,<script>alert(1)</script>', 'vbscript:x'])(
  'row 36: %s is the logo, the link or the callback of no client',
  async (url) => {
    await using desk = await openDesk()
    for (const field of ['logoUri', 'clientUri', 'policyUri', 'tosUri'] as const)
      expect((await refusal(desk.register({ [field]: url }))).code).toBe('invalid_request')
    expect((await refusal(desk.register({ redirectUris: [url] }))).code).toBe('invalid_request')
  },
)
