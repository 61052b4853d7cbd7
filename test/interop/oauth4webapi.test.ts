/** `oauth4webapi`, which does nothing by itself: what FAPI 2.0 clients and receivers of logouts do, against the executable. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { createRemoteJWKSet, customFetch as joseFetch, exportJWK, generateKeyPair, jwtVerify } from 'jose'
import * as oauth from 'oauth4webapi'
import { goThrough } from '../harness/oauth-person.ts'
import { type Served, serveExecutableWith } from '../harness/served.ts'
import { until } from '../harness/until.ts'

setDefaultTimeout(60_000)

const CALLBACK = 'https://app.example/callback'
const ALL = 'openid profile offline_access'

let served: Served
let as: oauth.AuthorizationServer
beforeAll(async () => {
  served = await serveExecutableWith('[outbound]\nallow = ["127.0.0.0/8"]\n')
  const issuer = new URL(served.issuer)
  as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, through()))
}, 120_000)
afterAll(() => served[Symbol.asyncDispose]())

function through() {
  return { [oauth.customFetch]: (url: string, init: object) => served.fetch(url, init as RequestInit) }
}

/** A PKCE verifier, and the path to send a browser to once the request was pushed. */
async function push(client: oauth.Client, auth: oauth.ClientAuth, DPoP?: oauth.DPoPHandle) {
  const verifier = oauth.generateRandomCodeVerifier()
  const parameters = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: CALLBACK,
    response_type: 'code',
    scope: ALL,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  const options = { ...through(), ...(DPoP && { DPoP }) }
  const pushed = await oauth.pushedAuthorizationRequest(as, client, auth, parameters, options)
  const { request_uri: uri } = await oauth.processPushedAuthorizationResponse(as, client, pushed)
  const address = new URL(as.authorization_endpoint ?? '')
  address.search = String(new URLSearchParams({ client_id: client.client_id, request_uri: uri }))
  return { path: address.href.slice(served.issuer.length), verifier }
}

test('the issuer says the same by RFC 8414', async () => {
  const issuer = new URL(served.issuer)
  const answer = await oauth.discoveryRequest(issuer, { ...through(), algorithm: 'oauth2' })
  expect(await oauth.processDiscoveryResponse(issuer, answer)).toEqual(as)
})

test('FAPI 2.0: PAR, private_key_jwt with the issuer as audience, DPoP, iss in the answer, refresh without rotation', async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', use: 'sig', kid: 'fapi' }] }
  const { id } = await served.client({ redirectUris: [CALLBACK], profile: 'fapi2', jwks })
  const client: oauth.Client = { client_id: id, id_token_signed_response_alg: 'ES256' }
  const auth = oauth.PrivateKeyJwt({ key: privateKey, kid: 'fapi' })
  const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'))

  const { path, verifier } = await push(client, auth, DPoP)
  const back = await goThrough(served.person(), path)
  expect(back.searchParams.get('iss')).toBe(served.issuer)
  const answer = oauth.validateAuthResponse(as, client, back)
  const options = { ...through(), DPoP }
  const redeemed = await oauth.authorizationCodeGrantRequest(as, client, auth, answer, CALLBACK, verifier, options)
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, redeemed)
  expect(tokens.token_type).toBe('dpop')

  const asked = await oauth.userInfoRequest(as, client, tokens.access_token, options)
  const sub = oauth.getValidatedIdTokenClaims(tokens)?.sub ?? ''
  expect((await oauth.processUserInfoResponse(as, client, sub, asked)).sub).toBe(sub)

  const refreshToken = tokens.refresh_token ?? ''
  for (let use = 0; use < 2; use++) {
    const refreshed = await oauth.refreshTokenGrantRequest(as, client, auth, refreshToken, options)
    const next = await oauth.processRefreshTokenResponse(as, client, refreshed)
    expect(next.refresh_token ?? refreshToken).toBe(refreshToken)
  }
})

test('introspection as a signed JWT', async () => {
  const { id, secret } = await served.client({ grants: ['client_credentials'], scopes: ['jobs.read'] })
  const client: oauth.Client = { client_id: id, introspection_signed_response_alg: 'ES256' }
  const auth = oauth.ClientSecretBasic(secret)
  const granted = await oauth.clientCredentialsGrantRequest(as, client, auth, new URLSearchParams(), through())
  const { access_token: token } = await oauth.processClientCredentialsResponse(as, client, granted)
  const asked = await oauth.introspectionRequest(as, client, auth, token, { ...through(), requestJwtResponse: true })
  expect(await oauth.processIntrospectionResponse(as, client, asked)).toMatchObject({ active: true, client_id: id })
  const keys = createRemoteJWKSet(new URL(as.jwks_uri ?? ''), {
    [joseFetch]: (url: string, init: object) => served.fetch(url, init as RequestInit),
  })
  expect((await jwtVerify(token, keys, { issuer: served.issuer, typ: 'at+jwt' })).payload['scope']).toBe('jobs.read')
})

test('a logout reaches a client by the back channel', async () => {
  const received: string[] = []
  using receiver = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      received.push(String(new URLSearchParams(await request.text()).get('logout_token')))
      return new Response()
    },
  })
  const uris = { redirectUris: [CALLBACK], backchannelLogoutUri: `${receiver.url}logout` }
  const { id, secret } = await served.client(uris)
  const client: oauth.Client = { client_id: id }
  const auth = oauth.ClientSecretBasic(secret)
  const { path, verifier } = await push(client, auth)
  const person = served.person()
  const answer = oauth.validateAuthResponse(as, client, await goThrough(person, path))
  const redeemed = await oauth.authorizationCodeGrantRequest(as, client, auth, answer, CALLBACK, verifier, through())
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, redeemed)
  const claims = oauth.getValidatedIdTokenClaims(tokens)

  const out = new URL(as.end_session_endpoint ?? '')
  out.searchParams.set('id_token_hint', tokens.id_token ?? '')
  await person.open(out.href.slice(served.issuer.length))
  await until(() => received.length > 0)
  const keys = createRemoteJWKSet(new URL(as.jwks_uri ?? ''), {
    [joseFetch]: (url: string, init: object) => served.fetch(url, init as RequestInit),
  })
  const { payload } = await jwtVerify(received[0] ?? '', keys, {
    issuer: served.issuer,
    audience: id,
    typ: 'logout+jwt',
  })
  expect(payload).toMatchObject({
    sub: claims?.sub,
    sid: claims?.['sid'],
    events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
  })
  expect(payload).not.toHaveProperty('nonce')
  expect(payload.jti).toBeString()
})
