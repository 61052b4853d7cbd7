/** Attacks on authorization codes, refresh tokens, and what clients may ask for, on the executable. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import {
  type Answer,
  answerIn,
  type Form,
  type Provider,
  type ProviderClient,
  startProvider,
  VERIFIER,
} from '../harness/provider.ts'

setDefaultTimeout(60_000)

const GRANTS = ['authorization_code', 'refresh_token']
const PARALLEL = 50

let provider: Provider
let service: ProviderClient
let app: ProviderClient
let lax: ProviderClient
beforeAll(async () => {
  provider = await startProvider()
  service = await provider.client({ grants: GRANTS })
  app = await provider.client({ grants: GRANTS, confidential: false, authMethod: 'none' })
  lax = await provider.client({ grants: GRANTS, requirePkce: false })
})
afterAll(() => provider[Symbol.asyncDispose]())

async function codeOf(client: ProviderClient, query: Form = {}): Promise<string> {
  return answerIn(await provider.authorize(provider.browser(), client, query))['code'] ?? ''
}

const refresh = (client: ProviderClient, token: unknown, form: Form = {}) =>
  provider.token(client, { grant_type: 'refresh_token', refresh_token: String(token), ...form })

const WITHOUT_PKCE = { code_challenge: undefined, code_challenge_method: undefined }
const error = ({ body }: Answer) => body['error']

describe('row 10 (CVE-2023-48228): a code with a challenge is not redeemed', () => {
  test.each([
    ['without a verifier', undefined],
    ['with an empty one', ''],
    ['with another one', `${VERIFIER}x`],
    ['with the challenge itself', new Bun.CryptoHasher('sha256').update(VERIFIER).digest('base64url')],
    ['with one that is too short to be one', 'short'],
  ])('%s', async (_, code_verifier) => {
    for (const client of [app, service, lax])
      expect(error(await provider.redeem(client, await codeOf(client), { code_verifier }))).toBe('invalid_grant')
  })

  test('the method `plain`, and a challenge without a method, begin no login', async () => {
    for (const method of ['plain', undefined, 's256', 'S512']) {
      const query = { code_challenge: VERIFIER.slice(0, 43), code_challenge_method: method }
      const back = await provider.browser().open(provider.request(lax, query))
      expect([method, answerIn(back)['error']]).toEqual([method, 'invalid_request'])
    }
  })
})

describe('row 11 (CVE-2024-22258, CVE-2025-4144): without a challenge', () => {
  test('who has to use PKCE begins no login', async () => {
    for (const client of [app, service]) {
      const back = await provider.browser().open(provider.request(client, WITHOUT_PKCE))
      expect(answerIn(back)['error']).toBe('invalid_request')
    }
  })

  test('a verifier is the mark of a downgrade, for a confidential client too', async () => {
    const code = await codeOf(lax, WITHOUT_PKCE)
    expect(error(await provider.redeem(lax, code))).toBe('invalid_grant')
    expect((await provider.redeem(lax, code, { code_verifier: undefined })).status).toBe(200)
  })
})

test('row 12 (GHSA-7w99-5wm4-3g79): of fifty redemptions at once one wins, and the losers end what it got', async () => {
  for (const client of [service, app]) {
    const code = await codeOf(client)
    const answers = await Promise.all(Array.from({ length: PARALLEL }, () => provider.redeem(client, code)))
    const [won, ...more] = answers.filter(({ status }) => status === 200)
    expect(more).toEqual([])
    expect(new Set(answers.filter((each) => each !== won).map(error))).toEqual(new Set(['invalid_grant']))
    expect((await provider.userinfo(won?.body['access_token'])).status).toBe(401)
    expect(error(await refresh(client, won?.body['refresh_token']))).toBe('invalid_grant')
  }
})

test('row 12: a code of another client is refused, and stays good for its own', async () => {
  const code = await codeOf(service)
  expect(error(await provider.redeem(lax, code))).toBe('invalid_grant')
  expect(error(await provider.redeem(app, code))).toBe('invalid_grant')
  expect((await provider.redeem(service, code)).status).toBe(200)
})

test('row 13 (CVE-2026-53517): of fifty refreshes at once one wins, and the family ends', async () => {
  for (const client of [service, app]) {
    const { body } = await provider.tokens(client)
    const answers = await Promise.all(Array.from({ length: PARALLEL }, () => refresh(client, body['refresh_token'])))
    const [won, ...more] = answers.filter(({ status }) => status === 200)
    expect(more).toEqual([])
    expect(error(await refresh(client, won?.body['refresh_token']))).toBe('invalid_grant')
    expect((await provider.userinfo(won?.body['access_token'])).status).toBe(401)
    expect((await provider.userinfo(body['access_token'])).status).toBe(401)
  }
})

test('row 13: a token that was replaced ends the family whoever shows it, also long after', async () => {
  const { body: first } = await provider.tokens(app)
  const second = await refresh(app, first['refresh_token'])
  const third = await refresh(app, second.body['refresh_token'])
  expect(third.status).toBe(200)
  expect(error(await refresh(app, first['refresh_token']))).toBe('invalid_grant')
  expect(error(await refresh(app, third.body['refresh_token']))).toBe('invalid_grant')
})

test('row 13: a client that cannot prove who it is always gets new tokens', async () => {
  const open = { name: 'x', redirectUris: ['https://x.example/'], confidential: false, authMethod: 'none' }
  expect((await provider.operate('POST', '/clients', { ...open, refreshPolicy: 'reuse' })).status).toBe(400)
  const bound = { ...open, refreshPolicy: 'reuse', requireDpop: true }
  expect((await provider.operate('POST', '/clients', bound)).status).toBe(201)
})

test('row 14 (CVE-2026-53512): a confidential client proves who it is at every refresh and redemption', async () => {
  const { body } = await provider.tokens(service)
  const unproven = [
    {},
    { client_id: service.id },
    { client_id: service.id, client_secret: '' },
    { client_id: service.id, client_secret: 'wrong' },
    { client_id: app.id },
  ]
  for (const fields of unproven) {
    const { status, ...answer } = await provider.post('/auth/oauth/token', {
      grant_type: 'refresh_token',
      refresh_token: String(body['refresh_token']),
      ...fields,
    })
    const another = fields.client_id === app.id
    expect([fields, status]).toEqual([fields, another ? 400 : 401])
    expect(answer.body['error']).toBe(another ? 'invalid_grant' : 'invalid_client')
  }
  const code = await codeOf(service)
  const alone = { grant_type: 'authorization_code', code, code_verifier: VERIFIER, client_id: service.id }
  expect((await provider.post('/auth/oauth/token', alone)).status).toBe(401)
  expect((await refresh(service, body['refresh_token'])).status).toBe(200)
})

test('row 15 (Rauthy 0.36.1): a refresh token of one client is nothing for another, and goes on for its own', async () => {
  const { body } = await provider.tokens(service)
  for (const other of [lax, app]) {
    expect(error(await refresh(other, body['refresh_token']))).toBe('invalid_grant')
    const revoked = await provider.post(
      '/auth/oauth/revoke',
      { token: String(body['refresh_token']), client_id: other.id },
      other.proof,
    )
    expect(revoked.status).toBe(200)
  }
  expect((await refresh(service, body['refresh_token'])).status).toBe(200)
})

describe('row 20 (CVE-2024-52287): scopes that the client was not registered for', () => {
  test('begin no login, and grow at no refresh', async () => {
    for (const scope of ['openid admin', 'openid\tadmin', 'openid  admin', 'OPENID', 'openid\u00a0profile', '*']) {
      const back = await provider.browser().open(provider.request(app, { scope }))
      expect([scope, answerIn(back)['error']]).toEqual([scope, 'invalid_scope'])
    }
    const { body } = await provider.tokens(app)
    for (const scope of ['openid email', 'openid profile email', 'admin'])
      expect(error(await refresh(app, body['refresh_token'], { scope }))).toBe('invalid_scope')
    const twice = await refresh(app, body['refresh_token'], { scope: ['openid', 'email'] })
    expect(error(twice)).toBe('invalid_request')
    const list = await refresh(app, body['refresh_token'], { 'scope[]': 'email' })
    expect(list.body['scope']).toBe('openid profile')
  })

  test('come with no client credentials', async () => {
    const client = await provider.client({ grants: ['client_credentials'], scopes: ['a', 'b'], redirectUris: [] })
    for (const scope of ['c', 'a c', 'a\tc', 'a\nb', 'openid', '["a"]', 'rabbitmq.read:other/x'])
      expect((await provider.token(client, { grant_type: 'client_credentials', scope })).status).toBe(400)
    const twice = await provider.token(client, { grant_type: 'client_credentials', scope: ['a', 'b'] })
    expect(error(twice)).toBe('invalid_request')
  })
})

describe('row 44 (CVE-2026-7571): what the client may not use stays refused', () => {
  test('response types and grants, from the beginning and by going back', async () => {
    const client = await provider.client({ grants: ['client_credentials'] })
    for (const response_type of ['code', 'token', 'id_token', 'code id_token', 'none', 'code token']) {
      const browser = provider.browser()
      for (const attempt of [1, 2]) {
        const back = await browser.open(provider.request(client, { response_type }))
        expect([attempt, answerIn(back)['code']]).toEqual([attempt, undefined])
        expect(answerIn(back)['error']).toMatch(/^unauthorized_client$|^unsupported_response_type$/)
      }
    }
  })

  test('a grant that is taken away while the login is on its way', async () => {
    const client = await provider.client({ grants: GRANTS })
    const browser = provider.browser()
    const login = await browser.open(provider.request(client))
    const tokens = await provider.tokens(client)
    const code = await codeOf(client)
    await provider.operate('PATCH', `/clients/${client.id}`, { grants: ['client_credentials'] })
    expect(error(await provider.redeem(client, code))).toBe('unauthorized_client')
    expect(error(await refresh(client, tokens.body['refresh_token']))).toBe('unauthorized_client')
    const page = await provider.logIn(browser, login)
    const back = page.path.startsWith('/auth/consent') ? await browser.submit(page, { decision: 'allow' }) : page
    expect(back.away?.searchParams.get('code') ?? null).toBeNull()
  })

  test('a client that is disabled, or an address that is taken away, while the login is on its way', async () => {
    for (const change of [{ disabled: true }, { redirectUris: ['https://new.example/'] }]) {
      const client = await provider.client()
      const [browser, further] = [provider.browser(), provider.browser()]
      const login = await browser.open(provider.request(client))
      const consent = await provider.logIn(further, await further.open(provider.request(client)))
      await provider.operate('PATCH', `/clients/${client.id}`, change)
      for (const path of [consent.path, login.path]) expect((await further.open(path)).status).toBe(400)
      expect((await further.submit(consent, { decision: 'allow' })).away).toBeUndefined()
      const page = await provider.logIn(browser, login)
      const end = page.path.startsWith('/auth/consent') ? await browser.submit(page, { decision: 'allow' }) : page
      expect([change, end.away?.searchParams.get('code') ?? null]).toEqual([change, null])
    }
  })
})
