/** The modules of the Basic plan; the Form Post plan has the same ones with `response_mode=form_post`. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import { OPERATOR } from '../harness/server.ts'
import { CALLBACK, CHALLENGE, type Query, VERIFIER } from '../oauth-front/desk.ts'
import {
  CLAIMS,
  expectError,
  expectTokens,
  expectWords,
  fieldsOf,
  openPlan,
  type Plan,
  tokenAnswer,
} from './basic-client.ts'

/** Claims that come with a scope, as the user has them. */
const { email_verified, phone_number, phone_number_verified, address, ...PROFILE } = CLAIMS
const OF_SCOPE = {
  profile: { ...PROFILE, name: 'Alice L', preferred_username: 'alice', updated_at: expect.any(Number) },
  email: { email: 'alice@corp.example', email_verified },
  phone: { phone_number, phone_number_verified },
  address: { address },
}

export function basicModules(fixed: Query = {}): void {
  let plan: Plan
  beforeAll(async () => {
    plan = await openPlan(fixed)
  })
  afterAll(() => plan[Symbol.asyncDispose]())
  const clock = () => plan.desk.server.clock

  /** An error that goes back to the client. */
  function expectSentBack(fields: Readonly<Record<string, string>>, ...errors: readonly string[]): void {
    expect(errors).toContain(fields['error'] ?? 'none')
    expect(fields['iss']).toBe(plan.desk.server.issuer)
    expect(fields).not.toHaveProperty('code')
    expectWords(fields)
  }

  test('oidcc-server', async () => {
    const { body, claims } = await plan.tokens()
    const hash = new Bun.CryptoHasher('sha256').update(String(body['access_token'])).digest().subarray(0, 16)
    expect(claims['at_hash']).toBe(hash.toString('base64url'))
    expect(claims).toMatchObject({ azp: plan.desk.client.id, acr: '1', amr: ['pwd'] })
    expect((await plan.userinfo(body['access_token'])).status).toBe(200)
  })

  test('oidcc-response-type-missing', async () => {
    const fields = fieldsOf(await plan.open({ response_type: undefined, state: 'of the module' }))
    expectSentBack(fields, 'invalid_request', 'unsupported_response_type')
    expect(fields['state']).toBe('of the module')
  })

  test('oidcc-userinfo-get, oidcc-userinfo-post-header, oidcc-userinfo-post-body', async () => {
    const { body, claims } = await plan.tokens({ scope: 'openid' })
    const token = String(body['access_token'])
    const authorization = `Bearer ${token}`
    const form = new URLSearchParams({ access_token: token })
    for (const init of [
      {},
      { method: 'POST', headers: { authorization } },
      { method: 'POST', body: form, headers: {} },
    ]) {
      const answered = await plan.userinfo(token, init)
      expect(answered.status).toBe(200)
      expect(answered.headers.get('content-type')).toStartWith('application/json')
      expect(answered.body).toEqual({ sub: claims.sub })
    }
  })

  test('oidcc-ensure-request-without-nonce-succeeds-for-code-flow', async () => {
    const { fields } = await plan.authorize({ nonce: undefined })
    const answered = await plan.redeem(String(fields['code']))
    expectTokens(answered)
    await plan.verified(answered.body['id_token'], undefined)
  })

  for (const scopes of [
    ['profile'],
    ['email'],
    ['address'],
    ['phone'],
    ['profile', 'email', 'address', 'phone'],
  ] as const)
    test(`oidcc-scope-${scopes.length > 1 ? 'all' : scopes[0]}`, async () => {
      const { body, claims } = await plan.tokens({ scope: `openid ${scopes.join(' ')}` })
      expect(body['scope']).toBe(`openid ${scopes.join(' ')}`)
      const expected = Object.assign({}, ...scopes.map((scope) => OF_SCOPE[scope])) as Record<string, unknown>
      const userinfo = await plan.userinfo(body['access_token'])
      expect(userinfo.body).toEqual({ sub: claims.sub, ...expected })
      expect(claims).not.toContainKeys(Object.keys(expected))
    })

  test('oidcc-ensure-other-scope-order-succeeds', async () => {
    const { body } = await plan.tokens({ scope: 'email openid' })
    expect((await plan.userinfo(body['access_token'])).body).toMatchObject(OF_SCOPE.email)
  })

  for (const [module, query] of [
    ['oidcc-display-page', { display: 'page' }],
    ['oidcc-display-popup', { display: 'popup' }],
    ['oidcc-ensure-request-with-unknown-parameter-succeeds', { extra: 'foobar' }],
    ['oidcc-login-hint', { login_hint: 'alice@corp.example' }],
    ['oidcc-ui-locales', { ui_locales: 'se' }],
    ['oidcc-claims-locales', { claims_locales: 'se' }],
  ] as const)
    test(module, async () => {
      const browser = plan.desk.browser()
      const { fields, nonce } = await plan.authorize(query, { browser })
      const { body } = await plan.redeem(String(fields['code']))
      await plan.verified(body['id_token'], nonce)
    })

  test('oidcc-ensure-request-with-acr-values-succeeds', async () => {
    for (const acr of ['1 2', 'urn:of:nobody 1', 'urn:of:nobody'])
      expect((await plan.tokens({ acr_values: acr })).claims['acr']).toBe('1')
  })

  test('oidcc-prompt-login', async () => {
    const { claims: first } = await plan.tokens()
    clock().advance(2_000)
    expect((await plan.open({ prompt: 'login' })).path).toStartWith('/auth/login')
    const { claims: second } = await plan.tokens({ prompt: 'login' })
    expect(second.sub).toBe(String(first.sub))
    expect(Number(second['auth_time'])).toBeGreaterThan(Number(first['auth_time']))
  })

  test('oidcc-prompt-none-not-logged-in', async () => {
    const { fields, state } = await plan.authorize({ prompt: 'none' }, { browser: plan.desk.browser() })
    expectSentBack(fields, 'login_required', 'interaction_required')
    expect(fields['state']).toBe(state)
  })

  test('oidcc-prompt-none-logged-in, oidcc-id-token-hint', async () => {
    const { claims: first, body } = await plan.tokens()
    clock().advance(2_000)
    for (const hint of [undefined, String(body['id_token'])]) {
      const { claims, landing } = await plan.tokens({ prompt: 'none', id_token_hint: hint })
      expect([claims.sub, claims['auth_time']]).toEqual([first.sub, first['auth_time']])
      expect(landing.path).toStartWith('/auth/oauth/authorize')
    }
  })

  test('oidcc-max-age-1', async () => {
    const { claims: first } = await plan.tokens()
    clock().advance(2_000)
    expect((await plan.open({ max_age: '1' })).path).toStartWith('/auth/login')
    const { claims: second } = await plan.tokens({ max_age: '1' })
    expect(Number(second['auth_time'])).toBeGreaterThanOrEqual(Number(first['auth_time']) + 2)
  })

  test('oidcc-max-age-10000', async () => {
    const { claims: first } = await plan.tokens()
    clock().advance(2_000)
    const { claims: second } = await plan.tokens({ max_age: '10000' })
    expect([second.sub, second['auth_time']]).toEqual([first.sub, first['auth_time']])
  })

  for (const [module, wait] of [
    ['oidcc-codereuse', 0],
    ['oidcc-codereuse-30seconds', 30_000],
  ] as const)
    test(module, async () => {
      const { body, fields } = await plan.tokens()
      clock().advance(wait)
      expectError(await plan.redeem(String(fields['code'])), 'invalid_grant')
      const dead = await plan.userinfo(body['access_token'])
      expect(dead.status).toBe(401)
      expect(dead.headers.get('www-authenticate')).toContain('error="invalid_token"')
      expectError(
        await plan.token({ grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }),
        'invalid_grant',
      )
    })

  test('oidcc-ensure-registered-redirect-uri', async () => {
    for (const uri of [`${CALLBACK}/of-nobody`, `${CALLBACK}?foo=bar`]) {
      const shown = await plan.open({ redirect_uri: uri })
      expect([shown.status, shown.away]).toEqual([400, undefined])
      expect(shown.html).toContain('redirect_uri')
    }
  })

  test('oidcc-ensure-post-request-succeeds', async () => {
    const [path = '', query = ''] = plan.desk.request({ ...fixed, state: 'posted' }).split('?')
    const headers = { origin: 'https://suite.example', 'sec-fetch-site': 'cross-site' }
    const landing = await plan.browser.open(path, { method: 'POST', body: new URLSearchParams(query), headers })
    expect(fieldsOf(landing)).toEqual({ code: expect.any(String), state: 'posted', iss: plan.desk.server.issuer })
  })

  test('oidcc-server-client-secret-post', async () => {
    const as = await plan.desk.register({ requirePkce: false, authMethod: 'client_secret_post' })
    const { fields } = await plan.authorize({}, { as })
    const form = { grant_type: 'authorization_code', code: fields['code'], redirect_uri: CALLBACK }
    expectTokens(await tokenAnswer(plan.desk, { ...form, client_id: as.client.id, client_secret: as.secret }))
  })

  test('oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported', async () => {
    const { id } = plan.desk.client
    const request = new UnsecuredJWT({ client_id: id, state: 'inside', scope: 'openid' }).encode()
    expectSentBack(fieldsOf(await plan.open({ request })), 'request_not_supported')
  })

  test('oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported', async () => {
    const landing = await plan.open({ request_uri: 'https://suite.example/request.jwt' })
    expectSentBack(fieldsOf(landing), 'request_uri_not_supported')
  })

  test('oidcc-ensure-request-object-with-redirect-uri', async () => {
    const { publicKey, privateKey } = await generateKeyPair('RS256')
    const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: 'suite', use: 'sig', alg: 'RS256' }] }
    const { client } = plan.second
    await plan.desk.server.instance.core.clients.update(client.id, { jwks }, OPERATOR)
    const inside = { response_type: 'code', redirect_uri: CALLBACK, scope: 'openid', state: 'inside', ...fixed }
    const request = await new SignJWT({ iss: client.id, aud: plan.desk.server.issuer, client_id: client.id, ...inside })
      .setProtectedHeader({ alg: 'RS256', kid: 'suite' })
      .sign(privateKey)
    const outside = { request, redirect_uri: 'https://app.example/of-nobody', state: 'outside' }
    const { landing } = await plan.authorize(outside, { as: plan.second })
    expect(fieldsOf(landing)).toEqual({ code: expect.any(String), state: 'inside', iss: plan.desk.server.issuer })
  })

  test('oidcc-claims-essential', async () => {
    const claims = JSON.stringify({ userinfo: { name: { essential: true } } })
    const { body, claims: inIdToken } = await plan.tokens({ scope: 'openid', claims })
    expect((await plan.userinfo(body['access_token'])).body).toEqual({ sub: inIdToken.sub, name: 'Alice L' })
    expect(inIdToken).not.toHaveProperty('name')
  })

  test('oidcc-refresh-token', async () => {
    const { body: first, claims: before } = await plan.tokens({ scope: 'openid offline_access', prompt: 'consent' })
    expect(first['refresh_token']).toMatch(/^[\x20-\x7E]{43,}$/)
    clock().advance(1_000)
    const shown = {
      grant_type: 'refresh_token',
      refresh_token: String(first['refresh_token']),
      scope: String(first['scope']),
    }
    const second = await plan.token(shown)
    expectTokens(second)
    expect(second.body['access_token']).not.toBe(first['access_token'])
    const after = await plan.verified(second.body['id_token'], undefined)
    for (const claim of ['iss', 'sub', 'aud', 'azp', 'auth_time']) expect(after[claim]).toEqual(before[claim])
    expect(after.iat).not.toBe(Number(before.iat))
    expect((await plan.userinfo(second.body['access_token'])).status).toBe(200)
    const ofAnother = { grant_type: 'refresh_token', refresh_token: String(second.body['refresh_token']) }
    expectError(await plan.token(ofAnother, plan.second), 'invalid_grant')
    expectTokens(await plan.token(ofAnother))
  })

  test('oidcc-ensure-request-with-valid-pkce-succeeds', async () => {
    const { landing } = await plan.authorize({ code_challenge: CHALLENGE, code_challenge_method: 'S256' })
    const form = { grant_type: 'authorization_code', code: fieldsOf(landing)['code'], redirect_uri: CALLBACK }
    expectError(await plan.token(form), 'invalid_grant')
    expectTokens(await plan.token({ ...form, code_verifier: VERIFIER }))
  })
}
