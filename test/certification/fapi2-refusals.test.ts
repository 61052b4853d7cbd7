/** FAPI 2.0 Security Profile, the same plan: what is refused at PAR, in the browser and at the token endpoint. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type JWTPayload, UnsecuredJWT } from 'jose'
import { clientKey } from '../harness/assertion.ts'
import { CHALLENGE, queryOf, type Query, VERIFIER } from '../oauth-front/desk.ts'
import { type Answered, expectError, expectTokens, expectWords, fieldsOf } from './basic-client.ts'
import { type Fapi, openFapi, requestOf, type Sending, type Signing } from './fapi2-client.ts'

let fapi: Fapi
beforeAll(async () => {
  fapi = await openFapi()
})
afterAll(() => fapi[Symbol.asyncDispose]())

const REQUEST = ['invalid_request', 'invalid_request_object']
const CLIENT = ['invalid_client', 'invalid_request']

/** A refusal at PAR is what tells the client soonest; the suite takes one in the browser, too. */
async function expectPushRefused(query: Query, errors: readonly string[], sending: Sending = {}): Promise<void> {
  const answered = await fapi.push(query, sending)
  expectError(answered, ...errors)
  expect(answered.body).not.toHaveProperty('request_uri')
}

/** The browser is shown a page or leads back to the client with an error. */
async function expectOpenRefused(address: string, ...errors: readonly string[]): Promise<void> {
  const landing = await fapi.browser.open(address)
  const fields = fieldsOf(landing)
  expect(fields).not.toHaveProperty('code')
  if (landing.away === undefined) return expect(landing.status).toBe(400)
  expect(errors).toContain(fields['error'] ?? 'none')
  expect(fields['iss']).toBe(fapi.desk.server.issuer)
  expectWords(fields)
}

async function freshCode(query: Query = {}): Promise<string> {
  return String((await fapi.code(query))['code'])
}

for (const [module, query, errors] of [
  ['ensure-request-object-without-redirect-uri-fails', { redirect_uri: undefined }, REQUEST],
  ['the same without openid', { redirect_uri: undefined, scope: 'profile' }, REQUEST],
  ['ensure-registered-redirect-uri', { redirect_uri: 'https://app.example/callback/of-nobody' }, REQUEST],
  ['ensure-response-type-code-idtoken-fails', { response_type: 'code id_token' }, ['unsupported_response_type']],
  ['ensure-response-type-token-fails', { response_type: 'token' }, ['unsupported_response_type']],
  ['par-authorization-request-containing-request_uri-form-param', { request_uri: 'urn:of:nobody' }, REQUEST],
  ['par-ensure-pkce-required', { code_challenge: undefined, code_challenge_method: undefined }, ['invalid_request']],
  ['par-ensure-plain-pkce-rejected', { code_challenge: VERIFIER, code_challenge_method: 'plain' }, ['invalid_request']],
  ['a challenge that does not say how it was made is plain', { code_challenge_method: undefined }, ['invalid_request']],
] as const)
  test(module, () => expectPushRefused(query, errors))

test('ensure-unsigned-authorization-request-without-using-par-fails', async () => {
  const address = `/auth/oauth/authorize?${queryOf(requestOf(fapi.first, {}))}`
  await expectOpenRefused(address, 'invalid_request')
  const { state } = fieldsOf(await fapi.browser.open(address))
  expect(state).toBe('of-the-suite')
})

test('par-without-duplicate-parameters; what stands beside a request_uri counts for nothing', async () => {
  const opened = async (query: Query, extra: Query) => {
    const browser = fapi.desk.browser()
    let page = await fapi.desk.logIn(browser, await browser.open(fapi.address(await fapi.push(query), extra)))
    if (page.path.startsWith('/auth/consent')) page = await browser.submit(page, { decision: 'allow' })
    return fieldsOf(page)
  }
  expect(await opened({}, {})).toMatchObject({ code: expect.any(String), state: 'of-the-suite' })
  // ensure-different-state-inside-and-outside-request-object, state-only-outside-request-object-not-used
  expect(await opened({}, { state: 'outside' })).toMatchObject({ state: 'of-the-suite' })
  expect(await opened({ state: undefined }, { state: 'outside' })).not.toHaveProperty('state')
  // ensure-different-nonce-inside-and-outside-request-object
  const { code } = await opened({}, { nonce: 'outside', scope: 'openid profile', response_type: 'code' })
  const { body } = await fapi.redeem(code)
  expect(body['scope']).toBe('openid')
  expect(JSON.parse(Buffer.from(String(body['id_token']).split('.')[1] ?? '', 'base64url').toString())).toMatchObject({
    nonce: 'n-0S6_WzA2Mj',
  })
})

test('par-attempt-to-use-request_uri-for-different-client', async () => {
  const pushed = await fapi.push()
  await expectOpenRefused(fapi.address(pushed, {}, fapi.second), 'invalid_request_uri', 'invalid_request')
})

test('par-attempt-to-use-expired-request_uri', async () => {
  const pushed = await fapi.push()
  const life = Number(pushed.body['expires_in'])
  expect(life).toBeGreaterThanOrEqual(5)
  expect(life).toBeLessThan(600)
  fapi.desk.server.clock.advance((life + 1) * 1_000)
  const redirectUri = { redirect_uri: fapi.first.redirectUri }
  await expectOpenRefused(fapi.address(pushed), 'invalid_request_uri')
  await expectOpenRefused(fapi.address(pushed, redirectUri), 'invalid_request_uri')
})

test('par-attempt-invalid-http-method', async () => {
  const { status } = await fapi.push({}, { method: 'PUT' })
  expect(status).toBe(405)
})

/** Assertions that authenticate nobody, here and at the token endpoint. */
const wrongAssertions = (): readonly (readonly [string, Signing | string | null])[] => {
  const now = fapi.seconds()
  const { id } = fapi.first
  const claims = { iss: id, sub: id, aud: fapi.desk.server.issuer, iat: now, exp: now + 60, jti: crypto.randomUUID() }
  return [
    ['ensure-client-assertion-in-token-endpoint', null],
    ['ensure-client-assertion-with-exp-is-5-minutes-in-past-fails', { claims: { iat: now - 360, exp: now - 300 } }],
    ['ensure-client-assertion-with-wrong-aud-fails', { claims: { aud: 'https://other.example/' } }],
    ['par-test-array-as-audience-fails', { claims: { aud: [fapi.desk.server.issuer, 'https://other.example'] } }],
    ['an array of the issuer alone', { claims: { aud: [fapi.desk.server.issuer] } }],
    ['par-test-par-endpoint-url-as-audience-fails', { claims: { aud: fapi.url('par') } }],
    ['par-test-token-endpoint-url-as-audience-fails', { claims: { aud: fapi.url('token') } }],
    ['ensure-client-assertion-with-no-sub-fails', { claims: { sub: undefined } as unknown as JWTPayload }],
    ['a sub of nobody', { claims: { sub: 'of-nobody' } }],
    ['an iss of another', { claims: { iss: fapi.second.id } }],
    [
      'par-ensure-jwt-client-assertions-nbf-over-60-seconds-in-the-future-fails',
      { claims: { iat: now + 65, nbf: now + 65, exp: now + 125 } },
    ],
    ['no exp', { claims: { exp: undefined } as unknown as JWTPayload }],
    ['no jti', { claims: { jti: undefined } as unknown as JWTPayload }],
    ['no signature', new UnsecuredJWT(claims).encode()],
    ['the key of another client', { key: fapi.second.key }],
  ]
}

test('assertions that authenticate nobody: refused at PAR and at the token endpoint, and the code stays good', async () => {
  const code = await freshCode()
  for (const [what, assertion] of wrongAssertions()) {
    const sending = { assertion, form: { client_id: fapi.first.id } }
    for (const answered of [await fapi.push({}, { assertion }), await fapi.redeem(code, sending)]) {
      expect([what, answered.body['error']]).toEqual([what, expect.stringMatching(/^invalid_(client|request)$/)])
      expectError(answered, ...CLIENT)
    }
  }
  expectTokens(await fapi.redeem(code), 'dpop')
})

test('ensure-signed-client-assertion-with-RS256-fails', async () => {
  const pss = await clientKey('pss', 'PS256')
  const client = await fapi.add({ jwks: { keys: [{ ...pss.jwk, alg: undefined }] } })
  const own = { ...client, key: pss }
  expect((await fapi.push({}, { as: own })).status).toBe(201)
  const rsa = await clientKey('pss', 'RS256')
  const both = await fapi.add({ jwks: { keys: [{ ...rsa.jwk, alg: undefined }] } })
  await expectPushRefused({}, CLIENT, { as: { ...both, key: rsa } })
})

test('par-ensure-jwt-client-assertions-nbf-8-seconds-in-the-future-is-accepted', async () => {
  const at = fapi.seconds() + 8
  expect((await fapi.push({}, { assertion: { claims: { iat: at, nbf: at, exp: at + 60 } } })).status).toBe(201)
})

test('an assertion counts once, whichever endpoint saw it', async () => {
  const assertion = await fapi.assertion(fapi.first)
  expect((await fapi.push({}, { assertion })).status).toBe(201)
  await expectPushRefused({}, CLIENT, { assertion })
  expectError(await fapi.redeem(await freshCode(), { assertion }), ...CLIENT)
})

test('ensure-client-id-in-token-endpoint', async () => {
  const code = await freshCode()
  const asSecond = { as: fapi.second, assertion: { key: fapi.first.key }, form: { client_id: fapi.second.id } }
  expectError(await fapi.redeem(code, asSecond), 'invalid_client', 'invalid_grant')
  expectError(await fapi.redeem(code, { form: { client_id: fapi.second.id } }), 'invalid_client', 'invalid_grant')
})

test('ensure-authorization-code-is-bound-to-client', async () => {
  expectError(await fapi.redeem(await freshCode(), { as: fapi.second }), 'invalid_grant')
})

test('ensure-pkce-code-verifier-required, incorrect-pkce-code-verifier-rejected', async () => {
  const code = await freshCode()
  const without: Answered = await fapi.redeem(code, { form: { code_verifier: undefined } })
  expectError(without, 'invalid_grant')
  for (const verifier of [`${VERIFIER}x`, CHALLENGE, 'short'])
    expectError(await fapi.redeem(code, { form: { code_verifier: verifier } }), 'invalid_grant')
})

test('attempt-reuse-authorization-code-after-one-second', async () => {
  const code = await freshCode()
  const { body } = await fapi.redeem(code)
  fapi.desk.server.clock.advance(1_000)
  expectError(await fapi.redeem(code), 'invalid_grant')
  expect((await fapi.userinfo(body['access_token'])).status).toBe(401)
  expectError(await fapi.refresh(body['refresh_token']), 'invalid_grant')
})

test('ensure-token-endpoint-fails-with-expired-auth-code', async () => {
  const code = await freshCode()
  fapi.desk.server.clock.advance(62_000)
  expectError(await fapi.redeem(code), 'invalid_grant')
})
