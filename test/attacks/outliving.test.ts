/** Tokens that would outlive what they came of, on the executable. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { type Answer, answerIn, BOB, type Provider, type ProviderClient, startProvider } from '../harness/provider.ts'

setDefaultTimeout(60_000)

const GRANTS = ['authorization_code', 'refresh_token']

let provider: Provider
let service: ProviderClient
let app: ProviderClient
beforeAll(async () => {
  provider = await startProvider()
  service = await provider.client({ grants: GRANTS })
  app = await provider.client({ grants: GRANTS, confidential: false, authMethod: 'none' })
})
afterAll(() => provider[Symbol.asyncDispose]())

const refresh = (client: ProviderClient, token: unknown) =>
  provider.token(client, { grant_type: 'refresh_token', refresh_token: String(token) })
const error = ({ body }: Answer) => body['error']

describe('row 17 (CVE-2026-43983): tokens do not outlive what they came of', () => {
  const gone = async (client: ProviderClient, tokens: Answer) => {
    expect((await provider.userinfo(tokens.body['access_token'])).status).toBe(401)
    const form = { token: String(tokens.body['access_token']), client_id: service.id }
    expect((await provider.post('/auth/oauth/introspect', form, service.proof)).body).toEqual({ active: false })
    expect((await refresh(client, tokens.body['refresh_token'])).status).toBeWithin(400, 402)
  }

  test('a user who is disabled, deleted or given another password', async () => {
    const ends = [
      ['PATCH', '', { disabled: true }],
      ['DELETE', '', undefined],
      ['POST', ':change-password', { newPassword: 'jolly-Hydrant-88-umbra' }],
    ] as const
    for (const [index, [method, verb, json]] of ends.entries()) {
      const who = { username: `leaver-${index}`, password: 'vexing-Quartz-41-sphinx' }
      const id = await provider.user(who)
      const tokens = await provider.tokens(app, {}, who)
      const browser = provider.browser()
      const pending = await provider.logIn(browser, await browser.open(provider.request(app)), who)
      const waiting = answerIn(pending)['code']
      expect((await provider.operate(method, `/users/${id}${verb}`, json)).status).toBeWithin(200, 205)
      expect(error(await provider.redeem(app, waiting))).toBe('invalid_grant')
      await gone(app, tokens)
      expect((await browser.open(provider.request(app))).path).toStartWith('/auth/login?')
    }
  })

  test('a consent that is taken back, and a person who logs out everywhere', async () => {
    for (const [page, end] of [
      ['/account/applications', '/revoke'],
      ['/account/sessions', '/end-all'],
    ] as const) {
      const browser = provider.browser()
      const consent = await provider.logIn(browser, await browser.open(provider.request(app)), BOB)
      const back = consent.away ? consent : await browser.submit(consent, { decision: 'allow' })
      const tokens = await provider.redeem(app, answerIn(back)['code'])
      const waiting = answerIn(await browser.open(provider.request(app)))['code']
      const shown = await browser.open(page)
      const form = shown.forms.find(
        ({ action, fields }) => action.endsWith(end) && (fields['client_id'] ?? app.id) === app.id,
      )
      const ended = await browser.submit({ ...shown, forms: form ? [form] : [] }, {})
      expect([page, ended.status]).toEqual([page, 200])
      await gone(app, tokens)
      expect([page, error(await provider.redeem(app, waiting))]).toEqual([page, 'invalid_grant'])
    }
  })

  test('a client that is disabled or deleted', async () => {
    for (const end of ['PATCH', 'DELETE'] as const) {
      const client = await provider.client({ grants: [...GRANTS, 'client_credentials'], scopes: ['openid', 'x'] })
      const tokens = await provider.tokens(client, { scope: 'openid' })
      const own = await provider.token(client, { grant_type: 'client_credentials', scope: 'x' })
      expect(own.status).toBe(200)
      await provider.operate(end, `/clients/${client.id}`, end === 'PATCH' ? { disabled: true } : undefined)
      await gone(client, tokens)
      const form = { token: String(own.body['access_token']), client_id: service.id }
      expect([end, (await provider.post('/auth/oauth/introspect', form, service.proof)).body]).toEqual([
        end,
        { active: false },
      ])
    }
  })

  test('a group that gave rights at the broker', async () => {
    const client = await provider.client({ grants: GRANTS })
    const query = { scope: 'openid offline_access', resource: 'urn:leveret:broker:main' }
    const { body, status } = await provider.tokens(client, query)
    expect([status, body['vhost']]).toEqual([200, 'prod'])
    await provider.operate('DELETE', '/groups/billing/members/alice')
    expect((await refresh(client, body['refresh_token'])).status).toBeWithin(400, 404)
    await provider.operate('PUT', '/groups/billing/members/alice')
  })
})
