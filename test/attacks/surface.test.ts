/** Attacks on everything that the executable answers and logs, with its OAuth endpoints. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { type Provider, type ProviderClient, startProvider } from '../harness/provider.ts'
import { rawRequest } from '../harness/raw-http.ts'
import { breakStorage } from '../harness/server.ts'

setDefaultTimeout(60_000)

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const MARKUP = '<script>alert(1)</script>'

let provider: Provider
let client: ProviderClient
beforeAll(async () => {
  provider = await startProvider({ config: 'trustedProxies = ["127.0.0.1"]' })
  client = await provider.client({ grants: ['authorization_code', 'refresh_token', 'client_credentials', DEVICE] })
})
afterAll(() => provider[Symbol.asyncDispose]())

interface Operation {
  readonly method: string
  readonly path: string
}

/** Every operation of the API description, with a name in the place of each parameter. */
async function operations(): Promise<readonly Operation[]> {
  const { body } = await provider.operate('GET', '/openapi/json')
  const paths = body['paths'] as Readonly<Record<string, Readonly<Record<string, unknown>>>>
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({ method: method.toUpperCase(), path: path.replace(/\{\w+\}/g, 'alice') })),
  )
}

test('row 27 (CVE-2023-49097): addresses of answers do not come from the request', async () => {
  const poison = {
    'x-forwarded-host': 'evil.example',
    'x-forwarded-proto': 'gopher',
    'x-forwarded-prefix': '/evil',
    'x-original-url': '/evil',
    forwarded: 'host=evil.example;proto=gopher',
    host: 'evil.example',
  }
  const browser = provider.browser()
  const login = await browser.open(provider.request(client), { headers: poison })
  const device = await provider.post('/auth/oauth/device_authorization', {}, { ...client.proof, ...poison })
  const par = await provider.post('/auth/oauth/par', { redirect_uri: 'https://x/' }, { ...client.proof, ...poison })
  const discovery = await provider.fetch('/.well-known/openid-configuration', { headers: poison })
  const logout = await provider.fetch('/auth/oauth/end_session', { headers: poison })
  const told = [login.html, ...login.hops, device.text, par.text, await discovery.text(), await logout.text()].join()
  expect(device.body['verification_uri']).toBe('https://login.example/auth/device')
  expect(told).not.toMatch(/evil\.example|gopher|\/evil/)
})

test('row 32 (CVE-2025-4210): nothing that manages anything answers without credentials', async () => {
  const managing = /^\/(?:audit|clients|groups|keys|rabbitmq|users)(?:[/:]|$)/
  const found = (await operations()).filter(({ path }) => managing.test(path))
  expect(found.length).toBeGreaterThan(40)
  for (const { method, path } of found) {
    const init = { method, ...(method !== 'GET' && { body: '{}', headers: { 'content-type': 'application/json' } }) }
    const { status } = await provider.fetch(path, init)
    expect([method, path, status === 401 || status === 404]).toEqual([method, path, true])
  }
})

test('row 35 (CVE-2021-20323): errors of OAuth endpoints are JSON that no browser takes for a page', async () => {
  for (const path of ['token', 'introspect', 'revoke', 'userinfo', 'par', 'device_authorization']) {
    const form = { grant_type: MARKUP, client_id: MARKUP, token: MARKUP, [MARKUP]: MARKUP, scope: MARKUP }
    const answer = await provider.post(`/auth/oauth/${path}`, form, { accept: 'text/html' })
    expect([path, answer.status === 400 || answer.status === 401]).toEqual([path, true])
    expect(answer.headers.get('content-type')).toBe('application/json')
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('cache-control')).toContain('no-store')
  }
})

test('row 47 (CVE-2026-0976): no other spelling of a path reaches an endpoint', async () => {
  const { port } = new URL(provider.url)
  for (const path of ['/auth/oauth/token;x=1', '/auth//oauth/token', '/auth/oauth%2ftoken'])
    for (const method of ['GET', 'POST']) {
      const { status } = await rawRequest(Number(port), [`${method} ${path} HTTP/1.1`, 'Host: x', 'Content-Length: 0'])
      expect([path, status]).toEqual([path, 404])
    }
})

test('row 49 (CVE-2023-6484): what stands in an OAuth request stays on its line of the log', async () => {
  for (const text of ['x\n{"message":"forged"}', 'x\r\nforged', '\u001b[2Jforged', 'x\u2028forged', 'x\u0085forged']) {
    await provider.post('/auth/oauth/token', { grant_type: text, client_id: text, scope: text }, { 'user-agent': 'x' })
    await provider.post('/auth/oauth/token', { grant_type: 'client_credentials', scope: text }, client.proof)
    const basic = `Basic ${btoa(`${encodeURIComponent(text)}:x`)}`
    await provider.post('/auth/oauth/token', { grant_type: 'client_credentials' }, { authorization: basic })
    await provider.fetch(provider.request(client, { state: text, login_hint: text, client_id: text }))
    const browser = provider.browser()
    await browser.submit(await browser.open(provider.request(client)), { username: text, password: text })
  }
  const lines = provider.running.log().trimEnd().split('\n')
  expect(lines.length).toBeGreaterThan(20)
  for (const line of lines) expect((JSON.parse(line) as { message: string }).message).not.toBe('forged')
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  expect(provider.running.log()).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/)
})

test('row 50 (CVE-2026-90942): no answer holds a private key, a hash or a secret of a client', async () => {
  for (const { method, path } of (await operations()).filter((each) => each.method === 'GET')) {
    const place = path.replace(/\/clients\/alice/, `/clients/${client.id}`)
    for (const text of [(await provider.operate(method, place)).text, await (await provider.fetch(place)).text()]) {
      expect([place, text.includes(client.secret)]).toEqual([place, false])
      expect(text).not.toMatch(/PRIVATE KEY|\$argon2|"(?:d|p|q|dp|dq|qi|k)":"/)
    }
  }
  expect(provider.running.log()).not.toContain(client.secret)
})

test('strangers who are refused fill the log, which rotates, and not the storage', async () => {
  const open = await provider.client({
    confidential: false,
    authMethod: 'none',
    grants: ['authorization_code', 'refresh_token'],
  })
  const recorded = async () => {
    const { body } = await provider.operate('GET', '/audit?limit=500')
    return (body['items'] as { outcome: string }[]).filter(({ outcome }) => outcome === 'refused').length
  }
  const before = await recorded()
  const line = () => provider.running.log().split('"outcome":"refused"').length
  const browser = provider.browser()
  const login = await browser.open(provider.request(client))
  const lines = line()
  for (let attempt = 0; attempt < 20; attempt += 1) {
    const guess = { grant_type: 'refresh_token', refresh_token: `guess-${attempt}` }
    await provider.post('/auth/oauth/token', { ...guess, client_id: `nobody-${attempt}` })
    await provider.post('/auth/oauth/token', { ...guess, client_id: open.id })
    await browser.submit(login, { username: '', password: '', passkey: '{}' })
  }
  expect([await recorded(), line() - lines]).toEqual([before, 60])
})

test('RFC 9700 section 4.3: secrets and tokens in addresses count for nothing', async () => {
  const { body } = await provider.tokens(client)
  const query = new URLSearchParams({ access_token: String(body['access_token']), client_id: client.id })
  expect((await provider.fetch(`/auth/oauth/userinfo?${query}`)).status).toBe(401)
  query.set('client_secret', client.secret)
  const form = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }
  expect((await provider.post(`/auth/oauth/token?${query}`, form)).status).toBe(401)
  expect((await provider.token(client, form)).status).toBe(200)
  expect(
    (await provider.fetch(`/auth/oauth/token?${new URLSearchParams(form)}`, { headers: client.proof })).status,
  ).toBe(405)
})

// Takes the storage away, so it comes last.
test('row 43 (CVE-2020-15223): a revocation that could not be stored is not said to be done', async () => {
  const { body } = await provider.tokens(client)
  breakStorage(provider)
  for (const token of [body['refresh_token'], body['access_token']]) {
    const answer = await provider.post('/auth/oauth/revoke', { token: String(token) }, client.proof)
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
  }
  const refreshed = await provider.token(client, {
    grant_type: 'refresh_token',
    refresh_token: String(body['refresh_token']),
  })
  expect(refreshed.status).toBe(503)
})
