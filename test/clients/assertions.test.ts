/** private_key_jwt at the token endpoint (RFC 7523, rows 38, 39, 40 and 42 of the attack list), with keys given and fetched. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createSecretKey } from 'node:crypto'
import { exportSPKI, type JWTPayload } from 'jose'
import type { NewClient } from '../../src/core/clients/clients.ts'
import { ASSERTION_TYPE, asserter, type ClientKey, clientKey, OK, outcome, REFUSED } from '../harness/assertion.ts'
import { type OAuthServer, type RegisteredClient, startOAuthServer } from '../harness/oauth.ts'

const GRANTS = ['client_credentials']
const form = { grant_type: 'client_credentials' }

let oauth: OAuthServer
let keys: ClientKey
let serving = { status: 200, body: '{"keys":[]}' }
let fetched = 0
const keyServer = Bun.serve({
  port: 0,
  hostname: '127.0.0.1',
  fetch() {
    fetched++
    return new Response(serving.body, serving)
  },
})
const JWKS_URI = `http://127.0.0.1:${keyServer.port}/jwks`

beforeAll(async () => {
  oauth = await startOAuthServer({ config: { outbound: { allow: ['127.0.0.1'] } } })
  keys = await clientKey('first')
})
afterAll(async () => {
  await oauth[Symbol.asyncDispose]()
  await keyServer.stop(true)
})

const client = (input: Partial<NewClient>) => oauth.client({ grants: GRANTS, ...input })
const { assertionOf, asserting } = asserter(
  () => oauth,
  () => keys,
)

describe('private_key_jwt', () => {
  let who: RegisteredClient
  beforeAll(async () => {
    who = await client({ authMethod: 'private_key_jwt', jwks: keys.set })
  })

  test('an assertion for the issuer or for the endpoint authenticates, once (row 42)', async () => {
    const { issuer } = oauth.server
    for (const aud of [issuer, `${issuer}/auth/oauth/token`, [issuer], [issuer, 'https://another.example']])
      expect(outcome(await asserting(who, { claims: { aud } }))).toEqual(OK)
    const client_assertion = await assertionOf(who, {})
    const sent = { ...form, client_assertion_type: ASSERTION_TYPE, client_assertion }
    const answers = await Promise.all(Array.from({ length: 20 }, () => oauth.post('/auth/oauth/token', sent)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    oauth.server.clock.advance(59_000)
    expect(outcome(await oauth.post('/auth/oauth/token', sent))).toEqual(REFUSED)
  })

  test.each([
    ['for somebody else', { aud: 'https://other.example' }],
    ['for an endpoint and somebody else', { aud: ['https://login.example/auth/oauth/token', 'https://other.example'] }],
    ['for nobody', { aud: [] }],
    ['for the issuer with a slash', { aud: 'https://login.example/' }],
    ['of another issuer', { iss: 'another' }],
    ['about another subject', { sub: 'another' }],
    ['that has ended', { exp: 1 }],
    ['that ends too late', { exp: 99_999_999_999 }],
    ['that never ends', { exp: undefined }],
    ['that is not valid yet', { nbf: 99_999_999_999 }],
    ['from the future', { iat: 99_999_999_999 }],
    ['without jti', { jti: undefined }],
    ['with an empty jti', { jti: '' }],
    ['with a jti of ten kilobytes', { jti: 'x'.repeat(10_000) }],
  ] as const)('an assertion %s is refused (row 42)', async (_what, claims) => {
    expect(outcome(await asserting(who, { claims: claims as unknown as JWTPayload }))).toEqual(REFUSED)
  })

  test('a client by the profile fapi2 names the issuer as a single string', async () => {
    const strict = await client({ profile: 'fapi2', jwks: keys.set })
    const { issuer } = oauth.server
    const refused = async (aud: string | string[]) => outcome(await asserting(strict, { claims: { aud } }))
    expect(await refused([issuer])).toEqual(REFUSED)
    expect(await refused(`${issuer}/auth/oauth/token`)).toEqual(REFUSED)
    // Authenticated, and then asked for the proof that its tokens are bound to.
    expect((await asserting(strict)).body['error']).not.toBe('invalid_client')
    const rsa = await clientKey('rsa', 'RS256')
    const old = await client({ profile: 'fapi2', jwks: rsa.set })
    expect(outcome(await asserting(old, { key: rsa.privateKey, header: { alg: 'RS256', kid: 'rsa' } }))).toEqual(
      REFUSED,
    )
  })

  test('the public key is no HMAC secret, and "none" is no algorithm (row 40)', async () => {
    const rsa = await clientKey('rsa', 'RS256')
    const victim = await client({ authMethod: 'private_key_jwt', jwks: rsa.set })
    for (const secret of [await exportSPKI(rsa.publicKey), JSON.stringify(rsa.jwk), String(rsa.jwk.n)]) {
      const key = createSecretKey(Buffer.from(secret))
      expect(outcome(await asserting(victim, { key, header: { alg: 'HS256', kid: 'rsa' } }))).toEqual(REFUSED)
    }
    const [, payload = ''] = (await assertionOf(victim, { key: rsa.privateKey, header: { alg: 'RS256' } })).split('.')
    for (const alg of ['none', 'None', 'nOnE', '', 'RS256'])
      for (const signature of ['', 'AAAA']) {
        const head = Buffer.from(JSON.stringify({ alg, kid: 'rsa' })).toString('base64url')
        const client_assertion = `${head}.${payload}.${signature}`
        const sent = { ...form, client_assertion_type: ASSERTION_TYPE, client_assertion }
        expect(outcome(await oauth.post('/auth/oauth/token', sent))).toEqual(REFUSED)
      }
  })

  test.each(['../../etc/passwd', "' OR 1=1 --", 'k'.repeat(10_000), 'unknown'])(
    'the kid %.20s finds no key (row 40)',
    async (kid) => {
      expect(outcome(await asserting(who, { header: { kid } }))).toEqual(REFUSED)
    },
  )

  test('keys that an assertion brings along are ignored (row 39)', async () => {
    const own = await clientKey('own')
    const before = fetched
    serving = { status: 200, body: JSON.stringify(own.set) }
    for (const header of [{ jwk: own.jwk }, { jku: JWKS_URI }, { x5u: JWKS_URI }, { jwk: own.jwk, kid: own.kid }]) {
      const signing = { key: own.privateKey, header: { kid: keys.kid, ...header } }
      expect(outcome(await asserting(who, signing))).toEqual(REFUSED)
    }
    expect(fetched).toBe(before)
  })

  test.each(['', 'x', 'a.b.c', '..', `${btoa('{}')}.${btoa('null')}.`, `${btoa('{}')}.${btoa('{"sub":1}')}.x`])(
    'the text %j is no assertion',
    async (client_assertion) => {
      const sent = { ...form, client_assertion_type: ASSERTION_TYPE, client_assertion }
      expect((await oauth.post('/auth/oauth/token', sent)).status).toBe(401)
    },
  )

  test('another type of assertion is an invalid request, and another client_id is another client', async () => {
    const type = { client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' }
    expect(outcome(await asserting(who, { form: type }))).toEqual({ status: 400, error: 'invalid_request' })
    expect(outcome(await asserting(who, { form: { client_id: 'another' } }))).toEqual(REFUSED)
    expect(outcome(await asserting(who, { form: { client_id: who.client.id } }))).toEqual(OK)
  })

  test('an assertion of one client is none of another with the same key', async () => {
    const other = await client({ authMethod: 'private_key_jwt', jwks: keys.set })
    const claims = { sub: other.client.id }
    expect(outcome(await asserting(who, { claims }))).toEqual(REFUSED)
  })
})

describe('private_key_jwt with jwks_uri', () => {
  test('keys are fetched once, and again when a new one signs, not at every unknown one', async () => {
    const [old, next] = [await clientKey('old'), await clientKey('next')]
    const who = await client({ authMethod: 'private_key_jwt', jwksUri: `${JWKS_URI}?rotating` })
    const signed = ({ kid, privateKey }: typeof old) =>
      asserting(who, { key: privateKey, header: { kid } }).then(outcome)
    serving = { status: 200, body: JSON.stringify(old.set) }
    const before = fetched
    expect(await Promise.all(Array.from({ length: 10 }, () => signed(old)))).toEqual(Array(10).fill(OK))
    expect(fetched - before).toBe(1)
    serving = { status: 200, body: JSON.stringify({ keys: [old.jwk, next.jwk] }) }
    expect(await signed(next)).toEqual(REFUSED)
    oauth.server.clock.advance(31_000)
    expect(await signed(next)).toEqual(OK)
    expect(await signed(old)).toEqual(OK)
    expect(fetched - before).toBe(2)
    serving = { status: 200, body: JSON.stringify(next.set) }
    oauth.server.clock.advance(11 * 60_000)
    expect(await signed(old)).toEqual(REFUSED)
    expect(await signed(next)).toEqual(OK)
    for (let count = 0; count < 20; count++) await signed(await clientKey(`unknown-${count}`))
    expect(fetched - before).toBeLessThanOrEqual(4)
  })

  test.each([
    [500, '{"keys":[]}'],
    [302, ''],
    [200, 'not json'],
    [200, '{"keys":"none"}'],
    [200, '[]'],
  ])('an answer %d %j gives no keys, and is not asked for again at once', async (status, body) => {
    const who = await client({
      authMethod: 'private_key_jwt',
      jwksUri: `${JWKS_URI}?${status}${encodeURIComponent(body)}`,
    })
    serving = { status, body }
    const before = fetched
    for (let count = 0; count < 5; count++) expect(outcome(await asserting(who))).toEqual(REFUSED)
    expect(fetched - before).toBe(1)
    serving = { status: 200, body: JSON.stringify(keys.set) }
    oauth.server.clock.advance(31_000)
    expect(outcome(await asserting(who))).toEqual(OK)
  })

  test('an address inside the own network is not asked (row 38)', async () => {
    await using closed = await startOAuthServer()
    const input = { grants: GRANTS, authMethod: 'private_key_jwt', jwksUri: `${JWKS_URI}?inside` }
    const who = await closed.client(input)
    const before = fetched
    const sent = { ...form, client_assertion_type: ASSERTION_TYPE, client_assertion: await assertionOf(who, {}) }
    expect(outcome(await closed.post('/auth/oauth/token', sent))).toEqual(REFUSED)
    expect(fetched).toBe(before)
    expect(closed.server.logs()).toContain('inside the own network')
  })
})
