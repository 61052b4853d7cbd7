/** RFC 9449: tokens that only the holder of a key can use. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { JWTPayload } from 'jose'
import { claimsOf, dpopKey, type OAuthServer, startOAuthServer } from '../harness/oauth.ts'

let oauth: OAuthServer
beforeAll(async () => {
  oauth = await startOAuthServer()
})
afterAll(() => oauth[Symbol.asyncDispose]())

const options = { grants: ['password', 'refresh_token'] }
const tokenUrl = () => `${oauth.server.issuer}/auth/oauth/token`
const userinfoUrl = () => `${oauth.server.issuer}/auth/oauth/userinfo`
const sha256 = (text: string) => new Bun.CryptoHasher('sha256').update(text).digest('base64url')

test('a proof binds the token, and userinfo wants a proof of the same key for this very token', async () => {
  const client = await oauth.client(options)
  const [key, other] = [await dpopKey(oauth.server.clock.now), await dpopKey(oauth.server.clock.now)]
  const { body } = await oauth.tokensOfAlice(
    client,
    { scope: 'openid' },
    { dpop: await key.proof({ url: tokenUrl() }) },
  )
  const token = String(body['access_token'])
  expect(body['token_type']).toBe('DPoP')
  expect(claimsOf(token)['cnf']).toEqual({ jkt: key.jkt })
  expect(await oauth.introspect(client, token)).toMatchObject({ token_type: 'DPoP', cnf: { jkt: key.jkt } })

  const ath = sha256(token)
  const ask = async (scheme: string, proof?: string) =>
    (await oauth.userinfo(token, { authorization: `${scheme} ${token}`, ...(proof !== undefined && { dpop: proof }) }))
      .status
  const proof = await key.proof({ method: 'GET', url: userinfoUrl(), ath })
  expect(await ask('DPoP', proof)).toBe(200)
  expect(await ask('DPoP', proof)).toBe(401)
  expect(await ask('DPoP')).toBe(401)
  expect(await ask('Bearer')).toBe(401)
  expect(await ask('DPoP', await other.proof({ method: 'GET', url: userinfoUrl(), ath }))).toBe(401)
  expect(await ask('DPoP', await key.proof({ method: 'GET', url: userinfoUrl(), ath: sha256('other') }))).toBe(401)
  expect(await ask('DPoP', await key.proof({ method: 'GET', url: userinfoUrl() }))).toBe(401)
})

test('a proof for another method, address or time, or shown before, is refused', async () => {
  const client = await oauth.client(options)
  const key = await dpopKey(oauth.server.clock.now)
  const now = Math.floor(oauth.server.clock.now() / 1000)
  const errorOf = async (dpop: string) => (await oauth.tokensOfAlice(client, {}, { dpop })).body['error']
  for (const proof of [
    { method: 'GET', url: tokenUrl() },
    { url: 'https://elsewhere.example/auth/oauth/token' },
    { url: userinfoUrl() },
    { url: tokenUrl(), iat: now - 3_600 },
    { url: tokenUrl(), iat: now + 3_600 },
  ])
    expect(await errorOf(await key.proof(proof))).toBe('invalid_dpop_proof')
  expect(await errorOf('garbage')).toBe('invalid_dpop_proof')
  const good = await key.proof({ url: `${tokenUrl().replace('login', 'LOGIN')}?ignored=1#too` })
  expect(await errorOf(good)).toBeUndefined()
  expect(await errorOf(good)).toBe('invalid_dpop_proof')
  expect(await errorOf(`${await key.proof({ url: tokenUrl() })}, ${await key.proof({ url: tokenUrl() })}`)).toBe(
    'invalid_dpop_proof',
  )
})

test('fifty at once with one proof: one is served', async () => {
  const client = await oauth.client({ grants: ['client_credentials'] })
  const proof = await (await dpopKey(oauth.server.clock.now)).proof({ url: tokenUrl() })
  const answers = await Promise.all(
    Array.from({ length: 50 }, () => oauth.token(client, { grant_type: 'client_credentials' }, { dpop: proof })),
  )
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
})

test('the refresh token of a public client is bound to the key, that of a confidential one to its credentials', async () => {
  const app = await oauth.client({ ...options, confidential: false, authMethod: 'none' })
  const web = await oauth.client(options)
  const [key, other] = [await dpopKey(oauth.server.clock.now), await dpopKey(oauth.server.clock.now)]
  for (const [client, status] of [
    [app, 400],
    [web, 200],
  ] as const) {
    const first = await oauth.tokensOfAlice(client, {}, { dpop: await key.proof({ url: tokenUrl() }) })
    const form = { grant_type: 'refresh_token', refresh_token: String(first.body['refresh_token']) }
    const { status: withOther } = await oauth.token(client, form, { dpop: await other.proof({ url: tokenUrl() }) })
    expect(withOther).toBe(status)
  }
})

test('a client can be held to proofs', async () => {
  const client = await oauth.client({ ...options, requireDpop: true })
  expect((await oauth.tokensOfAlice(client)).body['error']).toBe('invalid_request')
})

test('a proof may say from when and until when it counts, by a clock that goes a little ahead or behind', async () => {
  const client = await oauth.client(options)
  const key = await dpopKey(oauth.server.clock.now)
  const now = Math.floor(oauth.server.clock.now() / 1000)
  const statusOf = async (claims: JWTPayload) =>
    (await oauth.tokensOfAlice(client, {}, { dpop: await key.proof({ url: tokenUrl(), ...claims }) })).status
  expect(await statusOf({ iat: now + 10, nbf: now + 10, exp: now + 310 })).toBe(200)
  expect(await statusOf({ iat: now - 10, nbf: now - 10, exp: now - 5 })).toBe(200)
  expect(await statusOf({ nbf: now + 120 })).toBe(400)
  expect(await statusOf({ exp: now - 120 })).toBe(400)
})

test('where a nonce is demanded it is given, taken, and too old after a while', async () => {
  await using strict = await startOAuthServer({ config: { oauth: { dpopNonce: true } } })
  const client = await strict.client(options)
  const key = await dpopKey(strict.server.clock.now)
  const url = `${strict.server.issuer}/auth/oauth/token`
  const first = await strict.tokensOfAlice(client, {}, { dpop: await key.proof({ url }) })
  expect(first.body['error']).toBe('use_dpop_nonce')
  const nonce = first.headers.get('dpop-nonce') ?? ''
  const second = await strict.tokensOfAlice(client, {}, { dpop: await key.proof({ url, nonce }) })
  expect(second.status).toBe(200)
  expect(second.headers.get('dpop-nonce')).toBeTruthy()
  strict.server.clock.advance(600_000)
  expect((await strict.tokensOfAlice(client, {}, { dpop: await key.proof({ url, nonce }) })).body['error']).toBe(
    'use_dpop_nonce',
  )
  expect(
    (await strict.tokensOfAlice(client, {}, { dpop: await key.proof({ url, nonce: 'forged' }) })).body['error'],
  ).toBe('use_dpop_nonce')
})
