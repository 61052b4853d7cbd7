/** Config OP: `oidcc-config-certification-test-plan`. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { bodyOf, startTestServer, type TestServer } from '../harness/server.ts'
import { until } from '../harness/until.ts'

let server: TestServer
beforeAll(async () => {
  server = await startTestServer({ tls: true })
})
afterAll(() => server[Symbol.asyncDispose]())

const ENDPOINTS = ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri'] as const
const PRIVATE_OR_SYMMETRIC = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

test('oidcc-discovery-endpoint-verification: the document', async () => {
  const answer = await server.fetch('/.well-known/openid-configuration')
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toMatch(/^application\/json(;|$)/)
  const metadata = await bodyOf(answer)
  expect(metadata['issuer']).toBe(server.issuer)
  expect(server.issuer).toMatch(/^https:\/\/[^?#]+$/)
  for (const name of ENDPOINTS) expect(String(metadata[name])).toStartWith(`${server.issuer}/`)
  const addresses = Object.entries(metadata).filter(([name]) => /_(endpoint|uri)$/.test(name))
  expect(addresses.length).toBeGreaterThan(6)
  for (const [, address] of addresses) expect(String(address)).toStartWith('https://')
  expect(metadata).toMatchObject({
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    claims_parameter_supported: true,
    request_parameter_supported: true,
    request_uri_parameter_supported: false,
  })
  const lists = {
    scopes_supported: ['openid', 'profile', 'email', 'phone', 'address'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    id_token_signing_alg_values_supported: ['RS256'],
    userinfo_signing_alg_values_supported: ['RS256'],
    request_object_signing_alg_values_supported: ['RS256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post'],
    code_challenge_methods_supported: ['S256'],
    claims_supported: ['sub', 'name', 'email', 'address', 'phone_number', 'auth_time', 'acr'],
  }
  for (const [name, values] of Object.entries(lists)) {
    expect(metadata[name]).toBeArray()
    expect(metadata[name]).toEqual(expect.arrayContaining(values))
  }
  // An unsigned request object is announced by nobody, so that the suite does not try one.
  expect(metadata['request_object_signing_alg_values_supported']).not.toContain('none')
  for (const scope of metadata['scopes_supported'] as string[]) expect(scope).toMatch(/^[\x21\x23-\x5B\x5D-\x7E]+$/)
  for (const tag of metadata['ui_locales_supported'] as string[]) expect(Intl.getCanonicalLocales(tag)).toEqual([tag])
})

test('oidcc-discovery-endpoint-verification: the keys', async () => {
  // The first round, a second after the first start of all, makes it.
  expect(await until(async () => (await (await server.fetch('/auth/oauth/jwks')).text()).includes('RS256'))).toBe(true)
  const { keys } = (await bodyOf(await server.fetch('/auth/oauth/jwks'))) as { keys: Record<string, string>[] }
  expect(keys.map(({ kid }) => kid)).toEqual([...new Set(keys.map(({ kid }) => kid))])
  for (const key of keys) {
    expect(key['kid']).toMatch(/^\S+$/)
    expect([key['use'], typeof key['alg']]).toEqual(['sig', 'string'])
    for (const member of PRIVATE_OR_SYMMETRIC) expect(key).not.toHaveProperty(member)
    for (const [, value] of Object.entries(key).filter(([name]) => ['n', 'e', 'x', 'y'].includes(name)))
      expect(Buffer.from(value, 'base64url').toString('base64url')).toBe(value)
  }
  const ofRsa = keys.find(({ kty, alg }) => kty === 'RSA' && alg === 'RS256')
  expect(Buffer.from(ofRsa?.['n'] ?? '', 'base64url').length).toBeGreaterThanOrEqual(256)
  for (const { crv } of keys.filter(({ kty }) => kty === 'EC')) expect(crv).toBe('P-256')
})
