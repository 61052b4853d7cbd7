/** RFC 7662, RFC 9701 and RFC 7009: what a token is, for whom, and taking it back. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { type OAuthServer, startOAuthServer } from '../harness/oauth.ts'
import { breakStorage } from '../harness/server.ts'

let oauth: OAuthServer
beforeAll(async () => {
  oauth = await startOAuthServer()
})
afterAll(() => oauth[Symbol.asyncDispose]())

const options = { grants: ['password', 'refresh_token'] }
const revoke = (client: { readonly basic: string }, token: unknown) =>
  oauth.post('/auth/oauth/revoke', { token: String(token) }, { authorization: client.basic })

test.each(['jwt', 'opaque'] as const)('a %s access token is told to its own client', async (accessTokenFormat) => {
  const client = await oauth.client({ ...options, accessTokenFormat })
  const { body } = await oauth.tokensOfAlice(client, { scope: 'openid' })
  const answer = await oauth.introspect(client, body['access_token'])
  expect(answer).toMatchObject({
    active: true,
    client_id: client.client.id,
    username: 'alice',
    scope: 'openid',
    token_type: 'bearer',
    iss: oauth.server.issuer,
  })
  expect(answer).not.toHaveProperty('grant_id')
})

test('a refresh token is told to its own client only, an access token for a resource to that resource', async () => {
  const audiences = ['https://api.example']
  const client = await oauth.client({ ...options, audiences })
  const [api, stranger] = [await oauth.client({ audiences }), await oauth.client({})]
  const { body } = await oauth.tokensOfAlice(client, { scope: 'openid', resource: 'https://api.example' })
  expect(await oauth.introspect(client, body['refresh_token'])).toMatchObject({
    active: true,
    client_id: client.client.id,
  })
  expect(await oauth.introspect(api, body['refresh_token'])).toEqual({ active: false })
  expect(await oauth.introspect(api, body['access_token'])).toMatchObject({ active: true })
  expect(await oauth.introspect(stranger, body['access_token'])).toEqual({ active: false })
})

test('by Accept it comes as a signed JWT', async () => {
  const client = await oauth.client(options)
  const { body } = await oauth.tokensOfAlice(client)
  const response = await oauth.server.fetch('/auth/oauth/introspect', {
    method: 'POST',
    body: new URLSearchParams({ token: String(body['access_token']) }),
    headers: { authorization: client.basic, accept: 'application/token-introspection+jwt' },
  })
  expect(response.headers.get('content-type')).toBe('application/token-introspection+jwt')
  const keySet = createRemoteJWKSet(new URL(`${oauth.server.url}/auth/oauth/jwks`))
  const { payload } = await jwtVerify(await response.text(), keySet, {
    typ: 'token-introspection+jwt',
    audience: client.client.id,
  })
  expect(payload['token_introspection']).toMatchObject({ active: true })
})

test('only confidential clients ask', async () => {
  const app = await oauth.client({ confidential: false, authMethod: 'none' })
  const public_ = await oauth.post('/auth/oauth/introspect', { client_id: app.client.id, token: 'x' })
  expect(public_).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
  expect((await oauth.post('/auth/oauth/introspect', { token: 'x' })).status).toBe(401)
})

test.each(['jwt', 'opaque'] as const)('a revoked %s access token is over, its refresh token is not', async (format) => {
  const client = await oauth.client({ ...options, accessTokenFormat: format })
  const { body } = await oauth.tokensOfAlice(client, { scope: 'openid' })
  expect((await revoke(client, body['access_token'])).status).toBe(200)
  expect((await revoke(client, body['access_token'])).status).toBe(200)
  expect((await oauth.userinfo(body['access_token'])).status).toBe(401)
  expect(await oauth.introspect(client, body['access_token'])).toEqual({ active: false })
  expect(await oauth.introspect(client, body['refresh_token'])).toMatchObject({ active: true })
})

test('a revoked refresh token ends everything of its grant', async () => {
  const client = await oauth.client(options)
  const { body } = await oauth.tokensOfAlice(client, { scope: 'openid' })
  await revoke(client, body['refresh_token'])
  expect(await oauth.introspect(client, body['refresh_token'])).toEqual({ active: false })
  expect((await oauth.userinfo(body['access_token'])).status).toBe(401)
})

test("another client's token stays, and nobody hears of it; an unknown one is as good as revoked", async () => {
  const [client, thief] = [await oauth.client(options), await oauth.client(options)]
  const { body } = await oauth.tokensOfAlice(client, { scope: 'openid' })
  for (const token of [body['access_token'], body['refresh_token'], 'unknown', 'lvr_unknown'])
    expect((await revoke(thief, token)).status).toBe(200)
  expect((await oauth.userinfo(body['access_token'])).status).toBe(200)
  expect(await oauth.introspect(client, body['refresh_token'])).toMatchObject({ active: true })
})

test('row 43: a storage that fails is told, not taken for success', async () => {
  await using broken = await startOAuthServer()
  const client = await broken.client(options)
  const { body } = await broken.tokensOfAlice(client)
  breakStorage(broken.server)
  const { status, body: answer } = await broken.post(
    '/auth/oauth/revoke',
    { token: String(body['refresh_token']) },
    { authorization: client.basic },
  )
  expect(status).toBe(503)
  expect(answer['error']).toBe('temporarily_unavailable')
})
