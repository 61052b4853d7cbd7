/** `leveret client`: the usual cases in one line each. */
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { exportJWK, generateKeyPair } from 'jose'
import { type Workplace, workplace } from '../harness/command-line.ts'

interface Registered {
  readonly client: Readonly<Record<string, unknown>>
  readonly secret: string | null
}

async function initialised(): Promise<Workplace> {
  const place = await workplace()
  await place.json(['init'])
  return place
}

test('each preset is one line', async () => {
  await using place = await initialised()
  const add = (...words: string[]) => place.json<Registered>(['client', 'add', ...words])
  const web = await add('shop', '--redirect-uri', 'https://shop.example/callback')
  expect(web.client).toMatchObject({ id: 'shop', name: 'shop', confidential: true, requirePkce: true })
  expect(web.secret).toMatch(/^[\w-]{43}$/)
  const spa = await add('page', '--preset', 'spa', '--redirect-uri', 'https://page.example/')
  expect(spa).toMatchObject({ client: { confidential: false, authMethod: 'none' }, secret: null })
  const native = await add('cli', '--preset', 'native')
  expect(native.client['redirectUris']).toEqual(['http://127.0.0.1/callback', 'http://[::1]/callback'])
  const service = await add('invoicer', '--preset', 'service', '--group', 'billing', '--scope', 'jobs.read jobs.write')
  expect(service.client).toMatchObject({
    grants: ['client_credentials'],
    groups: ['billing'],
    scopes: ['jobs.read', 'jobs.write'],
  })
  const device = await add('tv', '--preset', 'device')
  expect(device.client['grants']).toEqual(['urn:ietf:params:oauth:grant-type:device_code', 'refresh_token'])
  expect((await place.run(['client', 'list'])).out).toMatch(/^CLIENT +NAME +KIND .*\ncli +cli +public +admin +/)
})

test('the management UI of a broker, with what its broker and this server need besides', async () => {
  await using place = await initialised()
  const words = ['client', 'add', 'rabbitmq-ui', '--preset', 'management-ui']
  expect((await place.run(words)).code).toBe(2)
  const { out } = await place.run([...words, '--url', 'https://rabbit.example:15671/'])
  expect(out).toContain('management.oauth_client_id = rabbitmq-ui')
  expect(out).toContain('corsOrigins = ["https://rabbit.example:15671"]')
  expect(await place.json(['client', 'show', 'rabbitmq-ui'])).toMatchObject({
    confidential: false,
    redirectUris: ['https://rabbit.example:15671/js/oidc-oauth/login-callback.html'],
    postLogoutRedirectUris: ['https://rabbit.example:15671/'],
  })
})

test('a secret is printed once, and exchanged', async () => {
  await using place = await initialised()
  const { out } = await place.run(['client', 'add', 'shop', '--redirect-uri', 'https://shop.example/cb'])
  const [, secret = 'none'] = /Secret, shown this once: (\S+)\n/.exec(out) ?? []
  const shown = await place.run(['client', 'show', 'shop', '--json'])
  expect(shown.out).not.toContain(secret)
  const rotated = await place.json<Registered>(['client', 'rotate-secret', 'shop', '--overlap', '24h'])
  expect(rotated.client['secrets']).toHaveLength(2)
  expect(rotated.secret).not.toBe(secret)
})

test('a client is changed, stopped, owned and removed', async () => {
  await using place = await initialised()
  await place.json(['client', 'add', 'shop', '--redirect-uri', 'https://shop.example/cb'])
  const update = (...words: string[]) => place.json(['client', 'update', 'shop', ...words])
  expect(await update('--token-ttl', '2m', '--token-format', 'opaque')).toMatchObject({
    accessTokenTtlSeconds: 120,
    accessTokenFormat: 'opaque',
    redirectUris: ['https://shop.example/cb'],
  })
  expect(await update('--disable')).toMatchObject({ disabled: true })
  expect(await update('--enable', '--owner', 'admin')).toMatchObject({ disabled: false, ownerId: expect.any(String) })
  expect(await place.json(['client', 'list', '--owner', 'admin'])).toMatchObject([{ id: 'shop' }])
  expect(await update('--owner', 'none')).toMatchObject({ ownerId: null })
  expect((await place.run(['client', 'update', 'shop'])).code).toBe(2)
  expect((await place.run(['client', 'update', 'shop', '--redirect-uri', 'http://evil.example'])).err).toContain(
    'redirectUris/0: Use https',
  )
  expect((await place.run(['client', 'remove', 'shop'])).out).toBe('Removed client shop\n')
  expect((await place.run(['client', 'show', 'shop'])).code).toBe(1)
})

test('check says line by line what a profile demands and what is lacking', async () => {
  await using place = await initialised()
  const { publicKey } = await generateKeyPair('ES256')
  await Bun.write(join(place.folder, 'bank.jwk'), JSON.stringify(await exportJWK(publicKey)))
  await place.json(['client', 'add', 'bank', '--jwks', 'bank.jwk', '--redirect-uri', 'https://bank.example/cb'])
  const before = await place.run(['client', 'check', 'bank', '--profile', 'fapi2'])
  expect(before.code).toBe(1)
  expect(before.out).toContain('ok     A confidential client\n')
  expect(before.out).toContain(
    'LACKS  Authentication by private_key_jwt or tls_client_auth: it uses client_secret_basic\n',
  )
  expect((await place.run(['client', 'check', 'bank'])).code).toBe(0)
  await place.json(['client', 'update', 'bank', '--profile', 'fapi2'])
  const after = await place.run(['client', 'check', 'bank'])
  expect({ code: after.code, lacks: /LACKS.*/.exec(after.out)?.[0] }).toEqual({ code: 0, lacks: undefined })
  expect((await place.run(['client', 'update', 'bank', '--grant', 'password'])).err).toContain('no part of FAPI 2.0')
})

test('a token lets somebody register clients', async () => {
  await using place = await initialised()
  const words = ['client', 'registration-token', '--uses', '3', '--ttl', '2h', '--note', 'billing']
  expect(await place.json(words)).toMatchObject({
    token: expect.stringMatching(/^rt_[0-9a-f]+\.[\w-]{43}$/),
    uses: 3,
    note: 'billing',
  })
  expect((await place.run(['client', 'registration-token', '--uses', 'many'])).code).toBe(2)
})
