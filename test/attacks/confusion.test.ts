/** Every kind of token, used as every other kind, on the executable. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { bodyOf } from '../harness/server.ts'
import {
  ALICE,
  answerIn,
  BOB,
  CALLBACK,
  type Provider,
  type ProviderClient,
  startProvider,
  VERIFIER,
} from '../harness/provider.ts'
import { until } from '../harness/until.ts'

setDefaultTimeout(60_000)

const URN = 'urn:ietf:params:oauth:grant-type:'
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'
const EVERYTHING = ['authorization_code', 'refresh_token', 'password', 'client_credentials']
const GRANTS = [...EVERYTHING, `${URN}device_code`, `${URN}token-exchange`, 'http://auth0.com/oauth/grant-type/mfa-otp']

let provider: Provider
let client: ProviderClient
let tokens: Readonly<Record<string, string>>
let logoutToken = ''
const listener = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  async fetch(request) {
    logoutToken = new URLSearchParams(await request.text()).get('logout_token') ?? ''
    return new Response()
  },
})

beforeAll(async () => {
  const config = 'outbound = { allow = ["127.0.0.0/8"] }\noauth = { registration = "token" }'
  provider = await startProvider({ config })
  client = await provider.client({ grants: GRANTS, scopes: ['openid', 'profile', 'jobs'] })
  tokens = { ...(await ofTheBrowser()), ...(await ofPrograms()), ...(await ofRegistration()) }
})
afterAll(async () => {
  await provider[Symbol.asyncDispose]()
  await listener.stop(true)
})

/** What comes of logins with a browser. */
async function ofTheBrowser() {
  const { body } = await provider.tokens(client)
  const hears = await provider.client({ backchannelLogoutUri: `http://127.0.0.1:${listener.port}/` })
  const leaving = provider.browser()
  await provider.authorize(leaving, hears)
  await leaving.submit(await leaving.open('/auth/logout'), {})
  expect(await until(() => logoutToken !== '')).toBe(true)
  const browser = provider.browser()
  const { code = '' } = answerIn(await provider.authorize(browser, client))
  return {
    'access token': String(body['access_token']),
    'ID token': String(body['id_token']),
    'refresh token': String(body['refresh_token']),
    'logout token': logoutToken,
    code,
    'session cookie': browser.cookies.get('__Host-leveret') ?? '',
    'login cookie': browser.cookies.get('__Host-leveret-login') ?? '',
  }
}

async function ofPrograms() {
  const opaque = await provider.client({ accessTokenFormat: 'opaque' })
  const login = await provider.fetch('/auth/session/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...ALICE, vhost: 'prod' }),
  })
  const { id_token: identity } = await bodyOf(login)
  const headers = { authorization: `Bearer ${String(identity)}` }
  const broker = await bodyOf(await provider.fetch('/auth/session/token', { method: 'POST', headers }))
  const device = await provider.post('/auth/oauth/device_authorization', { scope: 'openid' }, client.proof)
  await provider.operate('POST', '/users/bob:demand-factor', { demanded: true })
  const password = await provider.token(client, { grant_type: 'password', ...BOB, scope: 'openid' })
  const own = await provider.token(client, { grant_type: 'client_credentials', scope: 'jobs' })
  const accept = { ...client.proof, accept: 'application/token-introspection+jwt' }
  const introspection = await provider.post('/auth/oauth/introspect', { token: 'x' }, accept)
  return {
    'identity token': String(identity),
    'broker token': String(broker['access_token']),
    'opaque access token': String((await provider.tokens(opaque)).body['access_token']),
    'access token of a client': String(own.body['access_token']),
    'device code': String(device.body['device_code']),
    mfa_token: String(password.body['mfa_token']),
    'introspection answer': introspection.text,
    'client secret': client.secret,
  }
}

let registered = ''
async function ofRegistration() {
  const { body } = await provider.operate('POST', '/registration-tokens', { uses: 100 })
  const initial = String(body['token'])
  const made = await register(initial)
  registered = String(made.body['client_id'])
  return {
    'initial access token': initial,
    'registration access token': String(made.body['registration_access_token']),
  }
}
async function register(token: string) {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const body = JSON.stringify({ redirect_uris: [CALLBACK] })
  const answer = await provider.fetch('/auth/oauth/register', { method: 'POST', headers, body })
  return { status: answer.status, body: await bodyOf(answer) }
}

const bearer = (path: string) => async (token: string) => {
  return (await provider.fetch(path, { headers: { authorization: `Bearer ${token}` } })).status === 200
}
const grant =
  (grant_type: string, name: string, more = {}) =>
  async (token: string) => {
    return (await provider.token(client, { grant_type, [name]: token, ...more })).status === 200
  }

/** Where a token is shown, and the kinds that are right there. */
const PLACES: readonly (readonly [string, (token: string) => Promise<boolean>, readonly string[]])[] = [
  ['at the userinfo endpoint', bearer('/auth/oauth/userinfo'), ['access token', 'opaque access token']],
  ['at the session workflow', bearer('/auth/session'), ['identity token']],
  ['at the API', bearer('/users/alice'), ['identity token']],
  ['at the second factors', bearer('/mfa/authenticators'), ['mfa_token']],
  ['as a session cookie', cookie('__Host-leveret'), ['session cookie']],
  [
    'as a token that is introspected',
    async (token) => (await provider.post('/auth/oauth/introspect', { token }, client.proof)).body['active'] === true,
    ['access token', 'opaque access token', 'access token of a client', 'refresh token'],
  ],
  [
    'as a token that is exchanged',
    grant(`${URN}token-exchange`, 'subject_token', { subject_token_type: ACCESS_TOKEN }),
    ['access token', 'opaque access token', 'access token of a client'],
  ],
  [
    'as a hint who is logging out',
    async (token) => {
      const query = new URLSearchParams({ id_token_hint: token })
      return (await provider.fetch(`/auth/oauth/end_session?${query}`)).status !== 400
    },
    ['ID token'],
  ],
  [
    'as a hint who is logging in',
    async (token) => {
      const asked = provider.request(client, { id_token_hint: token, prompt: 'none' })
      return answerIn(await provider.browser().open(asked))['error'] !== 'invalid_request'
    },
    ['ID token'],
  ],
  ['to register a client', async (token) => (await register(token)).status === 201, ['initial access token']],
  [
    'to read a registration',
    (token) => bearer(`/auth/oauth/register/${registered}`)(token),
    ['registration access token'],
  ],
  ['as a client assertion', assertion, []],
  ['as a request object', requestObject, []],
  ['as a second factor', grant('http://auth0.com/oauth/grant-type/mfa-otp', 'mfa_token', { otp: '000000' }), []],
  ['as a device code', grant(`${URN}device_code`, 'device_code'), []],
  // These two use it up, so they come last.
  ['as a refresh token', grant('refresh_token', 'refresh_token'), ['refresh token']],
  ['as a code', grant('authorization_code', 'code', { code_verifier: VERIFIER, redirect_uri: CALLBACK }), ['code']],
]

function cookie(name: string) {
  return async (token: string) =>
    (await provider.fetch('/account', { headers: { cookie: `${name}=${token}` } })).status === 200
}

async function assertion(token: string): Promise<boolean> {
  const type = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'
  const form = { grant_type: 'client_credentials', client_assertion_type: type, client_assertion: token }
  return (await provider.post('/auth/oauth/token', form)).status === 200
}

async function requestObject(token: string): Promise<boolean> {
  const answer = await provider.fetch(provider.request(client, { request: token, redirect_uri: undefined }))
  return answer.status < 400 && !(answer.headers.get('location') ?? '').includes('error=')
}

describe('row 16 (CVE-2026-101023, CVE-2019-3868): nothing passes for what it is not', () => {
  test.each(PLACES)('%s', async (_where, works, right) => {
    const taken: string[] = []
    for (const [kind, token] of Object.entries(tokens)) {
      expect([kind, token.length > 15]).toEqual([kind, true])
      if (await works(token)) taken.push(kind)
    }
    expect(taken.toSorted()).toEqual(right.toSorted())
  })

  test('broker tokens name the broker and nobody else, so they are no access tokens here', async () => {
    const { body } = await provider.post('/auth/oauth/introspect', { token: tokens['broker token'] }, client.proof)
    expect(body).toEqual({ active: false })
  })
})
