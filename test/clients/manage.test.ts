/** Clients over REST: registered, read, changed, given secrets, owned by people. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { bodyOf, OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'

let server: TestServer
let ofOwner: (path: string, init?: RequestInit) => Promise<Response>
let ownerId = ''
const OWNER = { username: 'olga', password: 'vexing-Quartz-41-sphinx' }

beforeAll(async () => {
  server = await startTestServer()
  const { core } = server.instance
  ownerId = (await core.users.create(OWNER, OPERATOR)).id
  await core.brokers.create({ name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }, OPERATOR)
  await core.rules.create({ subjectKind: 'user', subject: 'olga', vhost: 'own', read: ['*'] }, OPERATOR)
  const token = await server.login({ ...OWNER, vhost: 'own' })
  ofOwner = (path, init) => server.fetch(path, { ...init, headers: { authorization: `Bearer ${token}` } })
})
afterAll(() => server[Symbol.asyncDispose]())

const WEB = { name: 'Shop', redirectUris: ['https://shop.example/callback'] }
async function register(json: object): Promise<{ client: Record<string, unknown>; secret: string | null }> {
  const answer = await server.asAdmin('/clients', { method: 'POST', json })
  expect(answer.status).toBe(201)
  return (await bodyOf(answer)) as { client: Record<string, unknown>; secret: string | null }
}
const faultsOf = async (answer: Response) =>
  ((await bodyOf(answer))['faults'] as { path: string }[]).map(({ path }) => path)
const tokenFor = (id: unknown, secret: string | null) =>
  server.fetch('/auth/oauth/token', {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
    headers: { authorization: `Basic ${btoa(`${String(id)}:${secret ?? ''}`)}` },
  })

test('a client is made with sound defaults, and its secret is shown once', async () => {
  const { client, secret } = await register(WEB)
  expect(client).toMatchObject({
    id: expect.stringMatching(/^c_[0-9a-f]{30}$/),
    ...WEB,
    confidential: true,
    authMethod: 'client_secret_basic',
    grants: ['authorization_code', 'refresh_token'],
    requirePkce: true,
    accessTokenFormat: 'jwt',
    accessTokenTtlSeconds: null,
    managedBy: 'admin',
    secrets: [{ createdAt: expect.any(String), expiresAt: null }],
  })
  expect(secret).toMatch(/^[\w-]{43}$/)
  const shown = await (await server.asAdmin(`/clients/${String(client['id'])}`)).text()
  expect(shown).not.toContain(String(secret))
  expect(shown).not.toContain('digest')
  expect(server.logs()).not.toContain(String(secret))
})

test('times are seconds on the wire, in requests, in answers and in faults', async () => {
  const times = {
    accessTokenTtlSeconds: 60,
    idTokenTtlSeconds: 120,
    refreshIdleTtlSeconds: 3_600,
    refreshAbsoluteTtlSeconds: 7_200,
    refreshReplayWindowSeconds: 5,
    defaultMaxAgeSeconds: 900,
  }
  const { client } = await register({ ...WEB, ...times })
  expect(client).toMatchObject(times)
  const stored = await server.instance.core.clients.get(String(client['id']))
  expect(stored).toMatchObject({ accessTokenTtl: 60_000, refreshReplayWindow: 5_000, defaultMaxAge: 900 })
  const change = { accessTokenTtlSeconds: null, refreshIdleTtlSeconds: null }
  const changed = await server.asAdmin(`/clients/${String(client['id'])}`, { method: 'PATCH', json: change })
  expect(await bodyOf(changed)).toMatchObject({ ...times, ...change })
  const refused = await server.asAdmin('/clients', { method: 'POST', json: { ...WEB, accessTokenTtlSeconds: 0 } })
  expect(await faultsOf(refused)).toEqual(['/accessTokenTtlSeconds'])
})

test('every fault is named at once', async () => {
  const json = {
    id: 'a b',
    name: ' ',
    redirectUris: ['https://ok.example', 'http://plain.example'],
    grants: ['magic'],
    authMethod: 'private_key_jwt',
    idTokenAlg: 'none',
    logoUri: 'javascript:alert(1)',
    ownerId: 'nobody',
    audiences: [''],
  }
  const answer = await server.asAdmin('/clients', { method: 'POST', json })
  expect(answer.status).toBe(400)
  expect((await faultsOf(answer)).toSorted()).toEqual(
    [
      '/audiences/0',
      '/grants/0',
      '/id',
      '/idTokenAlg',
      '/jwks',
      '/logoUri',
      '/name',
      '/ownerId',
      '/redirectUris/1',
    ].toSorted(),
  )
  expect((await server.asAdmin('/clients', { method: 'POST', json: { ...WEB, redirect_uris: [] } })).status).toBe(400)
})

test.each([
  [{ kty: 'oct', k: 'c2VjcmV0' }, 'a shared secret'],
  [{ kty: 'EC', crv: 'P-256', x: 'a', y: 'b', d: 'c' }, 'a private key'],
  [{ kty: 'RSA', n: Buffer.alloc(128, 255).toString('base64url'), e: 'AQAB' }, 'RSA of 1024 bits'],
  [{ kty: 'none' }, 'an unknown kind'],
])('%p is refused as a key of a client: %s', async (key) => {
  const json = { ...WEB, authMethod: 'private_key_jwt', jwks: { keys: [key] } }
  const answer = await server.asAdmin('/clients', { method: 'POST', json })
  expect(await faultsOf(answer)).toEqual(['/jwks/keys/0'])
})

test('pages of clients follow each other, and an id is taken once', async () => {
  const ids = ['page-1', 'page-2', 'page-3']
  for (const id of ids) await register({ ...WEB, id })
  expect((await server.asAdmin('/clients', { method: 'POST', json: { ...WEB, id: 'page-1' } })).status).toBe(409)
  const seen: unknown[] = []
  let after: string | undefined
  do {
    const query = after === undefined ? '' : `&after=${encodeURIComponent(after)}`
    const page = await bodyOf(await server.asAdmin(`/clients?limit=2${query}`))
    seen.push(...(page['items'] as { id: string }[]).map(({ id }) => id))
    after = (page['next'] as string | null) ?? undefined
  } while (after !== undefined)
  expect(seen.filter((id) => ids.includes(String(id)))).toEqual(ids)
  expect(new Set(seen).size).toBe(seen.length)
})

test('two secrets work while one is exchanged for the other, and never three', async () => {
  const made = await register({ name: 'Service', id: 'two-secrets', grants: ['client_credentials'] })
  const rotate = async (json: object) =>
    String(
      (await bodyOf(await server.asAdmin('/clients/two-secrets:rotate-secret', { method: 'POST', json })))['secret'],
    )
  const works = async (secret: string | null) => (await tokenFor('two-secrets', secret)).status === 200
  const first = made.secret
  const second = await rotate({ overlapSeconds: 600 })
  expect([await works(first), await works(second)]).toEqual([true, true])
  const third = await rotate({ overlapSeconds: 600 })
  expect([await works(first), await works(second), await works(third)]).toEqual([false, true, true])
  server.clock.advance(601_000)
  expect([await works(second), await works(third)]).toEqual([false, true])
  const fourth = await rotate({})
  expect([await works(third), await works(fourth)]).toEqual([false, true])
})

test('a client without a secret has none to exchange', async () => {
  await register({ ...WEB, id: 'public-app', confidential: false })
  const answer = await server.asAdmin('/clients/public-app:rotate-secret', { method: 'POST' })
  expect(answer.status).toBe(409)
})

test('a disabled client gets nothing until it is enabled again', async () => {
  const { secret } = await register({ name: 'Service', id: 'paused', grants: ['client_credentials'] })
  await server.asAdmin('/clients/paused', { method: 'PATCH', json: { disabled: true } })
  const refused = await tokenFor('paused', secret)
  expect(refused.status).toBe(401)
  expect(await bodyOf(refused)).toMatchObject({ error: 'invalid_client' })
  await server.asAdmin('/clients/paused', { method: 'PATCH', json: { disabled: false } })
  expect((await tokenFor('paused', secret)).status).toBe(200)
})

test('whoever owns a client sees it and exchanges its secret, and changes nothing else', async () => {
  await register({ ...WEB, id: 'olgas', ownerId })
  await register({ ...WEB, id: 'not-olgas' })
  const listed = await bodyOf(await ofOwner('/clients'))
  expect((listed['items'] as { id: string }[]).map(({ id }) => id)).toEqual(['olgas'])
  expect((await bodyOf(await ofOwner('/clients?owner=')))['items']).toHaveLength(1)
  expect((await ofOwner('/clients/olgas')).status).toBe(200)
  expect((await ofOwner('/clients/olgas:rotate-secret', { method: 'POST' })).status).toBe(200)
  for (const [method, path] of [
    ['GET', '/clients/not-olgas'],
    ['GET', '/clients/there-is-none'],
    ['POST', '/clients/not-olgas:rotate-secret'],
    ['DELETE', '/clients/olgas'],
  ] as const)
    expect((await ofOwner(path, { method })).status).toBe(403)
  const headers = { 'content-type': 'application/merge-patch+json' }
  const token = await server.login({ ...OWNER, vhost: 'own' })
  const patched = await server.fetch('/clients/olgas', {
    method: 'PATCH',
    body: '{"scopes":["admin"]}',
    headers: { ...headers, authorization: `Bearer ${token}` },
  })
  expect(patched.status).toBe(403)
})

test('a client and a user never share a name (RFC 9700 section 4.15)', async () => {
  await register({ ...WEB, id: 'Billing-App' })
  const user = (username: string) => server.asAdmin('/users', { method: 'POST', json: { username } })
  expect((await user('Billing-App')).status).toBe(409)
  expect((await user('someone-else')).status).toBe(201)
  const renamed = await server.asAdmin('/users/someone-else', { method: 'PATCH', json: { username: 'Billing-App' } })
  expect(renamed.status).toBe(409)
  for (const id of ['olga', 'OLGA', ownerId, 'U_something'])
    expect((await server.asAdmin('/clients', { method: 'POST', json: { ...WEB, id } })).status).toBe(400)
})

test('a deleted client is gone with its tokens', async () => {
  const { secret } = await register({ name: 'Service', id: 'gone', grants: ['client_credentials'] })
  expect((await server.asAdmin('/clients/gone', { method: 'DELETE' })).status).toBe(204)
  expect((await server.asAdmin('/clients/gone')).status).toBe(404)
  expect((await server.asAdmin('/clients/gone', { method: 'DELETE' })).status).toBe(404)
  expect((await tokenFor('gone', secret)).status).toBe(401)
})
