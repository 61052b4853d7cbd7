/** Authorization requests: what is shown, what goes back to the client, and in which way. */
import { expect, test } from 'bun:test'
import { answerIn, CALLBACK, CHALLENGE, openDesk, type Query } from './desk.ts'

test('before client and redirect URI are known to be right, nothing is redirected', async () => {
  await using desk = await openDesk()
  const browser = desk.browser()
  const disabled = await desk.register({ disabled: true })
  const two = await desk.register({ redirectUris: [CALLBACK, `${CALLBACK}/two`] })
  const cases: readonly Query[] = [
    { client_id: undefined },
    { client_id: 'nobody' },
    { client_id: disabled.client.id },
    { redirect_uri: 'https://evil.example/' },
    { redirect_uri: `${CALLBACK}/` },
    { redirect_uri: [CALLBACK, CALLBACK] },
    { client_id: [desk.client.id, desk.client.id] },
    { client_id: two.client.id, redirect_uri: undefined },
    { request_uri: 'urn:ietf:params:oauth:request_uri:unknown', redirect_uri: undefined },
  ]
  for (const query of cases) {
    const page = await browser.open(desk.request(query))
    expect([query, page.away?.href, page.headers.get('content-type')]).toEqual([
      query,
      undefined,
      'text/html; charset=utf-8',
    ])
    expect(page.status).toBeGreaterThanOrEqual(400)
  }
})

test('what is wrong after that is told to the client, with state and issuer', async () => {
  await using desk = await openDesk()
  const browser = desk.browser()
  const noCode = await desk.register({ grants: ['client_credentials'] })
  const cases: readonly (readonly [string, Query])[] = [
    ['invalid_request', { response_type: undefined }],
    ['unsupported_response_type', { response_type: 'token' }],
    ['unsupported_response_type', { response_type: 'code id_token' }],
    ['invalid_request', { response_mode: 'web_message' }],
    ['unauthorized_client', { client_id: noCode.client.id }],
    ['invalid_scope', { scope: 'openid everything' }],
    ['invalid_target', { resource: 'https://not-registered.example' }],
    ['invalid_request', { code_challenge: undefined, code_challenge_method: undefined }],
    ['invalid_request', { code_challenge_method: 'plain' }],
    ['invalid_request', { code_challenge_method: undefined }],
    ['invalid_request', { code_challenge: 'short' }],
    ['invalid_request', { code_challenge: undefined }],
    ['invalid_request', { nonce: ['one', 'two'] }],
    ['invalid_request', { code_challenge: [CHALLENGE, CHALLENGE] }],
    ['invalid_request', { prompt: 'none login' }],
    ['invalid_request', { max_age: 'soon' }],
    ['invalid_request', { claims: '{' }],
    ['invalid_request', { claims: '[]' }],
    ['invalid_request', { claims: '{"id_token":1}' }],
    ['invalid_request', { id_token_hint: 'nonsense' }],
    ['invalid_request', { dpop_jkt: 'no thumbprint' }],
    ['invalid_authorization_details', { authorization_details: '[{"type":"unknown"}]' }],
    ['request_uri_not_supported', { request_uri: 'https://app.example/request.jwt' }],
    ['invalid_request_uri', { request_uri: 'urn:ietf:params:oauth:request_uri:unknown' }],
    ['invalid_request_object', { request: 'nonsense' }],
    ['unmet_authentication_requirements', { claims: '{"id_token":{"acr":{"essential":true,"value":"loa9"}}}' }],
    ['login_required', { prompt: 'none' }],
  ]
  for (const [error, query] of cases) {
    const landing = await browser.open(desk.request(query))
    expect([query, landing.away?.origin]).toEqual([query, 'https://app.example'])
    expect([query, answerIn(landing)]).toMatchObject([
      query,
      { error, state: 'state-1', iss: desk.server.issuer, error_description: expect.any(String) },
    ])
  }
})

test('a repeated state is told without any state', async () => {
  await using desk = await openDesk()
  const answer = answerIn(await desk.browser().open(desk.request({ state: ['one', 'two'] })))
  expect([answer['error'], answer['state']]).toEqual(['invalid_request', undefined])
})

test('unknown parameters and unknown values that are wishes do no harm', async () => {
  await using desk = await openDesk()
  const page = await desk
    .browser()
    .open(
      desk.request({ extra: 'foobar', display: 'popup', ui_locales: 'se', acr_values: 'loa9 1', claims_locales: 'se' }),
    )
  expect([page.status, page.path.split('?')[0]]).toEqual([200, '/auth/login'])
})

test('a confidential client that need not use PKCE may leave it out, a public one may not', async () => {
  await using desk = await openDesk()
  const browser = desk.browser()
  const without = { code_challenge: undefined, code_challenge_method: undefined }
  const plain = await desk.register({ requirePkce: false })
  const landing = await desk.authorize(browser, without, plain.client)
  expect((await desk.redeem(landing, { code_verifier: undefined }, plain)).status).toBe(200)
  const open = await desk.register({ confidential: false, requirePkce: false })
  expect(answerIn(await browser.open(desk.request(without, open.client)))['error']).toBe('invalid_request')
})

test('answers come in the query, the fragment or a form, errors too', async () => {
  await using desk = await openDesk()
  const browser = desk.browser()
  await desk.authorize(browser)
  const query = (await browser.open(desk.request({ response_mode: 'query' }))).away
  expect([query?.searchParams.has('code'), query?.hash]).toEqual([true, ''])
  const fragment = (await browser.open(desk.request({ response_mode: 'fragment' }))).away
  expect([fragment?.search, new URLSearchParams(fragment?.hash.slice(1)).has('code')]).toEqual(['', true])
  const form = await browser.open(desk.request({ response_mode: 'form_post', state: '"><script>' }))
  expect([form.status, form.forms[0]?.action]).toEqual([200, CALLBACK])
  expect(form.forms[0]?.fields).toEqual({ code: expect.any(String), state: '"><script>', iss: desk.server.issuer })
  expect(form.html).not.toContain('<script>')
  const refused = await browser.open(desk.request({ response_mode: 'form_post', scope: 'openid everything' }))
  expect(refused.forms[0]?.fields).toMatchObject({ error: 'invalid_scope', state: 'state-1' })
  const inFragment = await browser.open(desk.request({ response_mode: 'fragment', prompt: 'login none' }))
  expect(inFragment.away?.hash).toContain('error=invalid_request')
})

test('a redirect URI with a query keeps it', async () => {
  await using desk = await openDesk()
  const uri = `${CALLBACK}?tenant=a%26b`
  const client = await desk.register({ redirectUris: [uri] })
  const landing = await desk.authorize(desk.browser(), { redirect_uri: uri }, client.client)
  expect(landing.away?.href).toStartWith(`${uri}&code=`)
})

test('the same request as a form of another site, which brings no cookies, goes the same way', async () => {
  await using desk = await openDesk()
  const browser = desk.browser()
  await desk.authorize(browser)
  const body = new URL(desk.request(), desk.server.issuer).searchParams
  const headers = { cookie: '', origin: 'https://app.example', 'sec-fetch-site': 'cross-site' }
  const landing = await browser.open('/auth/oauth/authorize', { method: 'POST', body, headers })
  expect(answerIn(landing)).toMatchObject({ code: expect.any(String), state: 'state-1' })
  body.set('prompt', 'none')
  const stranger = await desk.browser().open('/auth/oauth/authorize', { method: 'POST', body, headers })
  expect(answerIn(stranger)['error']).toBe('login_required')
})

test('the redirect URI may be left out where there is one and nobody asks who logs in', async () => {
  await using desk = await openDesk()
  const landing = await desk.authorize(desk.browser(), { redirect_uri: undefined, scope: undefined })
  expect(landing.away?.href).toStartWith(CALLBACK)
  expect((await desk.redeem(landing, { redirect_uri: undefined })).status).toBe(200)
  const openid = await desk.browser().open(desk.request({ redirect_uri: undefined }))
  expect(answerIn(openid)['error']).toBe('invalid_request')
})

test('a vhost is asked for with rights that the rules give, and refused without', async () => {
  await using desk = await openDesk()
  const { core } = desk.server.instance
  await core.brokers.create({ name: 'main', resourceServerId: 'rabbitmq', version: '4.0' }, OPERATOR)
  await core.rules.create({ subjectKind: 'user', subject: 'alice', vhost: 'prod', read: ['bills'] }, OPERATOR)
  const browser = desk.browser()
  const consent = await desk.logIn(browser, await browser.open(desk.request({ scope: 'openid vhost:prod' })))
  expect(consent.html).toContain('bills')
  const landing = await browser.submit(consent, { decision: 'allow' })
  expect((await desk.redeem(landing)).body).toMatchObject({ vhost: 'prod', scope: 'rabbitmq.read:prod/bills/*' })
  const refused = await browser.open(desk.request({ vhost: 'secret', resource: 'main' }))
  expect(answerIn(refused)['error']).toBe('access_denied')
})

const OPERATOR = { actor: 'operator', requestId: 'test' }
