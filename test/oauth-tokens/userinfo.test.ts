/** OpenID Connect Core sections 2 and 5: ID tokens and userinfo say what was asked and allowed, no more. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { claimsOf, type OAuthServer, startOAuthServer } from '../harness/oauth.ts'

let oauth: OAuthServer
beforeAll(async () => {
  oauth = await startOAuthServer()
})
afterAll(() => oauth[Symbol.asyncDispose]())

const options = { grants: ['password', 'refresh_token'] }

test('the scopes decide what is told', async () => {
  const client = await oauth.client({ ...options, scopes: ['openid', 'profile', 'email', 'phone', 'groups'] })
  const told = async (scope: string) => {
    const { body } = await oauth.tokensOfAlice(client, { scope })
    return (await oauth.userinfo(body['access_token'])).body
  }
  const { sub } = await told('openid')
  expect(await told('openid')).toEqual({ sub: expect.stringMatching(/^u_/) })
  expect(await told('openid email')).toEqual({ sub, email: 'alice@example.org', email_verified: true })
  expect(await told('openid phone')).toEqual({ sub, phone_number: '+44 20 7946 0000' })
  expect(await told('openid groups')).toEqual({ sub, groups: ['billing'], roles: [] })
  expect(await told('openid profile')).toEqual({
    sub,
    name: 'Alice L',
    family_name: 'Liddell',
    preferred_username: 'alice',
    updated_at: expect.any(Number),
  })
})

test('the token is taken from the header, and from a form, and not from both or a query', async () => {
  const client = await oauth.client(options)
  const { body } = await oauth.tokensOfAlice(client, { scope: 'openid' })
  const token = String(body['access_token'])
  expect((await oauth.userinfo(token)).status).toBe(200)
  expect((await oauth.post('/auth/oauth/userinfo', { access_token: token })).status).toBe(200)
  const bearer = { authorization: `Bearer ${token}` }
  expect((await oauth.post('/auth/oauth/userinfo', {}, bearer)).status).toBe(200)
  expect((await oauth.server.fetch('/auth/oauth/userinfo', { method: 'POST', headers: bearer })).status).toBe(200)
  expect((await oauth.post('/auth/oauth/userinfo', { access_token: token }, bearer)).body['error']).toBe(
    'invalid_request',
  )
  const inQuery = await oauth.server.fetch(`/auth/oauth/userinfo?access_token=${token}`)
  expect(inQuery.status).toBe(401)
  expect(inQuery.headers.get('www-authenticate')).toBe('Bearer realm="leveret"')
})

test('without openid, with another audience, expired or invented: refused with a challenge', async () => {
  const client = await oauth.client({ ...options, audiences: ['https://api.example', 'main'] })
  const tokenFor = async (form: Record<string, string>) =>
    (await oauth.tokensOfAlice(client, form)).body['access_token']
  const plain = await oauth.userinfo(await tokenFor({ scope: 'profile' }))
  expect(plain.status).toBe(403)
  expect(plain.headers.get('www-authenticate')).toContain('insufficient_scope')
  const expired = await tokenFor({ scope: 'openid' })
  oauth.server.clock.advance(301_000)
  for (const token of [
    await tokenFor({ scope: 'openid', resource: 'https://api.example' }),
    await tokenFor({ scope: 'openid', resource: 'main' }),
    expired,
    'lva_invented',
    'a.b.c',
  ]) {
    const { status, headers } = await oauth.userinfo(token)
    expect(status).toBe(401)
    expect(headers.get('www-authenticate')).toContain('error="invalid_token"')
  }
})

test('an ID token verifies by the key set and is about this login', async () => {
  const client = await oauth.client(options)
  const { body } = await oauth.tokensOfAlice(client, { scope: 'openid email' })
  const keySet = createRemoteJWKSet(new URL(`${oauth.server.url}/auth/oauth/jwks`))
  const currentDate = new Date(oauth.server.clock.now())
  const { payload, protectedHeader } = await jwtVerify(String(body['id_token']), keySet, {
    issuer: oauth.server.issuer,
    audience: client.client.id,
    currentDate,
  })
  expect(protectedHeader.alg).toBe('RS256')
  expect(payload).toMatchObject({
    auth_time: Math.floor(oauth.server.clock.now() / 1000),
    amr: ['pwd'],
    acr: '1',
    azp: client.client.id,
  })
  expect(payload).not.toHaveProperty('email')
  expect(payload.sub).toBe(String(claimsOf(body['access_token'])['sub']))
  const digest = new Bun.CryptoHasher('sha256').update(String(body['access_token'])).digest()
  expect(payload['at_hash']).toBe(digest.subarray(0, 16).toString('base64url'))
})

test('a client may want userinfo signed, and its ID tokens by another key', async () => {
  const client = await oauth.client({ ...options, userinfoAlg: 'ES256', idTokenAlg: 'EdDSA' })
  const { body } = await oauth.tokensOfAlice(client, { scope: 'openid' })
  const keySet = createRemoteJWKSet(new URL(`${oauth.server.url}/auth/oauth/jwks`))
  const response = await oauth.server.fetch('/auth/oauth/userinfo', {
    headers: { authorization: `Bearer ${String(body['access_token'])}` },
  })
  expect(response.headers.get('content-type')).toBe('application/jwt')
  const { payload } = await jwtVerify(await response.text(), keySet, { audience: client.client.id })
  expect(payload).toMatchObject({ iss: oauth.server.issuer, sub: expect.stringMatching(/^u_/) })
  const { protectedHeader } = await jwtVerify(String(body['id_token']), keySet, {
    currentDate: new Date(oauth.server.clock.now()),
  })
  expect(protectedHeader.alg).toBe('EdDSA')
})

test('opaque tokens do the same and say nothing by themselves', async () => {
  const client = await oauth.client({ ...options, accessTokenFormat: 'opaque' })
  const { body } = await oauth.tokensOfAlice(client, { scope: 'openid email' })
  expect(body['access_token']).toMatch(/^lva_[\w-]{43}$/)
  expect((await oauth.userinfo(body['access_token'])).body['email']).toBe('alice@example.org')
  oauth.server.clock.advance(301_000)
  expect((await oauth.userinfo(body['access_token'])).status).toBe(401)
})

test('a resource may have its own format and life of tokens', async () => {
  const resources = [{ id: 'https://api.example', accessTokenFormat: 'opaque', accessTokenTtl: '30s' }]
  await using special = await startOAuthServer({ config: { resources } })
  const client = await special.client({ ...options, audiences: ['https://api.example'] })
  const { body } = await special.tokensOfAlice(client, { resource: 'https://api.example' })
  expect(body['access_token']).toMatch(/^lva_/)
  expect(body['expires_in']).toBe(30)
  expect(await special.introspect(client, body['access_token'])).toMatchObject({
    active: true,
    aud: 'https://api.example',
  })
  const plain = await special.tokensOfAlice(client)
  expect(plain.body['access_token']).toMatch(/^ey/)
})
