/** Attacks on what clients sign, and on the addresses they name, on the executable. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { CompactEncrypt, exportJWK, generateKeyPair, type JWTHeaderParameters, type JWTPayload, SignJWT } from 'jose'
import {
  answerIn,
  CALLBACK,
  CHALLENGE,
  ISSUER,
  type Provider,
  type ProviderClient,
  startProvider,
} from '../harness/provider.ts'
import { until } from '../harness/until.ts'

setDefaultTimeout(60_000)

const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
const GRANTS = ['authorization_code', 'client_credentials']
const TOKEN = `${ISSUER}/auth/oauth/token`

const { publicKey, privateKey } = await generateKeyPair('RS256', { extractable: true })
const jwk = { ...(await exportJWK(publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }
const stranger = await generateKeyPair('RS256', { extractable: true })
const strangers = { ...(await exportJWK(stranger.publicKey)), kid: 'one' }

let provider: Provider
let signing: ProviderClient
let strict: ProviderClient
let asked = 0
/** Where a server-side request would arrive; it would serve the attacker's keys. */
const trap = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch() {
    asked += 1
    return Response.json({ keys: [strangers] })
  },
})

beforeAll(async () => {
  provider = await startProvider()
  const keys = { authMethod: 'private_key_jwt', jwks: { keys: [jwk] }, scopes: ['openid', 'profile', 'jobs'] }
  signing = await provider.client({ ...keys, grants: GRANTS })
  strict = await provider.client({ ...keys, grants: GRANTS, requireSignedRequests: true, consent: 'skip' })
})
afterAll(async () => {
  await provider[Symbol.asyncDispose]()
  await trap.stop(true)
})

const now = () => Math.floor(Date.now() / 1000)

function claimsFor(client: ProviderClient, more: Readonly<Record<string, unknown>> = {}): JWTPayload {
  const base = { iss: client.id, sub: client.id, aud: ISSUER, jti: crypto.randomUUID(), iat: now(), exp: now() + 60 }
  return { ...base, ...more }
}
function signed(claims: JWTPayload, header: Partial<JWTHeaderParameters> = {}, key = privateKey): Promise<string> {
  return new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: 'one', ...header }).sign(key)
}
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

async function authenticates(assertion: string): Promise<boolean> {
  const form = { grant_type: 'client_credentials', scope: 'jobs', client_assertion_type: ASSERTION }
  const { status, body } = await provider.post('/auth/oauth/token', { ...form, client_assertion: assertion })
  if (status !== 200) expect([status, body['error']]).toEqual([401, 'invalid_client'])
  return status === 200
}

/** A token that says what `alg` says, signed as an attacker can. */
async function forgeries(claims: JWTPayload): Promise<readonly string[]> {
  const spki = Buffer.from(await crypto.subtle.exportKey('spki', publicKey)).toString('base64')
  const pem = ['-----BEGIN PUBLIC KEY-----', spki, '-----END PUBLIC KEY-----'].join('\n')
  const hmac = async (secret: string) =>
    await new SignJWT(claims).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(new TextEncoder().encode(secret))
  const kids = ['../../../../dev/null', "' OR 1=1 --", 'x'.repeat(10_000), '', 'unknown', '\u0000']
  return [
    ...['none', 'None', 'nOnE', 'NONE', ''].flatMap((alg) => [`${encoded({ alg })}.${encoded(claims)}.`]),
    await hmac(pem),
    await hmac(JSON.stringify(jwk)),
    await hmac(String(jwk.n)),
    ...(await Promise.all(kids.map((kid) => signed(claims, { kid }, stranger.privateKey)))),
    `${(await signed(claims)).split('.').slice(0, 2).join('.')}.`,
  ]
}

describe('row 40 (CVE-2023-48223): a client assertion', () => {
  test('that is right authenticates', async () => {
    expect(await authenticates(await signed(claimsFor(signing)))).toBe(true)
  })

  test('with `none`, a public key as HMAC secret or a strange `kid` does not', async () => {
    for (const forged of await forgeries(claimsFor(signing))) expect(await authenticates(forged)).toBe(false)
  })

  test('with the secret of a client that has one does not pass for one that signs with a key', async () => {
    const hmac = await provider.client({ grants: GRANTS, authMethod: 'client_secret_jwt', scopes: ['jobs'] })
    const sign = (alg: string, secret: string) =>
      new SignJWT(claimsFor(hmac)).setProtectedHeader({ alg }).sign(new TextEncoder().encode(secret))
    expect(await authenticates(await sign('HS256', hmac.secret))).toBe(true)
    expect(await authenticates(await sign('HS256', 'another secret of thirty-two bytes at least'))).toBe(false)
    expect(await authenticates(await signed(claimsFor(hmac)))).toBe(false)
    expect(
      await authenticates(
        await new SignJWT(claimsFor(signing))
          .setProtectedHeader({ alg: 'HS256' })
          .sign(new TextEncoder().encode(hmac.secret)),
      ),
    ).toBe(false)
  })
})

describe('row 39 (CVE-2018-0114): keys that come along with', () => {
  const urls = () => ({ jku: `http://127.0.0.1:${trap.port}/`, x5u: `http://127.0.0.1:${trap.port}/` })

  test('an assertion or a request object are not used, and not fetched', async () => {
    const headers = [{ jwk: strangers }, { jku: urls().jku }, { x5u: urls().x5u }, { x5c: ['MIIB'] }]
    for (const header of headers) {
      const claims = claimsFor(signing)
      expect(await authenticates(await signed(claims, header, stranger.privateKey))).toBe(false)
      const back = await provider
        .browser()
        .open(request(strict, await signed(object(strict), header, stranger.privateKey)))
      expect(answerIn(back)['error']).toBe('invalid_request_object')
    }
    expect(asked).toBe(0)
  })
})

describe('row 42 (GHSA-v3q9-2p3m-7g43): a client assertion', () => {
  test('is shown once, also by fifty at once', async () => {
    const assertion = await signed(claimsFor(signing))
    const answers = await Promise.all(Array.from({ length: 50 }, () => authenticates(assertion)))
    expect(answers.filter(Boolean)).toHaveLength(1)
    expect(await authenticates(assertion)).toBe(false)
  })

  test.each<[string, Readonly<Record<string, unknown>>]>([
    ['that ends in a year', { exp: now() + 31_536_000 }],
    ['that never ends', { exp: undefined }],
    ['that has ended', { exp: now() - 120 }],
    ['from the future', { iat: now() + 3_600 }],
    ['that is not valid yet', { nbf: now() + 3_600 }],
    ['without `jti`', { jti: undefined }],
    ['for another server', { aud: 'https://other.example' }],
    ['for two servers', { aud: ['https://other.example', TOKEN] }],
    ['for nobody', { aud: undefined }],
    ['for an address like ours', { aud: `${ISSUER}.evil.example` }],
    ['of another issuer', { iss: 'somebody' }],
    ['about another client', { sub: 'somebody' }],
  ])('%s is refused', async (_, claims) => {
    expect(await authenticates(await signed(claimsFor(signing, claims)))).toBe(false)
  })

  test('is for the issuer, or for an endpoint that older clients name', async () => {
    for (const aud of [ISSUER, TOKEN, [ISSUER]])
      expect(await authenticates(await signed(claimsFor(signing, { aud })))).toBe(true)
  })
})

function object(client: ProviderClient, more: JWTPayload = {}): JWTPayload {
  const query = { response_type: 'code', redirect_uri: CALLBACK, scope: 'openid', state: 'in-the-object', nonce: 'n' }
  const pkce = { code_challenge: CHALLENGE, code_challenge_method: 'S256' }
  return { iss: client.id, aud: ISSUER, exp: now() + 60, client_id: client.id, ...query, ...pkce, ...more }
}
const request = ({ id }: ProviderClient, text: string) =>
  `/auth/oauth/authorize?${new URLSearchParams({ client_id: id, request: text, redirect_uri: CALLBACK, response_type: 'code', scope: 'openid' })}`
const errorOf = async (text: string, client = strict) =>
  answerIn(await provider.browser().open(request(client, text)))['error']

describe('row 41 (CVE-2026-9793): where requests have to be signed', () => {
  test('an encrypted one with unsigned content is refused, and plain ones too', async () => {
    const { publicKey: to } = await generateKeyPair('RSA-OAEP-256')
    const inner = new TextEncoder().encode(JSON.stringify(object(strict)))
    const encrypted = await new CompactEncrypt(inner)
      .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
      .encrypt(to)
    expect(await errorOf(encrypted)).toBe('invalid_request_object')
    const plain = await provider.browser().open(provider.request(strict))
    expect(answerIn(plain)['error']).toBe('invalid_request')
    for (const forged of await forgeries(object(strict)))
      expect(await errorOf(forged)).toMatch(/^(?:invalid_request_object|request_not_supported)$/)
  })

  test('what stands beside the object counts for nothing', async () => {
    const text = await signed(object(strict))
    const beside = new URLSearchParams({
      client_id: strict.id,
      request: text,
      redirect_uri: 'https://evil.example/',
      state: 'beside',
      scope: 'openid profile jobs',
    })
    const page = await provider.browser().open(`/auth/oauth/authorize?${beside}&response_type=code`)
    const back = await provider.logIn(provider.browser(), page).catch(() => page)
    expect(page.away).toBeUndefined()
    expect(back.html).not.toContain('evil')
  })

  test('an object of another client, for another server, an old one, or an assertion is refused', async () => {
    for (const claims of [
      { client_id: signing.id },
      { iss: signing.id },
      { aud: 'https://other.example' },
      { exp: now() - 120 },
      { request: 'x' },
      { request_uri: 'urn:x' },
    ])
      expect([claims, await errorOf(await signed(object(strict, claims)))]).toEqual([claims, 'invalid_request_object'])
    expect(await errorOf(await signed(claimsFor(strict, object(strict))))).toBe('invalid_request_object')
  })
})

describe('row 38 (CVE-2026-4874): an address of the own network is not asked for', () => {
  const INSIDE = (port: number | undefined) => [
    `http://127.0.0.1:${port}/`,
    `http://localhost:${port}/`,
    `http://[::1]:${port}/`,
    `http://[::ffff:7f00:1]:${port}/`,
    `http://[::ffff:127.0.0.1]:${port}/`,
    `http://2130706433:${port}/`,
    `http://0x7f.1:${port}/`,
    `http://0:${port}/`,
    'https://169.254.169.254/latest/meta-data',
    'https://10.0.0.1/',
    'https://[fd00::1]/',
    'https://[fe80::1]/',
    'https://[64:ff9b::7f00:1]/',
  ]

  test('as `jwks_uri`', async () => {
    for (const uri of INSIDE(trap.port)) {
      const json = { name: 'x', grants: ['client_credentials'], authMethod: 'private_key_jwt', jwksUri: uri }
      const { status, body } = await provider.operate('POST', '/clients', json)
      if (status === 400) continue
      const { id } = body['client'] as { id: string }
      const claims = claimsFor({ id, secret: '', proof: {} })
      expect([uri, await authenticates(await signed(claims, {}, stranger.privateKey))]).toEqual([uri, false])
    }
    expect(asked).toBe(0)
  })

  test('as `request_uri`', async () => {
    for (const uri of [...INSIDE(trap.port), 'file:///etc/passwd', 'urn:ietf:params:oauth:request_uri:unknown']) {
      const back = await provider.browser().open(provider.request(signing, { request_uri: uri }))
      expect([uri, answerIn(back)['error']]).toEqual([
        uri,
        expect.stringMatching(/^(?:invalid_request_uri|request_uri_not_supported)$/),
      ])
    }
    expect(asked).toBe(0)
  })

  test('as the address of a back-channel logout', async () => {
    for (const backchannelLogoutUri of INSIDE(trap.port).slice(0, 5)) {
      const { status, body } = await provider.operate('POST', '/clients', {
        name: 'x',
        redirectUris: [CALLBACK],
        consent: 'skip',
        backchannelLogoutUri,
      })
      if (status === 400) continue
      const { client, secret } = body as { client: { id: string }; secret: string }
      const hears = { id: client.id, secret, proof: {} }
      const browser = provider.browser()
      await provider.authorize(browser, hears)
      await browser.submit(await browser.open('/auth/logout'), {})
      const said = () => provider.running.log().includes(`"client":"${client.id}","attempts":1`)
      expect([backchannelLogoutUri, await until(said)]).toEqual([backchannelLogoutUri, true])
    }
    expect(asked).toBe(0)
  })
})
