/**
 * FAPI 2.0 Security Profile, `fapi2-security-profile-final-test-plan` with private_key_jwt, DPoP, OpenID Connect and plain
 * requests: what a client may do. The modules' names go without their prefix `fapi2-security-profile-final-`.
 */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { createLocalJWKSet, type JSONWebKeySet, type JWTPayload, jwtVerify } from 'jose'
import { CLAIMS_SUPPORTED } from '../../src/core/token/standard-claims.ts'
import { bodyOf } from '../harness/server.ts'
import type { Query } from '../oauth-front/desk.ts'
import { type Answered, expectError, expectTokens, expectWords, fieldsOf } from './basic-client.ts'
import { type Fapi, type FapiClient, makeProofKey, openFapi, type Sending } from './fapi2-client.ts'

let fapi: Fapi
beforeAll(async () => {
  fapi = await openFapi()
})
afterAll(() => fapi[Symbol.asyncDispose]())

/** The claims of the ID token, after all that the suite checks of one. */
async function verified({ body }: Answered, { id }: FapiClient): Promise<JWTPayload> {
  const { server } = fapi.desk
  const set = (await bodyOf(await server.fetch('/auth/oauth/jwks'))) as unknown as JSONWebKeySet
  const { payload, protectedHeader } = await jwtVerify(String(body['id_token']), createLocalJWKSet(set), {
    issuer: server.issuer,
    audience: id,
    algorithms: ['PS256', 'ES256', 'EdDSA'],
    currentDate: new Date(server.clock.now()),
  })
  expect(protectedHeader.kid).toBeString()
  return payload
}

/** A module that ends well: every condition on the way. */
async function flow(query: Query = {}, sending: Sending = {}) {
  const { as = fapi.first } = sending
  const fields = await fapi.code(query, sending)
  const state = 'state' in query ? query['state'] : 'of-the-suite'
  const { issuer } = fapi.desk.server
  expect(fields).toMatchObject({ iss: issuer, ...(state !== undefined && { state }) })
  expect(fields['code']).toMatch(/^[\w-]{43,}$/)
  expect('state' in fields).toBe(state !== undefined)
  const answered = await fapi.redeem(fields['code'], { as })
  expectTokens(answered, 'dpop')
  expect(answered.body['refresh_token']).toMatch(/^[\x20-\x7E]{43,}$/)
  const claims = await verified(answered, as)
  const token = answered.body['access_token']
  const userinfo = await fapi.userinfo(token)
  expect([userinfo.status, userinfo.body['sub']]).toEqual([200, claims.sub])
  expect(userinfo.headers.get('date')).toBeString()
  return { fields, answered, claims, token, userinfo }
}

test('discovery-end-point-verification', async () => {
  for (const path of ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']) {
    const answer = await fapi.desk.server.fetch(path)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json'])
    const metadata = await bodyOf(answer)
    expect(metadata).toMatchObject({
      issuer: fapi.desk.server.issuer,
      authorization_response_iss_parameter_supported: true,
      pushed_authorization_request_endpoint: fapi.url('par'),
      require_pushed_authorization_requests: false,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
    })
    expect(metadata['token_endpoint_auth_methods_supported']).toContain('private_key_jwt')
    for (const name of ['dpop', 'id_token', 'userinfo', 'token_endpoint_auth']) {
      const algorithms = metadata[`${name}_signing_alg_values_supported`] as string[]
      expect(algorithms.filter((alg) => ['PS256', 'ES256', 'EdDSA'].includes(alg))).not.toBeEmpty()
    }
    expect(metadata['dpop_signing_alg_values_supported']).not.toContain('RS256')
  }
})

test('a client that an operator adds with the profile meets all its demands', async () => {
  const answer = await fapi.desk.server.asOperator(`/clients/${fapi.first.id}/check?profile=fapi2`)
  const { demands } = (await answer.json()) as { demands: { demand: string; lacks: string | null }[] }
  expect(demands.length).toBeGreaterThan(8)
  expect(demands.filter(({ lacks }) => lacks !== null)).toEqual([])
})

test('happy-flow', async () => {
  const { token, claims } = await flow()
  expect(claims['nonce']).toBe('n-0S6_WzA2Mj')
  expect(Object.keys(claims)).not.toContain('name')
  // By the query a token is no token (RFC 9700 section 4.3.2).
  const inQuery = await fapi.userinfo(token, { authorization: '' }, `?access_token=${String(token)}`)
  expect(inQuery.status).toBeGreaterThanOrEqual(400)
  for (const accept of ['application/json;charset=UTF-8', 'application/json, application/*+json, */*']) {
    const answered = await fapi.userinfo(token, { accept, dpop: await fapi.resourceProof(token) })
    expect(answered.status).toBe(200)
  }
  // The second client: a redirect URI with a query, a long state, and dpop_jkt without a proof.
  const query = { state: 'b'.repeat(128), nonce: 'c'.repeat(43), dpop_jkt: fapi.proofKey.jkt }
  const other = await flow(query, { as: fapi.second })
  expect(other.fields).toMatchObject({ dummy1: 'lorem', dummy2: 'ipsum' })
  const foreign = await makeProofKey(fapi.seconds)
  const ath = new Bun.CryptoHasher('sha256').update(String(other.token)).digest('base64url')
  const dpop = await foreign.proof({ htm: 'GET', htu: fapi.url('userinfo'), ath })
  expect((await fapi.userinfo(other.token, { dpop })).status).toBe(401)
})

for (const alg of ['PS256', 'EdDSA', 'Ed25519'])
  test(`happy-flow with keys for ${alg}`, async () => {
    await flow({}, { as: await fapi.add({}, alg) })
    const key = await makeProofKey(fapi.seconds, alg)
    const fields = await fapi.code({ dpop_jkt: key.jkt })
    expectTokens(
      await fapi.redeem(fields['code'], { dpop: await key.proof({ htm: 'POST', htu: fapi.url('token') }) }),
      'dpop',
    )
  })

test('user-rejects-authentication', async () => {
  const { desk } = fapi
  for (const as of [fapi.first, fapi.second]) {
    const browser = desk.browser()
    const pushed = await fapi.push({ state: 'd'.repeat(128), prompt: 'consent' }, { as })
    const consent = await desk.logIn(browser, await browser.open(fapi.address(pushed, {}, as)))
    const { away } = await browser.submit(consent, { decision: 'deny' })
    const fields = Object.fromEntries(away?.searchParams ?? [])
    expectWords(fields)
    const kept = as === fapi.second ? { dummy1: 'lorem', dummy2: 'ipsum' } : {}
    expect(fields).toEqual({
      ...kept,
      error: 'access_denied',
      error_description: fields['error_description'] ?? '',
      state: 'd'.repeat(128),
      iss: desk.server.issuer,
    })
  }
})

for (const [module, query] of [
  ['ensure-authorization-request-without-state-success', { state: undefined }],
  ['ensure-authorization-request-without-nonce-success', { nonce: undefined }],
  ['ensure-authorization-request-with-64-char-nonce-success', { nonce: 'e'.repeat(64) }],
  ['ensure-authorization-request-with-long-nonce', { nonce: 'f'.repeat(1_000) }],
  ['ensure-authorization-request-with-long-state', { state: 'g'.repeat(1_000) }],
  ['ensure-other-scope-order-succeeds', { scope: 'email openid' }],
] as const)
  test(module, async () => {
    const { claims } = await flow(query)
    const nonce = 'nonce' in query ? query.nonce : 'n-0S6_WzA2Mj'
    expect(claims['nonce']).toBe(nonce)
  })

test('test-claims-parameter-identity-claims', async () => {
  const forms = [null, { essential: true }, { essential: false }, { unknown: 'member' }]
  const standard = CLAIMS_SUPPORTED.filter((name) => name !== 'groups' && name !== 'roles')
  const wanted = Object.fromEntries(standard.map((name, index) => [name, forms[index % forms.length]]))
  const claims = JSON.stringify({ id_token: wanted, userinfo: wanted, ofNobody: { ofNobody: null } })
  const { claims: inIdToken, userinfo } = await flow({ claims })
  for (const name of standard) {
    expect(userinfo.body).toHaveProperty(name)
    expect(inIdToken).toHaveProperty(name)
  }
})

test('access-token-type-header-case-sensitivity', async () => {
  const { token } = await flow()
  for (const scheme of ['dPoP', 'DPOP', 'dpop']) {
    const headers = { authorization: `${scheme} ${String(token)}`, dpop: await fapi.resourceProof(token) }
    expect((await fapi.userinfo(token, headers)).status).toBe(200)
  }
})

test('refresh-token', async () => {
  const { answered, claims: before } = await flow({ scope: 'openid offline_access', prompt: 'consent' })
  const { refresh_token: token, scope } = answered.body
  fapi.desk.server.clock.advance(1_000)
  // The suite shows another key: a client that proves itself may change it.
  const another = await makeProofKey(fapi.seconds)
  const dpop = () => another.proof({ htm: 'POST', htu: fapi.url('token') })
  const again = await fapi.refresh(token, { dpop: await dpop(), form: { scope: String(scope) } })
  expectTokens(again, 'dpop')
  expect(again.body['access_token']).not.toBe(answered.body['access_token'])
  expect(again.body['refresh_token'] ?? token).toBe(token)
  const after = await verified(again, fapi.first)
  for (const claim of ['iss', 'sub', 'aud', 'azp', 'auth_time']) expect(after[claim]).toEqual(before[claim])
  expect(after.iat).not.toBe(Number(before.iat))
  fapi.desk.server.clock.advance(30_000)
  expectTokens(await fapi.refresh(token, { form: { scope: String(scope) } }), 'dpop')
  expectError(await fapi.refresh(token, { dpop: null }), 'invalid_request', 'invalid_grant', 'invalid_client')
  expectError(await fapi.refresh(token, { as: fapi.second }), 'invalid_grant')
  expectTokens(await fapi.refresh(token), 'dpop')
})

test('par-ensure-reused-request-uri-prior-to-auth-completion-succeeds, par-attempt-reuse-request_uri', async () => {
  const browser = fapi.desk.browser()
  const pushed = await fapi.push()
  const address = fapi.address(pushed, { response_type: 'code', scope: 'openid', redirect_uri: fapi.first.redirectUri })
  expect((await browser.open(address)).path).toStartWith('/auth/login')
  let page = await fapi.desk.logIn(browser, await browser.open(address))
  if (page.path.startsWith('/auth/consent')) page = await browser.submit(page, { decision: 'allow' })
  expect(fieldsOf(page)['code']).toBeDefined()
  const reused = await browser.open(address)
  expect(fieldsOf(reused)['error'] ?? reused.status).toBe('invalid_request_uri')
  const shown = await browser.open(fapi.address(pushed))
  expect([shown.status, shown.away]).toEqual([400, undefined])
})

test('prompt=none is answered at once, with a code or with login_required', async () => {
  await flow()
  expect((await fapi.code({ prompt: 'none' }))['code']).toBeDefined()
  const pushed = await fapi.push({ prompt: 'none', response_mode: 'query' })
  const fields = fieldsOf(await fapi.desk.browser().open(fapi.address(pushed)))
  expect(fields).toMatchObject({ error: 'login_required', state: 'of-the-suite', iss: fapi.desk.server.issuer })
})
