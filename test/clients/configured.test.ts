/** Clients in the configuration: applied at start and at reload, all or none. */
import { expect, test } from 'bun:test'
import { ConfigError } from '../../src/config/fault.ts'
import { OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'

const SECRET = 'b7qXo0f5Zk1vYy8s2mQdR4tW'
const env = { SHOP_SECRET: SECRET, OTHER_SECRET: 'Zk1vYy8s2mQdR4tWb7qXo0f5', SHORT_SECRET: 'short' }
const SHOP = {
  id: 'shop',
  name: 'Shop',
  secret: { env: 'SHOP_SECRET' },
  redirectUris: ['https://shop.example/callback'],
  grants: ['client_credentials', 'authorization_code'],
  accessTokenTtl: '2m',
}
const start = (clients: readonly unknown[]) => startTestServer({ config: { clients }, env, listen: true })
const reload = (server: TestServer, clients: readonly unknown[]) =>
  server.instance.reload(server.configWith({ clients }))
const ids = async (server: TestServer) =>
  (await server.instance.core.clients.list({ limit: 100 })).rows.map(({ id }) => id)

async function token(server: TestServer, secret: string) {
  const answer = await server.fetch('/auth/oauth/token', {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
    headers: { authorization: `Basic ${btoa(`shop:${secret}`)}` },
  })
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> }
}

async function faultsOf(act: Promise<unknown>): Promise<Readonly<Record<string, string>>> {
  try {
    await act
  } catch (error) {
    if (error instanceof ConfigError)
      return Object.fromEntries(error.faults.map(({ path, message }) => [path, message]))
    throw error
  }
  throw new Error('There was no fault')
}

test('a client of the configuration works from the start and cannot be changed elsewhere', async () => {
  await using server = await start([SHOP])
  const { status, body } = await token(server, SECRET)
  expect({ status, life: body['expires_in'] }).toEqual({ status: 200, life: 120 })
  expect((await server.asAdmin('/clients/shop', { method: 'PATCH', json: { disabled: true } })).status).toBe(409)
  expect((await server.asAdmin('/clients/shop', { method: 'DELETE' })).status).toBe(409)
  expect((await server.asAdmin('/clients/shop:rotate-secret', { method: 'POST' })).status).toBe(409)
  expect(server.logs()).not.toContain(SECRET)
})

test('a reload changes, adds and removes what the file keeps, and leaves the rest alone', async () => {
  await using server = await start([SHOP, { ...SHOP, id: 'second' }])
  const redirectUris = ['https://hand.example/callback']
  await server.instance.core.clients.create({ id: 'by-hand', name: 'By hand', redirectUris }, OPERATOR)
  const unchanged = await server.instance.core.clients.get('shop')
  await reload(server, [SHOP, { ...SHOP, id: 'third' }])
  expect(await ids(server)).toEqual(['by-hand', 'shop', 'third'])
  expect(await server.instance.core.clients.get('shop')).toEqual(unchanged)
  const { accessTokenTtl: _default, ...shop } = SHOP
  await reload(server, [{ ...shop, secret: { env: 'OTHER_SECRET' } }])
  expect((await token(server, SECRET)).status).toBe(401)
  expect(await token(server, env.OTHER_SECRET)).toMatchObject({ status: 200, body: { expires_in: 300 } })
  await reload(server, [])
  expect(await ids(server)).toEqual(['by-hand'])
})

test('a bad client keeps the old configuration as a whole', async () => {
  await using server = await start([SHOP])
  const before = server.instance.core.settings().oauth.accessTokenTtl
  const next = {
    clients: [
      { ...SHOP, name: 'Renamed' },
      { ...SHOP, id: 'olga' },
    ],
    oauth: { accessTokenTtl: '1m' },
  }
  await server.instance.core.users.create({ username: 'olga' }, OPERATOR)
  const faults = await faultsOf(server.instance.reload(server.configWith(next)))
  expect(faults).toEqual({ 'clients[1].id': 'This is the name of a user' })
  expect((await server.instance.core.clients.get('shop'))?.name).toBe('Shop')
  expect(server.instance.core.settings().oauth.accessTokenTtl).toBe(before)
})

test('every fault of every client is named where it stands', async () => {
  const clients = [
    { ...SHOP, redirectUris: ['https://ok.example', 'http://evil.example'], secret: { env: 'NOT_SET' } },
    { ...SHOP, id: 'weak', secret: { env: 'SHORT_SECRET' }, grants: ['magic'] },
    { id: 'bare', name: 'Bare' },
    { ...SHOP, id: 'keys', authMethod: 'private_key_jwt' },
  ]
  const faults = await faultsOf(start(clients))
  expect(Object.keys(faults).toSorted()).toEqual([
    'clients[0].secret',
    'clients[1].grants[0]',
    'clients[1].secret',
    'clients[2].redirectUris',
    'clients[2].secret',
    'clients[3].jwks',
    'clients[3].secret',
  ])
})

test('two of one name, and one that was made by hand, are refused', async () => {
  expect(await faultsOf(start([SHOP, SHOP]))).toEqual({
    'clients[1].id': 'Must differ from that of every other client',
  })
  await using server = await start([])
  const { id, name, redirectUris } = SHOP
  await server.instance.core.clients.create({ id, name, redirectUris }, OPERATOR)
  expect(Object.keys(await faultsOf(reload(server, [SHOP])))).toEqual(['clients[0].id'])
})

test.each([
  [{ redirect_uris: [] }, 'unknown key; did you mean "redirectUris"?'],
  [{ secret: 'in the file' }, 'must be the place of a secret'],
  [{ accessTokenTtl: 60 }, 'must be a duration'],
  [{ authMethod: 'client_secret_bsic' }, 'must be one of'],
])('%p is refused by the schema', (extra, message) => {
  return expect(start([{ ...SHOP, ...extra }])).rejects.toThrow(message)
})

test('a secret to sign with is kept so that signatures can be checked after a change of method', async () => {
  await using server = await start([SHOP])
  await reload(server, [{ ...SHOP, authMethod: 'client_secret_jwt' }])
  const { clients } = server.instance.core
  const client = await clients.get('shop')
  expect(client && clients.sharedSecrets(client)).toEqual([SECRET])
})
