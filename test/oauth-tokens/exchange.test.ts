/** RFC 8693 and RFC 7523: a token for another one, and an assertion for a token. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import {
  ACCESS_TOKEN,
  claimsOf,
  dpopKey,
  type OAuthServer,
  startOAuthServer,
  TOKEN_EXCHANGE,
} from '../harness/oauth.ts'

let oauth: OAuthServer
beforeAll(async () => {
  oauth = await startOAuthServer()
})
afterAll(() => oauth[Symbol.asyncDispose]())

const frontend = { grants: ['password'], scopes: ['openid', 'orders.read', 'orders.write'] }
const backend = {
  grants: [TOKEN_EXCHANGE, 'client_credentials'],
  scopes: ['orders.read', 'orders.write'],
  audiences: ['https://stock.example', 'main'],
}

async function exchange(form: Record<string, string>, scope = 'orders.read orders.write') {
  const [app, service] = [await oauth.client(frontend), await oauth.client(backend)]
  const { body } = await oauth.tokensOfAlice(app, { scope })
  const subject = { subject_token: String(body['access_token']), subject_token_type: ACCESS_TOKEN }
  const answer = await oauth.token(service, { grant_type: TOKEN_EXCHANGE, ...subject, ...form })
  return { app, service, subject: body, answer }
}

test('less of the same: the person stays the subject, and the token says who acts', async () => {
  const { service, subject, answer } = await exchange({ scope: 'orders.read', resource: 'https://stock.example' })
  expect(answer.body).toMatchObject({ issued_token_type: ACCESS_TOKEN, scope: 'orders.read', token_type: 'bearer' })
  expect(answer.body).not.toHaveProperty('refresh_token')
  const [before, after] = [claimsOf(subject['access_token']), claimsOf(answer.body['access_token'])]
  expect(after).toMatchObject({ sub: before['sub'], aud: 'https://stock.example', act: { sub: service.client.id } })
  expect(Number(after['exp'])).toBeLessThanOrEqual(Number(before['exp']))
})

test('for a broker: the rights of the person in the vhost, by the rules', async () => {
  const { answer } = await exchange({ resource: 'main', vhost: 'prod' })
  expect(claimsOf(answer.body['access_token'])).toMatchObject({ sub: 'alice', aud: ['rabbitmq'], vhost: 'prod' })
  const refused = await exchange({ resource: 'main', vhost: 'test' })
  expect(refused.answer.body['error']).toBe('access_denied')
})

test.each([
  [{ scope: 'orders.write' }, 'invalid_scope', 'orders.read'],
  [{ resource: 'https://elsewhere.example' }, 'invalid_target', undefined],
  [{ subject_token: 'invented' }, 'invalid_request', undefined],
  [{ subject_token_type: 'urn:ietf:params:oauth:token-type:saml2' }, 'invalid_request', undefined],
  [{ requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token' }, 'invalid_request', undefined],
])('%p is refused with %s', async (form, error, scope) => {
  expect((await exchange(form, scope)).answer.body['error']).toBe(error)
})

test('a token that is bound to a key is subject or actor with a proof of that key alone', async () => {
  const key = await dpopKey(oauth.server.clock.now)
  const url = `${oauth.server.issuer}/auth/oauth/token`
  const proof = async () => ({ dpop: await key.proof({ url }) })
  const [app, service] = [await oauth.client(frontend), await oauth.client(backend)]
  const tokenOfAlice = async (headers = {}) =>
    String((await oauth.tokensOfAlice(app, { scope: 'orders.read' }, headers)).body['access_token'])
  const [bound, free] = [await tokenOfAlice(await proof()), await tokenOfAlice()]
  for (const [subject_token, actor_token] of [
    [bound, free],
    [free, bound],
  ] as const) {
    const types = { subject_token_type: ACCESS_TOKEN, actor_token_type: ACCESS_TOKEN }
    const form = { grant_type: TOKEN_EXCHANGE, subject_token, actor_token, ...types }
    expect((await oauth.token(service, form)).body['error']).toBe('invalid_dpop_proof')
    expect((await oauth.token(service, form, await proof())).status).toBe(200)
  }
})

test('ID tokens, refresh tokens and broker tokens are no subject', async () => {
  const app = await oauth.client({ grants: ['password', 'refresh_token'], audiences: ['main'] })
  const service = await oauth.client(backend)
  const plain = await oauth.tokensOfAlice(app, { scope: 'openid' })
  const broker = await oauth.tokensOfAlice(app, { resource: 'main', vhost: 'prod' })
  for (const token of [plain.body['id_token'], plain.body['refresh_token'], broker.body['access_token']]) {
    const form = { grant_type: TOKEN_EXCHANGE, subject_token: String(token), subject_token_type: ACCESS_TOKEN }
    expect((await oauth.token(service, form)).body['error']).toBe('invalid_request')
  }
})

test('what was handed on before stays visible, and not for ever', async () => {
  const service = await oauth.client(backend)
  const app = await oauth.client(frontend)
  let token = (await oauth.tokensOfAlice(app, { scope: 'orders.read' })).body['access_token']
  const next = async () => {
    const form = { grant_type: TOKEN_EXCHANGE, subject_token: String(token), subject_token_type: ACCESS_TOKEN }
    return await oauth.token(service, form)
  }
  for (let depth = 1; depth <= 5; depth++) token = (await next()).body['access_token']
  expect(claimsOf(token)['act']).toMatchObject({ act: { act: { act: { act: { sub: service.client.id } } } } })
  expect((await next()).body['error']).toBe('invalid_request')
})

test('an assertion of a trusted issuer, once', async () => {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const keys = { keys: [{ ...(await exportJWK(publicKey)), kid: '1', alg: 'ES256' }] }
  using upstream = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => Response.json(keys) })
  const trusted = { issuer: 'https://partner.example', jwksUri: `http://127.0.0.1:${upstream.port}/keys` }
  await using server = await startOAuthServer({
    config: { trustedIssuers: [trusted], outbound: { allow: ['127.0.0.0/8'] } },
  })
  const client = await server.client({
    grants: ['urn:ietf:params:oauth:grant-type:jwt-bearer'],
    scopes: ['orders.read'],
  })
  const now = Math.floor(server.server.clock.now() / 1000)
  const ask = async (claims: Record<string, unknown> = {}) => {
    const all = {
      iss: trusted.issuer,
      sub: 'alice',
      aud: server.server.issuer,
      exp: now + 60,
      jti: crypto.randomUUID(),
      ...claims,
    }
    const assertion = await new SignJWT(all).setProtectedHeader({ alg: 'ES256', kid: '1' }).sign(privateKey)
    const form = { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', assertion, scope: 'orders.read' }
    return await server.token(client, form)
  }
  const good = await ask({ jti: 'one' })
  expect(claimsOf(good.body['access_token'])).toMatchObject({ sub: expect.stringMatching(/^u_/), scope: 'orders.read' })
  for (const wrong of [
    { jti: 'one' },
    { iss: 'https://stranger.example' },
    { aud: 'https://elsewhere.example' },
    { sub: 'nobody' },
    { sub: 'alice@example.org' },
    { exp: now - 60 },
    { exp: now + 86_400 },
    { jti: '' },
  ])
    expect((await ask(wrong)).body['error']).toBe('invalid_grant')
})
