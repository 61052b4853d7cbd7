/**
 * What the modules of the OpenID Foundation's plan FAPI 2.0 Security Profile (private_key_jwt, DPoP, plain) check, by their
 * names (without `fapi2-security-profile-final-`), over HTTP.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { decodeJwt } from 'jose'
import { bodyOf } from '../harness/server.ts'
import { answerIn, CALLBACK, claimsOf, type Desk, openDesk } from '../oauth-front/desk.ts'
import { dpopKey, type FapiClient, fapiClient } from './fapi-client.ts'

let desk: Desk
let fapi: FapiClient
beforeAll(async () => {
  desk = await openDesk()
  fapi = await fapiClient(desk)
})
afterAll(() => desk[Symbol.asyncDispose]())

const CHALLENGE_PLAIN = { code_challenge_method: 'plain' }
const LONG = 'n'.repeat(384)

test('discovery-end-point-verification', async () => {
  const said = await bodyOf(await desk.server.fetch('/.well-known/openid-configuration'))
  expect(said).toMatchObject({
    pushed_authorization_request_endpoint: `${desk.server.issuer}/auth/oauth/par`,
    authorization_response_iss_parameter_supported: true,
    code_challenge_methods_supported: ['S256'],
  })
  for (const [name, value] of [
    ['token_endpoint_auth_methods_supported', 'private_key_jwt'],
    ['token_endpoint_auth_signing_alg_values_supported', 'PS256'],
    ['dpop_signing_alg_values_supported', 'ES256'],
    ['grant_types_supported', 'authorization_code'],
  ] as const)
    expect(said[name]).toContain(value)
})

test('happy-flow, refresh-token', async () => {
  const answer = await fapi.authorize()
  expect(answer).toMatchObject({ state: 'state-1', iss: desk.server.issuer })
  const { status, body } = await fapi.redeem(answer['code'])
  expect([status, body['token_type']]).toEqual([200, 'DPoP'])
  expect(claimsOf(body['access_token'])['cnf']).toEqual({ jkt: fapi.own.jkt })
  expect(decodeJwt(String(body['id_token']))).toMatchObject({ nonce: 'nonce-1', aud: fapi.client.id })
  expect(await fapi.userinfo(body['access_token'])).toBe(200)
  for (let use = 0; use < 2; use++) {
    const next = await fapi.refresh(body['refresh_token'])
    expect([next.status, next.body['refresh_token'] ?? body['refresh_token']]).toEqual([200, body['refresh_token']])
  }
})

test('access-token-type-header-case-sensitivity', async () => {
  const { body } = await fapi.redeem((await fapi.authorize())['code'])
  for (const scheme of ['dpop', 'DPOP', 'DpOp']) expect(await fapi.userinfo(body['access_token'], {}, scheme)).toBe(200)
})

test.each([
  ['ensure-authorization-request-without-state-success', { state: undefined }],
  ['ensure-authorization-request-without-nonce-success', { nonce: undefined }],
  ['ensure-authorization-request-with-64-char-nonce-success', { nonce: 'n'.repeat(64) }],
  ['ensure-authorization-request-with-long-nonce', { nonce: LONG }],
  ['ensure-authorization-request-with-long-state', { state: LONG }],
  ['ensure-other-scope-order-succeeds', { scope: 'offline_access profile openid' }],
])('%s', async (_, query) => {
  const answer = await fapi.authorize(query)
  expect(answer['state']).toBe('state' in query ? query.state : 'state-1')
  const { body } = await fapi.redeem(answer['code'])
  if ('nonce' in query) expect(decodeJwt(String(body['id_token']))['nonce']).toBe(query.nonce)
})

test('user-rejects-authentication', async () => {
  const browser = desk.browser()
  const { body } = await fapi.push({ prompt: 'consent' })
  const page = await desk.logIn(browser, await browser.open(fapi.pathOf(body['request_uri'])))
  const { error, iss, state } = answerIn(await browser.submit(page, { decision: 'deny' }))
  expect([error, iss, state]).toEqual(['access_denied', desk.server.issuer, 'state-1'])
})

test('par-ensure-request-uri-reuse-before-authentication-succeeds, par-attempt-reuse-request_uri', async () => {
  const path = fapi.pathOf((await fapi.push()).body['request_uri'])
  expect((await desk.browser().open(path)).path).toStartWith('/auth/login')
  expect(await fapi.goOn(desk.browser(), path)).toHaveProperty('code')
  const again = await desk.browser().open(path)
  expect([again.status, again.away]).toEqual([400, undefined])
})

test('par-attempt-to-use-expired-request_uri, par-attempt-to-use-request_uri-for-different-client', async () => {
  const { body } = await fapi.push()
  const other = await fapiClient(desk)
  const theirs = await desk.browser().open(fapi.pathOf(body['request_uri'], other.client.id))
  expect([theirs.status, theirs.away]).toEqual([400, undefined])
  desk.server.clock.advance(Number(body['expires_in']) * 1000 + 1)
  const late = await desk.browser().open(fapi.pathOf(body['request_uri']))
  expect([late.status, late.away]).toEqual([400, undefined])
})

test('par-attempt-invalid-http-method', async () => {
  expect((await desk.server.fetch('/auth/oauth/par')).status).toBe(405)
})

test.each([
  ['par-ensure-pkce-required', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
  ['par-ensure-plain-pkce-rejected', CHALLENGE_PLAIN, 'invalid_request'],
  ['par-pushed-authorization-url-with-request_uri', { request_uri: 'urn:x' }, 'invalid_request'],
  ['ensure-redirect-uri-in-authorization-request', { redirect_uri: undefined }, 'invalid_request'],
  ['ensure-registered-redirect-uri', { redirect_uri: `${CALLBACK}/2` }, /invalid_request|invalid_redirect_uri/],
  ['ensure-unsupported-response-type', { response_type: 'token' }, 'unsupported_response_type'],
])('%s', async (_, query, error) => {
  const answer = await fapi.push(query)
  expect(answer.status).toBe(400)
  expect(String(answer.error)).toMatch(error)
})

test('ensure-request-without-par-fails', async () => {
  const landing = await desk.browser().open(desk.request({}, fapi.client))
  const told = landing.away ? answerIn(landing)['error'] : landing.status
  expect([400, 'invalid_request']).toContain(told as never)
})

test('ensure-server-handles-wrong-code-verifier, ensure-authorization-code-is-bound-to-client', async () => {
  const { code } = await fapi.authorize()
  const other = await fapiClient(desk)
  expect((await other.redeem(code)).error).toBe('invalid_grant')
  expect((await fapi.redeem(code, { code_verifier: 'w'.repeat(43) })).error).toBe('invalid_grant')
  expect((await fapi.redeem(code)).status).toBe(200)
})

test('attempt-reuse-authorization-code-after-one-second, codes of a minute', async () => {
  const { code } = await fapi.authorize()
  const { body } = await fapi.redeem(code)
  desk.server.clock.advance(1_000)
  expect((await fapi.redeem(code)).error).toBe('invalid_grant')
  expect(await fapi.userinfo(body['access_token'])).toBe(401)
  const late = await fapi.authorize()
  desk.server.clock.advance(61_000)
  expect((await fapi.redeem(late['code'])).error).toBe('invalid_grant')
})

test.each([
  ['ensure-client-assertion-with-wrong-sub-fails', { sub: 'other' }],
  ['ensure-client-assertion-with-no-sub-fails', { sub: undefined }],
  ['ensure-client-assertion-with-iss-other-fails', { iss: 'other' }],
  ['ensure-client-assertion-with-exp-5-minutes-in-the-past-fails', { iat: 1_000, exp: 1_060 }],
  ['par-test-array-as-audience-for-client-assertion', { aud: ['http://login.example', 'https://other.example'] }],
  ['par-test-par-endpoint-url-as-audience-for-client-assertion', { aud: 'http://login.example/auth/oauth/par' }],
  ['ensure-client-assertion-without-jti-fails', { jti: undefined }],
] as const)('%s', async (_, claims) => {
  const answer = await fapi.push({}, { assertion: claims as never })
  expect([400, 401]).toContain(answer.status)
  expect(String(answer.error)).toMatch(/^invalid_(?:client|request)$/)
})

test('ensure-signed-client-assertion-with-RS256-fails', async () => {
  expect((await fapi.push({}, { alg: 'RS256' })).error).toBe('invalid_client')
})

test('ensure-client-assertion-reuse-fails', async () => {
  const twist = { assertion: { jti: crypto.randomUUID() } }
  expect((await fapi.push({}, twist)).status).toBe(201)
  expect((await fapi.push({}, twist)).error).toBe('invalid_client')
})

test.each([
  ['no proof', { proof: null }],
  ['another method', { proof: { htm: 'GET' } }],
  ['another address', { proof: { htu: 'http://login.example/auth/oauth/par' } }],
  ['too old', { proof: { iat: 1_000 } }],
  ['without jti', { proof: { jti: undefined } }],
] as const)('dpop-negative-tests: %s', async (_, twist) => {
  const { code } = await fapi.authorize()
  const answer = await fapi.redeem(code, {}, twist as never)
  expect([answer.status, answer.error]).toEqual([400, 'invalid_dpop_proof'])
})

test('dpop-negative-tests, ensure-holder-of-key-required: what is shown to userinfo', async () => {
  const { body } = await fapi.redeem((await fapi.authorize())['code'])
  const token = body['access_token']
  for (const twist of [{ proof: null }, { proof: { ath: 'wrong' } }, { key: await dpopKey() }])
    expect([400, 401]).toContain(await fapi.userinfo(token, twist))
  expect(await fapi.userinfo(token, { proof: null }, 'Bearer')).toBe(401)
})

test('ensure-mismatched-dpop-jkt-fails, ensure-token-endpoint-fails-with-mismatched-dpop-jkt', async () => {
  expect((await fapi.push({ dpop_jkt: (await dpopKey()).jkt })).status).toBe(400)
  const { code } = await fapi.authorize({ dpop_jkt: fapi.own.jkt })
  const key = await dpopKey()
  expect(['invalid_grant', 'invalid_dpop_proof']).toContain((await fapi.redeem(code, {}, { key })).error as never)
})
