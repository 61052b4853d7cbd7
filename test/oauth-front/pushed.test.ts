/** Requests that are pushed ahead (RFC 9126) and requests that are signed (RFC 9101). */
import { expect, test } from 'bun:test'
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT, UnsecuredJWT } from 'jose'
import { bodyOf } from '../harness/server.ts'
import {
  answerIn,
  CALLBACK,
  CHALLENGE,
  type Desk,
  openDesk,
  type Query,
  queryOf,
  type Registered,
  VERIFIER,
} from './desk.ts'

const REQUEST = {
  response_type: 'code',
  redirect_uri: CALLBACK,
  scope: 'openid profile',
  state: 'state-1',
  code_challenge: CHALLENGE,
  code_challenge_method: 'S256',
}

async function push(desk: Desk, query: Query = {}, { client, secret }: Registered = desk) {
  const headers = { authorization: `Basic ${btoa(`${client.id}:${secret}`)}` }
  const body = queryOf({ ...REQUEST, ...query })
  const answer = await desk.server.fetch('/auth/oauth/par', { method: 'POST', body, headers })
  const { request_uri: requestUri, expires_in: expiresIn, error } = await bodyOf(answer)
  return { status: answer.status, requestUri: String(requestUri), expiresIn: Number(expiresIn), error }
}

function opened(requestUri: string, clientId: string): string {
  return `/auth/oauth/authorize?${new URLSearchParams({ client_id: clientId, request_uri: requestUri })}`
}

/** A client with keys, and what it signs. */
async function signing(desk: Desk, input = {}) {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'one', use: 'sig', alg: 'ES256' }] }
  const registered = await desk.register({ jwks, ...input })
  const { id } = registered.client
  const now = Math.floor(desk.server.clock.now() / 1000)
  const standard = { iss: id, aud: desk.server.issuer, exp: now + 60, client_id: id, ...REQUEST }
  const sign = (claims: JWTPayload = {}, header = {}) =>
    new SignJWT({ ...standard, ...claims })
      .setProtectedHeader({ alg: 'ES256', kid: 'one', typ: 'oauth-authz-req+jwt', ...header })
      .sign(privateKey)
  const ask = async (request: string, query: Query = {}) =>
    await desk.browser().open(`/auth/oauth/authorize?${queryOf({ client_id: id, request, ...query })}`)
  return { ...registered, id, standard, sign, ask }
}

test('a pushed request is opened by its reference, as often as it takes, until its login is over', async () => {
  await using desk = await openDesk()
  const browser = desk.browser()
  const { status, requestUri, expiresIn } = await push(desk)
  expect([status, expiresIn]).toEqual([201, 90])
  const address = opened(requestUri, desk.client.id)
  await browser.open(address)
  const login = await browser.open(address)
  const landing = await browser.submit(await desk.logIn(browser, login), { decision: 'allow' })
  expect(answerIn(landing)).toMatchObject({ state: 'state-1', iss: desk.server.issuer })
  expect((await desk.redeem(landing)).status).toBe(200)
  expect(await browser.open(address)).toMatchObject({ status: 400, away: undefined })
})

test('what stands beside the reference counts for nothing', async () => {
  await using desk = await openDesk()
  const { requestUri } = await push(desk)
  const query = { client_id: desk.client.id, request_uri: requestUri, scope: 'openid email', state: 'other' }
  const browser = desk.browser()
  const landing = await desk
    .authorize(browser, {}, desk.client)
    .then(() => browser.open(`/auth/oauth/authorize?${queryOf({ ...query, redirect_uri: 'https://evil.example' })}`))
  expect(answerIn(landing)).toMatchObject({ code: expect.any(String), state: 'state-1' })
})

test('a login may take longer than the reference is valid; it cannot be opened then', async () => {
  await using desk = await openDesk()
  const browser = desk.browser()
  const { requestUri } = await push(desk)
  const login = await browser.open(opened(requestUri, desk.client.id))
  desk.server.clock.advance(120_000)
  await desk.server.instance.core.janitor.runOnce()
  expect(await desk.browser().open(opened(requestUri, desk.client.id))).toMatchObject({ status: 400 })
  const landing = await browser.submit(await desk.logIn(browser, login), { decision: 'allow' })
  expect(answerIn(landing)['code']).toBeDefined()
})

test('another client cannot open it, and two logins for one request give one code', async () => {
  await using desk = await openDesk()
  const other = await desk.register({})
  const { requestUri } = await push(desk)
  expect(await desk.browser().open(opened(requestUri, other.client.id))).toMatchObject({ status: 400, away: undefined })
  const consents = await Promise.all(
    [desk.browser(), desk.browser()].map(async (browser) => {
      const login = await browser.open(opened(requestUri, desk.client.id))
      return { browser, consent: await desk.logIn(browser, login) }
    }),
  )
  const ends = await Promise.all(consents.map(({ browser, consent }) => browser.submit(consent, { decision: 'allow' })))
  expect(ends.filter(({ away }) => away)).toHaveLength(1)
})

test('faults are told to the client that pushes, before anybody sees a page', async () => {
  await using desk = await openDesk()
  const cases: readonly (readonly [string, Query])[] = [
    ['invalid_request', { redirect_uri: 'https://evil.example' }],
    ['invalid_request', { request_uri: 'urn:ietf:params:oauth:request_uri:x' }],
    ['invalid_request', { code_challenge: undefined }],
    ['invalid_request', { state: ['one', 'two'] }],
    ['unsupported_response_type', { response_type: 'token' }],
    ['invalid_scope', { scope: 'openid everything' }],
    ['invalid_request', { client_id: 'another' }],
  ]
  for (const [error, query] of cases)
    expect([query, await push(desk, query)]).toMatchObject([query, { status: 400, error }])
  const wrong = { client: desk.client, secret: 'wrong' }
  expect(await push(desk, {}, wrong)).toMatchObject({ status: 401, error: 'invalid_client' })
})

test('a client that has to push is refused without', async () => {
  await using desk = await openDesk()
  const strict = await desk.register({ requirePushedRequests: true })
  expect(answerIn(await desk.browser().open(desk.request({}, strict.client)))['error']).toBe('invalid_request')
  const { requestUri } = await push(desk, {}, strict)
  expect((await desk.browser().open(opened(requestUri, strict.client.id))).path).toStartWith('/auth/login?')
})

test('row 48: nothing of a pushed request is in cookies, addresses or the log', async () => {
  await using desk = await openDesk()
  const secret = 'canary-in-a-pushed-request'
  const browser = desk.browser()
  const { requestUri } = await push(desk, { state: secret, nonce: secret, login_hint: secret })
  const login = await browser.open(opened(requestUri, desk.client.id))
  const consent = await desk.logIn(browser, login)
  expect([...login.hops, ...consent.hops, ...browser.cookies.values()].join(' ')).not.toContain(secret)
  expect(desk.server.logs()).not.toContain(secret)
})

test('a signed request counts, and nothing beside it', async () => {
  await using desk = await openDesk()
  const client = await signing(desk)
  const browser = desk.browser()
  const query = {
    client_id: client.id,
    request: await client.sign(),
    state: 'other',
    scope: 'openid email',
    nonce: 'x',
  }
  const login = await browser.open(`/auth/oauth/authorize?${queryOf(query)}`)
  const landing = await browser.submit(await desk.logIn(browser, login), { decision: 'allow' })
  expect(answerIn(landing)).toMatchObject({ state: 'state-1' })
  const { body } = await desk.redeem(landing, {}, client)
  expect(body['scope']).toBe('openid profile')
})

test('row 41: unsigned, encrypted, foreign, late and reused request objects are refused', async () => {
  await using desk = await openDesk()
  const client = await signing(desk)
  const stranger = await signing(desk)
  const unsigned = new UnsecuredJWT(client.standard).encode()
  const beside = { redirect_uri: CALLBACK, state: 'outer' }
  const cases: readonly (readonly [string, string])[] = [
    ['request_not_supported', unsigned],
    ['request_not_supported', unsigned.replace(/^[^.]+/, btoa('{"alg":"NoNe"}').replace(/=+$/, ''))],
    ['invalid_request_object', `${btoa('{"alg":"RSA-OAEP","enc":"A128GCM"}').replace(/=+$/, '')}.a.b.c.d`],
    ['invalid_request_object', await stranger.sign({ iss: client.id, client_id: client.id })],
    ['invalid_request_object', await client.sign({ client_id: stranger.id })],
    ['invalid_request_object', await client.sign({ iss: stranger.id })],
    ['invalid_request_object', await client.sign({ aud: 'https://elsewhere.example' })],
    ['invalid_request_object', await client.sign({ exp: 1 })],
    ['invalid_request_object', await client.sign({ sub: client.id })],
    ['invalid_request_object', await client.sign({ request_uri: 'urn:x' })],
    ['invalid_request_object', await client.sign({}, { typ: 'at+jwt' })],
    ['invalid_request_object', (await client.sign()).slice(0, -6)],
  ]
  for (const [index, [error, request]] of cases.entries()) {
    const landing = await client.ask(request, beside)
    expect([index, answerIn(landing)]).toMatchObject([index, { error, state: 'outer' }])
    expect(await client.ask(request)).toMatchObject({ away: undefined, status: 400 })
  }
})

test('a client that has to sign is refused without, also when it pushes', async () => {
  await using desk = await openDesk()
  const client = await signing(desk, { requireSignedRequests: true })
  expect(answerIn(await desk.browser().open(desk.request({}, client.client)))['error']).toBe('invalid_request')
  expect(await push(desk, {}, client)).toMatchObject({ status: 400, error: 'invalid_request' })
  const body = queryOf({ request: await client.sign() })
  const headers = { authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` }
  const answer = await desk.server.fetch('/auth/oauth/par', { method: 'POST', body, headers })
  expect(answer.status).toBe(201)
  const { request_uri: requestUri } = await bodyOf(answer)
  expect((await desk.browser().open(opened(String(requestUri), client.id))).path).toStartWith('/auth/login?')
})

test('a fapi2 client pushes with an assertion and a proof, and its code is bound to that key', async () => {
  await using desk = await openDesk()
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  const { client } = await desk.register({ profile: 'fapi2', jwks: { keys: [{ ...jwk, kid: 'one' }] } })
  const { issuer, clock } = desk.server
  const iat = () => Math.floor(clock.now() / 1000)
  const assertion = () =>
    new SignJWT({ iss: client.id, sub: client.id, aud: issuer, iat: iat(), exp: iat() + 60, jti: crypto.randomUUID() })
      .setProtectedHeader({ alg: 'ES256', kid: 'one' })
      .sign(privateKey)
  const proof = (path: string) =>
    new SignJWT({ htm: 'POST', htu: issuer + path, jti: crypto.randomUUID(), iat: iat() })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .sign(privateKey)
  const post = async (path: string, form: Query, dpop?: string) => {
    const credentials = {
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await assertion(),
    }
    const headers = dpop === undefined ? {} : { dpop }
    const answer = await desk.server.fetch(path, {
      method: 'POST',
      body: queryOf({ ...form, ...credentials }),
      headers,
    })
    return { status: answer.status, body: await bodyOf(answer) }
  }
  const pushed = await post('/auth/oauth/par', REQUEST, await proof('/auth/oauth/par'))
  expect(pushed.status).toBe(201)
  expect(Number(pushed.body['expires_in'])).toBeLessThan(600)
  const browser = desk.browser()
  const login = await browser.open(opened(String(pushed.body['request_uri']), client.id))
  const landing = await browser.submit(await desk.logIn(browser, login), { decision: 'allow' })
  const shown = {
    grant_type: 'authorization_code',
    code: answerIn(landing)['code'],
    redirect_uri: CALLBACK,
    code_verifier: VERIFIER,
  }
  expect((await post('/auth/oauth/token', shown)).status).toBe(400)
  const tokens = await post('/auth/oauth/token', shown, await proof('/auth/oauth/token'))
  expect([tokens.status, tokens.body['token_type']]).toEqual([200, 'DPoP'])
})
