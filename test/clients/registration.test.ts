/** Dynamic client registration (RFC 7591, OpenID Connect Registration) and its management (RFC 7592). */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test'
import { bodyOf, OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'

let open: TestServer
let guarded: TestServer
beforeAll(async () => {
  open = await startTestServer({ config: { oauth: { registration: 'open' }, throttle: { freeAttempts: 20 } } })
  guarded = await startTestServer({ config: { oauth: { registration: 'token' } } })
})
afterAll(async () => {
  await open[Symbol.asyncDispose]()
  await guarded[Symbol.asyncDispose]()
})
beforeEach(() => open.clock.advance(2 * 86_400_000))

const REGISTER = '/auth/oauth/register'
const REDIRECTS = { redirect_uris: ['https://app.example/callback'] }

interface Answered {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
  readonly headers: Headers
}
async function send(
  server: TestServer,
  method: string,
  path: string,
  json?: unknown,
  token?: string,
): Promise<Answered> {
  const headers = {
    'content-type': 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  const answer = await server.fetch(path, {
    method,
    headers,
    ...(json !== undefined && { body: JSON.stringify(json) }),
  })
  const body = answer.status === 204 ? {} : await bodyOf(answer)
  return { status: answer.status, body, headers: answer.headers }
}
const register = (metadata: unknown, token?: string, server = open) => send(server, 'POST', REGISTER, metadata, token)
const pathOf = ({ body }: Answered) => `${REGISTER}/${String(body['client_id'])}`
const tokenOf = ({ body }: Answered) => String(body['registration_access_token'])

test('the defaults are those of the specifications, and the answer says all that was registered', async () => {
  const { status, body, headers } = await register(REDIRECTS)
  expect(status).toBe(201)
  expect(headers.get('cache-control')).toBe('no-store')
  expect(body).toEqual({
    client_id: expect.stringMatching(/^c_/),
    client_id_issued_at: Math.floor(open.clock.now() / 1000),
    client_secret: expect.stringMatching(/^[\w-]{43}$/),
    client_secret_expires_at: 0,
    client_name: 'app.example',
    ...REDIRECTS,
    post_logout_redirect_uris: [],
    token_endpoint_auth_method: 'client_secret_basic',
    grant_types: ['authorization_code'],
    response_types: ['code'],
    scope: 'openid profile email phone address offline_access',
    contacts: [],
    subject_type: 'public',
    id_token_signed_response_alg: 'RS256',
    default_acr_values: [],
    require_auth_time: true,
    backchannel_logout_session_required: true,
    require_pushed_authorization_requests: false,
    require_signed_request_object: false,
    dpop_bound_access_tokens: false,
    registration_access_token: expect.stringMatching(/^[\w-]{43}$/),
    registration_client_uri: `${open.issuer}${REGISTER}/${String(body['client_id'])}`,
  })
})

test('what is given is registered, and what means nothing here is ignored', async () => {
  const metadata = {
    redirect_uris: ['com.example.app:/callback', 'http://127.0.0.1/callback'],
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    client_name: 'App',
    client_uri: 'https://app.example',
    logo_uri: 'https://app.example/logo.png',
    policy_uri: 'https://app.example/policy',
    tos_uri: 'https://app.example/tos',
    contacts: ['ops@app.example'],
    scope: 'openid email',
    default_max_age: 3_600,
    id_token_signed_response_alg: 'ES256',
    userinfo_signed_response_alg: 'ES256',
    request_object_signing_alg: 'PS256',
    post_logout_redirect_uris: ['https://app.example/out'],
    backchannel_logout_uri: 'https://app.example/logout',
    require_pushed_authorization_requests: true,
    dpop_bound_access_tokens: true,
  }
  const { body } = await register({ ...metadata, software_id: 'x', 'client_name#de': 'Anwendung' })
  expect(body).toMatchObject(metadata)
  expect(body).not.toHaveProperty('client_secret')
  expect(body).not.toHaveProperty('software_id')
})

test.each([
  [{ redirect_uris: ['http://app.example/callback'] }, 'invalid_redirect_uri'],
  [{ redirect_uris: ['https://app.example/#x'] }, 'invalid_redirect_uri'],
  [{ redirect_uris: ['https://*.app.example/'] }, 'invalid_redirect_uri'],
  [{ redirect_uris: [] }, 'invalid_redirect_uri'],
  [{}, 'invalid_redirect_uri'],
  [{ redirect_uris: 'https://app.example' }, 'invalid_client_metadata'],
  [{ ...REDIRECTS, response_types: ['token'] }, 'invalid_client_metadata'],
  [{ ...REDIRECTS, response_types: ['code'], grant_types: ['client_credentials'] }, 'invalid_client_metadata'],
  [{ ...REDIRECTS, grant_types: ['password'] }, 'invalid_client_metadata'],
  [{ ...REDIRECTS, grant_types: ['implicit'] }, 'invalid_client_metadata'],
  [{ ...REDIRECTS, subject_type: 'pairwise' }, 'invalid_client_metadata'],
  [{ ...REDIRECTS, sector_identifier_uri: 'https://127.0.0.1/' }, 'invalid_client_metadata'],
  [{ ...REDIRECTS, token_endpoint_auth_method: 'private_key_jwt' }, 'invalid_client_metadata'],
  [{ ...REDIRECTS, token_endpoint_auth_method: 'magic' }, 'invalid_client_metadata'],
  [{ ...REDIRECTS, id_token_signed_response_alg: 'none' }, 'invalid_client_metadata'],
  [{ ...REDIRECTS, id_token_encrypted_response_alg: 'RSA-OAEP' }, 'invalid_client_metadata'],
  [{ ...REDIRECTS, jwks: { keys: [] }, jwks_uri: 'https://app.example/jwks' }, 'invalid_client_metadata'],
  [{ ...REDIRECTS, logo_uri: 'javascript:alert(1)' }, 'invalid_client_metadata'],
  [{ ...REDIRECTS, client_name: 'x\ny' }, 'invalid_client_metadata'],
])('%j is %s', async (metadata, error) => {
  const { status, body } = await register(metadata)
  expect({ status, error: body['error'] }).toEqual({ status: 400, error })
})

test('nobody gives themselves groups, roles, audiences, trust or scopes of other resources', async () => {
  const wanted = { groups: ['admin'], roles: ['admin'], audiences: ['main'], consent: 'skip', client_id: 'invoicer' }
  const { body } = await register({
    ...REDIRECTS,
    ...wanted,
    scope: 'openid jobs.admin rabbitmq.tag:administrator',
    software_statement: 'eyJhbGciOiJub25lIn0.eyJzY29wZSI6ImpvYnMuYWRtaW4ifQ.',
  })
  expect(body['scope']).toBe('openid')
  const client = await open.instance.core.clients.get(String(body['client_id']))
  expect(client).toMatchObject({
    groups: [],
    roles: [],
    audiences: [],
    consent: 'remember',
    managedBy: 'registration',
    ownerId: null,
  })
})

test('a client reads, replaces and takes back its registration with its own token alone', async () => {
  const made = await register({ ...REDIRECTS, client_name: 'Before' })
  const other = await register(REDIRECTS)
  const read = await send(open, 'GET', pathOf(made), undefined, tokenOf(made))
  const { client_secret: _once, ...same } = made.body
  expect(read.body).toEqual(same)
  for (const token of [undefined, tokenOf(other), 'nonsense', String(made.body['client_secret'])]) {
    const { status, headers } = await send(open, 'GET', pathOf(made), undefined, token)
    expect({ status, asks: headers.get('www-authenticate') }).toEqual({
      status: 401,
      asks: expect.stringMatching(/^Bearer/),
    })
  }
  expect((await send(open, 'GET', `${REGISTER}/there-is-none`, undefined, tokenOf(made))).status).toBe(401)
  const next = { client_id: made.body['client_id'], redirect_uris: ['https://new.example/cb'] }
  const replaced = await send(open, 'PUT', pathOf(made), next, tokenOf(made))
  expect(replaced.body).toMatchObject({ redirect_uris: next.redirect_uris, client_name: 'new.example' })
  for (const wrong of [
    { redirect_uris: next.redirect_uris },
    { ...next, client_id: other.body['client_id'] },
    { ...next, client_secret: 'another' },
    { ...next, registration_access_token: tokenOf(made) },
  ])
    expect((await send(open, 'PUT', pathOf(made), wrong, tokenOf(made))).body['error']).toBe('invalid_client_metadata')
  expect(
    (await send(open, 'PUT', pathOf(made), { ...next, client_secret: made.body['client_secret'] }, tokenOf(made)))
      .status,
  ).toBe(200)
  expect((await send(open, 'DELETE', pathOf(made), undefined, tokenOf(made))).status).toBe(204)
  expect((await send(open, 'GET', pathOf(made), undefined, tokenOf(made))).status).toBe(401)
})

test('a client that begins to need a secret gets one', async () => {
  const made = await register({ ...REDIRECTS, token_endpoint_auth_method: 'none' })
  const next = { ...REDIRECTS, client_id: made.body['client_id'], token_endpoint_auth_method: 'client_secret_post' }
  const { body } = await send(open, 'PUT', pathOf(made), next, tokenOf(made))
  expect(body['client_secret']).toMatch(/^[\w-]{43}$/)
})

test('one network cannot register clients without end', async () => {
  const answers: number[] = []
  for (let count = 0; count < 25; count++) answers.push((await register(REDIRECTS)).status)
  expect(answers.slice(0, 20)).toEqual(Array<number>(20).fill(201))
  expect(answers.at(-1)).toBe(429)
})

test('an initial access token registers as many clients as it says, also at once, until it ends', async () => {
  const make = async (json: object) =>
    String((await bodyOf(await guarded.asAdmin('/registration-tokens', { method: 'POST', json })))['token'])
  expect((await register(REDIRECTS, undefined, guarded)).status).toBe(401)
  expect((await register(REDIRECTS, 'rt_x.y', guarded)).status).toBe(401)
  const token = await make({ uses: 3 })
  expect((await register({}, token, guarded)).status).toBe(400)
  const answers = await Promise.all(Array.from({ length: 20 }, () => register(REDIRECTS, token, guarded)))
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(3)
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(17)
  const late = await make({ uses: 3, ttlSeconds: 60 })
  guarded.clock.advance(61_000)
  expect((await register(REDIRECTS, late, guarded)).status).toBe(401)
  const withdrawn = await make({ uses: 3 })
  const [id = ''] = withdrawn.split('.')
  expect((await guarded.asOperator(`/registration-tokens/${id}`, { method: 'DELETE' })).status).toBe(204)
  expect((await register(REDIRECTS, withdrawn, guarded)).status).toBe(401)
  const listed = await (await guarded.asOperator('/registration-tokens')).text()
  for (const each of [token, late, withdrawn]) expect(listed).not.toContain(each.split('.')[1] ?? '')
  expect(guarded.logs()).not.toContain(token)
})

test('it is off and not advertised unless the configuration says otherwise', async () => {
  await using closed = await startTestServer()
  expect((await register(REDIRECTS, undefined, closed)).status).toBe(403)
  const metadata = async (server: TestServer) => bodyOf(await server.fetch('/.well-known/openid-configuration'))
  expect(await metadata(closed)).not.toHaveProperty('registration_endpoint')
  expect((await metadata(open))['registration_endpoint']).toBe(open.issuer + REGISTER)
})

const DAY = 86_400_000

describe('a client that nobody vouches for and that is never used', () => {
  const there = async ({ body }: Answered, server = open) =>
    (await server.asOperator(`/clients/${String(body['client_id'])}`)).status === 200
  const sweep = async (server: TestServer, wait: number) => {
    server.clock.advance(wait)
    await server.instance.core.janitor.runOnce()
  }
  /** A code that there is not: only who asks matters. */
  const use = ({ body: { client_id: id, client_secret: secret } }: Answered, password = String(secret)) =>
    open.fetch('/auth/oauth/token', {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${String(id)}:${password}`)}` },
      body: new URLSearchParams({ grant_type: 'authorization_code', code: 'x', code_verifier: 'y' }),
    })

  test('is removed after a while, with an audit event', async () => {
    const client = await register(REDIRECTS)
    expect((await use(client, 'not the secret')).status).toBe(401)
    await sweep(open, 29 * DAY)
    expect(await there(client)).toBe(true)
    await sweep(open, 2 * DAY)
    expect(await there(client)).toBe(false)
    expect((await use(client)).status).toBe(401)
    const { rows } = await open.instance.core.audit.list({ limit: 10, event: 'client.deleted' })
    expect(rows[0]).toMatchObject({
      actor: 'system',
      target: `client:${String(client.body['client_id'])}`,
      detail: { managedBy: 'registration', why: 'never used' },
    })
  })

  test('stays once it has authenticated or an administrator has changed it, not because it changed itself', async () => {
    const [used, adopted, own] = [await register(REDIRECTS), await register(REDIRECTS), await register(REDIRECTS)]
    expect((await use(used)).status).toBe(400)
    await open.asOperator(`/clients/${String(adopted.body['client_id'])}`, { method: 'PATCH', json: { name: 'Ours' } })
    const metadata = { ...REDIRECTS, client_id: own.body['client_id'], client_name: 'Still nobody' }
    expect((await send(open, 'PUT', pathOf(own), metadata, tokenOf(own))).status).toBe(200)
    await sweep(open, 31 * DAY)
    expect([await there(used), await there(adopted), await there(own)]).toEqual([true, true, false])
  })

  test('of fifty first uses at once and the janitor, either every one finds the client or none does', async () => {
    const client = await register(REDIRECTS)
    open.clock.advance(31 * DAY)
    const [answers] = await Promise.all([
      Promise.all(Array.from({ length: 50 }, () => use(client))),
      open.instance.core.janitor.runOnce(),
    ])
    const found = await there(client)
    expect(new Set(answers.map(({ status }) => status === 400))).toEqual(new Set([found]))
    expect((await use(client)).status).toBe(found ? 400 : 401)
  })

  test('stays when a token or an administrator vouches for it', async () => {
    const json = { note: 'partner', uses: 1 }
    const token = await bodyOf(await guarded.asOperator('/registration-tokens', { method: 'POST', json }))
    const vouched = await register(REDIRECTS, String(token['token']), guarded)
    expect(vouched.status).toBe(201)
    const made = { name: 'Ours', redirectUris: REDIRECTS.redirect_uris }
    const { client } = await guarded.instance.core.clients.create(made, OPERATOR)
    await sweep(guarded, 400 * DAY)
    expect(await there(vouched, guarded)).toBe(true)
    expect(await there({ ...vouched, body: { client_id: client.id } }, guarded)).toBe(true)
  })
})
