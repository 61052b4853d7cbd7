/** Attacks on redirect URIs, on the executable: each address with each response mode, at both endpoints. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { answerIn, CALLBACK, type Provider, type ProviderClient, startProvider } from '../harness/provider.ts'

setDefaultTimeout(60_000)

const MODES = [undefined, 'query', 'fragment', 'form_post', 'query.jwt', 'form_post.jwt', 'web_message'] as const
const APP = 'com.example.app:/callback'
const REGISTERED = [
  CALLBACK,
  'https://app.example/callback?tenant=1',
  'http://127.0.0.1/callback',
  'http://[::1]/callback',
  'http://localhost:8080/callback',
  APP,
]

let provider: Provider
let client: ProviderClient
let single: ProviderClient
beforeAll(async () => {
  provider = await startProvider()
  client = await provider.client({ confidential: false, authMethod: 'none', redirectUris: REGISTERED })
  single = await provider.client()
})
afterAll(() => provider[Symbol.asyncDispose]())

/** No answer leads a browser to `uri`, whatever else is wrong or right with the request. */
async function nothingLeadsTo(uri: string): Promise<void> {
  for (const response_mode of MODES)
    for (const spoiled of [{}, { response_type: 'token' }, { scope: 'no-such-scope' }, { prompt: 'none' }]) {
      const query = { redirect_uri: uri, response_mode, ...spoiled }
      const answer = await provider.fetch(provider.request(client, query))
      const html = await answer.text()
      expect([uri, response_mode, answer.status]).toEqual([uri, response_mode, 400])
      expect(answer.headers.get('location')).toBeNull()
      expect(answer.headers.get('refresh')).toBeNull()
      expect(html).not.toMatch(/<form|<meta[^>]+refresh|href="https?:|evil/i)
    }
}

const ATTACKS: readonly (readonly [string, readonly string[]])[] = [
  [
    'row 1 (CVE-2024-8883): a loopback address as user info of another host',
    ['http://127.0.0.1:80@evil.example/callback', 'http://localhost:80@evil.example', 'http://127.0.0.1@evil.example'],
  ],
  [
    'row 2 (GO-2026-4653): user info, backslashes, look-alikes',
    [
      'https://app.example@evil.example/callback',
      'https://evil.example\\@app.example/callback',
      'https://app.example.evil.example/callback',
      'https://evil.example/?https://app.example/callback',
      'https://app.example/callback\n',
      'https://app.example/\tcallback',
      ' https://app.example/callback',
      'https://аpp.example/callback',
      'https://app.example./callback',
      'https://user@app.example/callback',
      '//app.example/callback',
    ],
  ],
  [
    'row 3 (CVE-2023-6291): dot segments, encodings, matrix parameters',
    [
      'https://app.example/callback/../evil',
      'https://app.example/x/../callback',
      'https://app.example/%2e%2e/callback',
      'https://app.example/callback%252f..',
      'https://app.example/callback;x=1',
      'https://app.example/callback\\..\\evil',
      'https://app.example/callback/',
      'https://app.example//callback',
      'https://app.example/%63allback',
      'HTTPS://app.example/callback',
      'https://app.example:443/callback',
    ],
  ],
  ['row 5 (CVE-2024-52289): a dot is a dot', ['https://appXexample/callback', 'com-example-app:/callback']],
  [
    'row 6 (CVE-2020-15233): of a loopback address the port alone is free',
    [
      'http://127.0.0.1:5000/other',
      'http://127.0.0.1:5000/callback?x=1',
      'http://127.0.0.1:5000/Callback',
      'http://127.0.0.2:5000/callback',
      'http://localhost:5000/callback',
      'https://127.0.0.1:5000/callback',
      'http://127.0.0.1:99999/callback',
      'http://[::ffff:127.0.0.1]:5000/callback',
      'http://127.0.0.1:5000/callback#x',
    ],
  ],
  [
    'row 7 (CVE-2025-4143): an address that nobody registered',
    [
      'https://evil.example/callback',
      'https://app.example/callback?tenant=2',
      'https://app.example/callback?tenant=1&x=1',
      'https://app.example/callback#fragment',
      'com.example.app:/callback/x',
      'javascript:alert(1)',
      'data:text/html,x',
      'http://app.example/callback',
    ],
  ],
]

describe('in no response mode, and by no error (row 8, GHSA-9vm7-v8wj-3fqw), a code goes to', () => {
  for (const [attack, uris] of ATTACKS) test.each(uris)(`${attack}: %j`, nothingLeadsTo)
})

test('row 6: every port of a registered loopback address is taken, and what is registered leads back', async () => {
  for (const uri of [...REGISTERED, 'http://127.0.0.1:49152/callback', 'http://[::1]:49152/callback']) {
    const answer = await provider.fetch(provider.request(client, { redirect_uri: uri, prompt: 'none' }))
    expect([answer.status, answer.headers.get('location')?.startsWith(uri)]).toEqual([303, true])
  }
})

test('row 4 (CVE-2026-3872): patterns are not registered', async () => {
  for (const uri of [
    'https://*.app.example/callback',
    'https://app.example/*',
    'https://app.example/**',
    'https://app.example*',
    '*',
    'http://127.0.0.1:*/callback',
    'https://user@app.example/callback',
    'https://app.example/callback#x',
    'http://app.example/callback',
    'javascript:alert(1)',
    'app:/callback',
  ]) {
    const answer = await provider.operate('POST', '/clients', { name: 'x', confidential: false, redirectUris: [uri] })
    expect([uri, answer.status]).toEqual([uri, 400])
  }
})

test('row 7 (CVE-2025-4143): at the token endpoint the address is the one of the request, also when that named none', async () => {
  const back = await provider.authorize(provider.browser(), client)
  const { code } = answerIn(back)
  for (const redirect_uri of ['https://evil.example/callback', `${CALLBACK}/`, undefined, 'http://127.0.0.1/callback'])
    expect((await provider.redeem(client, code, { redirect_uri })).body).toMatchObject({ error: 'invalid_grant' })
  expect((await provider.redeem(client, code)).status).toBe(200)

  const plain = { redirect_uri: undefined, scope: '' }
  const unnamed = answerIn(await provider.authorize(provider.browser(), single, plain))
  const evil = await provider.redeem(single, unnamed['code'], { redirect_uri: 'https://evil.example/callback' })
  expect(evil.body).toMatchObject({ error: 'invalid_grant' })
  expect((await provider.redeem(single, unnamed['code'], { redirect_uri: undefined })).status).toBe(200)
})

test('row 9 (CVE-2026-9689): a parameter that is given twice is refused, and not redirected where it says where', async () => {
  const shown = { client_id: client.id, redirect_uri: CALLBACK }
  for (const [name, value] of Object.entries(shown)) {
    const answer = await provider.fetch(provider.request(client, { [name]: [value, 'https://evil.example/'] }))
    expect([name, answer.status, answer.headers.get('location')]).toEqual([name, 400, null])
  }
  for (const name of [
    'state',
    'code_challenge',
    'code_challenge_method',
    'scope',
    'nonce',
    'response_type',
    'prompt',
  ]) {
    const back = await provider.browser().open(provider.request(client, { [name]: ['x', 'y'] }))
    expect([name, answerIn(back)['error']]).toEqual([name, 'invalid_request'])
    expect(back.away?.origin).toBe('https://app.example')
  }
})

test('row 37 (CVE-2018-11041): `next` leads to a path of this server and nowhere else', async () => {
  const EVIL = ['//evil.example', '/\\evil.example', '\\\\evil.example', 'https:evil.example', 'https://evil.example']
  const more = ['/%5cevil.example', '/%2f/evil.example', '///evil.example', '/\t/evil.example', 'javascript:alert(1)']
  for (const next of [...EVIL, ...more, '', '@evil.example', '.evil.example', '/\u2028/evil.example']) {
    const browser = provider.browser()
    const login = await browser.open(`/auth/login-page?next=${encodeURIComponent(next)}`)
    const there = await provider.logIn(browser, login)
    expect([next, there.away]).toEqual([next, undefined])
    for (const hop of [...login.hops, ...there.hops]) expect(new URL(hop).origin).toBe(provider.issuer)
  }
})
