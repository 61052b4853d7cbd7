/** Back-Channel Logout OP: `oidcc-backchannel-rp-initiated-logout-certification-test-plan`. */
import { expect, test } from 'bun:test'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import { testCertificates } from '../harness/certificates.ts'
import { bodyOf, OPERATOR, startTestServer } from '../harness/server.ts'
import { until } from '../harness/until.ts'
import { openPlan } from './basic-client.ts'

const GOODBYE = 'https://app.example/post_logout_redirect'
const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

test('oidcc-backchannel-logout-discovery-endpoint-verification', async () => {
  await using server = await startTestServer({ tls: true })
  const metadata = await bodyOf(await server.fetch('/.well-known/openid-configuration'))
  expect(metadata).toMatchObject({
    backchannel_logout_supported: true,
    backchannel_logout_session_supported: true,
    end_session_endpoint: `${server.issuer}/auth/oauth/end_session`,
  })
})

/** A suite of one's own: at an address of the inside, with a certificate of a private authority. */
async function privateSuite() {
  const { server, caFile } = await testCertificates()
  const heard: { readonly type: string; readonly body: string }[] = []
  const http = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    tls: { cert: server.cert, key: server.key },
    async fetch(request) {
      heard.push({ type: request.headers.get('content-type') ?? '', body: await request.text() })
      return new Response('', { headers: { 'cache-control': 'no-store' } })
    },
  })
  const url = `https://localhost:${http.port}/backchannel_logout`
  return { heard, url, caFile, [Symbol.asyncDispose]: () => http.stop(true) }
}

test('oidcc-backchannel-rp-initiated-logout', async () => {
  await using suite = await privateSuite()
  const { url, caFile } = suite
  const outbound = { allow: ['127.0.0.0/8', '::1/128'], caFile }
  await using plan = await openPlan({}, { config: { outbound } })
  const { server, client } = plan.desk
  const change = { postLogoutRedirectUris: [GOODBYE], backchannelLogoutUri: url }
  await server.instance.core.clients.update(client.id, change, OPERATOR)
  const { body, claims } = await plan.tokens()
  expect(claims['sid']).toBeString()

  const query = { id_token_hint: String(body['id_token']), post_logout_redirect_uri: GOODBYE, state: 'of-the-suite' }
  const { away } = await plan.browser.open(`/auth/oauth/end_session?${new URLSearchParams(query)}`)
  expect(away?.href).toBe(`${GOODBYE}?state=of-the-suite`)

  expect(await until(() => suite.heard.length > 0)).toBe(true)
  const [notice] = suite.heard
  const form = new URLSearchParams(notice?.body)
  expect(notice?.type).toStartWith('application/x-www-form-urlencoded')
  expect([...form.keys()]).toEqual(['logout_token'])
  const set = (await bodyOf(await server.fetch('/auth/oauth/jwks'))) as unknown as JSONWebKeySet
  const token = form.get('logout_token') ?? ''
  const { payload, protectedHeader } = await jwtVerify(token, createLocalJWKSet(set), {
    issuer: server.issuer,
    audience: client.id,
    typ: 'logout+jwt',
    algorithms: ['RS256'],
    currentDate: new Date(server.clock.now()),
    requiredClaims: ['iat', 'exp', 'jti'],
  })
  expect(protectedHeader.kid).toBeString()
  expect([payload.sub, payload['sid']]).toEqual([claims.sub, claims['sid']])
  expect(payload['events']).toEqual({ [EVENT]: {} })
  expect(payload).not.toHaveProperty('nonce')
  expect(suite.heard).toHaveLength(1)

  expect((await plan.authorize({ prompt: 'none' })).fields['error']).toBe('login_required')
})
