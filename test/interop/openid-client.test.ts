/** `openid-client` 6, a certified relying party, takes every flow against the compiled executable. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { exportJWK, generateKeyPair } from 'jose'
import * as oidc from 'openid-client'
import { allowDevice, goThrough } from '../harness/oauth-person.ts'
import { type Served, serveExecutableWith } from '../harness/served.ts'

setDefaultTimeout(60_000)

const CALLBACK = 'https://app.example/callback'
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

let served: Served
beforeAll(async () => {
  served = await serveExecutableWith('[oauth]\nregistration = "open"\n')
}, 120_000)
afterAll(() => served[Symbol.asyncDispose]())

/** What a program of a relying party begins with. */
async function discovered(
  client: { readonly id: string; readonly secret: string },
  authentication: oidc.ClientAuth = oidc.ClientSecretBasic(client.secret),
  metadata: Partial<oidc.ClientMetadata> = {},
): Promise<oidc.Configuration> {
  return await oidc.discovery(new URL(served.issuer), client.id, metadata, authentication, through())
}

function through() {
  const fetch: oidc.CustomFetch = (url, init) => served.fetch(url, init as RequestInit)
  return { [oidc.customFetch]: fetch }
}

function pathOf(address: URL): string {
  return address.href.slice(served.issuer.length)
}

async function keyPair(alg: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg)
  return { privateKey, jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'key', alg, use: 'sig' }] } }
}

async function pkce() {
  const verifier = oidc.randomPKCECodeVerifier()
  const challenge = await oidc.calculatePKCECodeChallenge(verifier)
  const checks = { pkceCodeVerifier: verifier, expectedState: oidc.randomState(), expectedNonce: oidc.randomNonce() }
  const parameters = {
    redirect_uri: CALLBACK,
    scope: 'openid profile email offline_access',
    code_challenge: challenge,
    code_challenge_method: 'S256',
    state: checks.expectedState,
    nonce: checks.expectedNonce,
  }
  return { checks, parameters }
}

type Begin = (parameters: Record<string, string>) => URL | Promise<URL>

/** A code flow of alice from the address of its authorization request to the tokens. */
async function codeFlow(config: oidc.Configuration, begin: Begin, more = {}, options?: oidc.DPoPOptions) {
  const { checks, parameters } = await pkce()
  const address = await begin({ ...parameters, ...more })
  const back = await goThrough(served.person(), pathOf(address))
  return await oidc.authorizationCodeGrant(config, back, checks, undefined, options)
}

async function subjectOf(tokens: Awaited<ReturnType<typeof codeFlow>>): Promise<string> {
  const sub = tokens.claims()?.sub
  if (sub === undefined) throw new Error('There is no ID token')
  return sub
}

test('code with PKCE, userinfo, refresh, introspection, revocation', async () => {
  const client = await served.client({ redirectUris: [CALLBACK] })
  const config = await discovered(client)
  const tokens = await codeFlow(config, (parameters) => oidc.buildAuthorizationUrl(config, parameters))
  expect(tokens.claims()).toMatchObject({ iss: served.issuer, aud: client.id, amr: ['pwd'] })

  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, await subjectOf(tokens))
  expect(userinfo).toMatchObject({ email: 'alice@example.org', preferred_username: 'alice' })

  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '')
  expect(refreshed.refresh_token).not.toBe(tokens.refresh_token)
  expect(await oidc.tokenIntrospection(config, refreshed.access_token)).toMatchObject({
    active: true,
    username: 'alice',
  })
  await oidc.tokenRevocation(config, refreshed.refresh_token ?? '')
  expect((await oidc.tokenIntrospection(config, refreshed.access_token)).active).toBe(false)
  expect(oidc.refreshTokenGrant(config, refreshed.refresh_token ?? '')).rejects.toMatchObject({
    error: 'invalid_grant',
  })
})

test('a public client proves itself by PKCE alone', async () => {
  const client = await served.client({ redirectUris: [CALLBACK], confidential: false })
  const config = await discovered(client, oidc.None())
  const tokens = await codeFlow(config, (parameters) => oidc.buildAuthorizationUrl(config, parameters))
  expect((await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '')).access_token).toBeString()
})

test('pushed authorization requests', async () => {
  const client = await served.client({ redirectUris: [CALLBACK], requirePushedRequests: true })
  const config = await discovered(client)
  const tokens = await codeFlow(config, (parameters) => oidc.buildAuthorizationUrlWithPAR(config, parameters))
  expect(tokens.claims()?.aud).toBe(client.id)
})

test.each(['ES256', 'PS256', 'Ed25519'])('private_key_jwt and a signed request object with %s', async (alg) => {
  const { privateKey, jwks } = await keyPair(alg)
  const keys = { authMethod: 'private_key_jwt', jwks, requireSignedRequests: true }
  const config = await discovered(
    await served.client({ redirectUris: [CALLBACK], ...keys }),
    oidc.PrivateKeyJwt({ key: privateKey, kid: 'key' }),
  )
  const signing = { key: privateKey, kid: 'key' }
  const tokens = await codeFlow(config, (parameters) => oidc.buildAuthorizationUrlWithJAR(config, parameters, signing))
  expect(tokens.access_token).toBeString()
})

test.each(['client_secret_post', 'client_secret_jwt'] as const)('client credentials with %s', async (authMethod) => {
  const client = await served.client({ grants: ['client_credentials'], scopes: ['jobs.read'], authMethod })
  const how = { client_secret_post: oidc.ClientSecretPost, client_secret_jwt: oidc.ClientSecretJwt }[authMethod]
  const config = await discovered(client, how(client.secret))
  const tokens = await oidc.clientCredentialsGrant(config, { scope: 'jobs.read' })
  expect(tokens).toMatchObject({ token_type: 'bearer', scope: 'jobs.read' })
})

test('DPoP binds code, tokens and userinfo to one key', async () => {
  const client = await served.client({ redirectUris: [CALLBACK], requireDpop: true })
  const config = await discovered(client)
  const dpop = { DPoP: oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256')) }
  const begin: Begin = (parameters) => oidc.buildAuthorizationUrlWithPAR(config, parameters, dpop)
  const tokens = await codeFlow(config, begin, {}, dpop)
  expect(tokens.token_type).toBe('dpop')
  const sub = await subjectOf(tokens)
  expect((await oidc.fetchUserInfo(config, tokens.access_token, sub, dpop)).sub).toBe(sub)
  expect(oidc.fetchUserInfo(config, tokens.access_token, sub)).rejects.toThrow()
  const refreshed = await oidc.refreshTokenGrant(config, tokens.refresh_token ?? '', undefined, dpop)
  expect(refreshed.token_type).toBe('dpop')
})

test('signed userinfo, and an ID token with ES256', async () => {
  const algorithms = { userinfoAlg: 'ES256', idTokenAlg: 'ES256' }
  const client = await served.client({ redirectUris: [CALLBACK], ...algorithms })
  const metadata = { userinfo_signed_response_alg: 'ES256', id_token_signed_response_alg: 'ES256' }
  const config = await discovered(client, oidc.ClientSecretBasic(client.secret), metadata)
  oidc.enableNonRepudiationChecks(config)
  const tokens = await codeFlow(config, (parameters) => oidc.buildAuthorizationUrl(config, parameters))
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, await subjectOf(tokens))
  expect(userinfo).toMatchObject({ email: 'alice@example.org' })
})

test('the device flow, with its person at another browser', async () => {
  const client = await served.client({ grants: [DEVICE, 'refresh_token'], confidential: false })
  const config = await discovered(client, oidc.None())
  const device = await oidc.initiateDeviceAuthorization(config, { scope: 'openid' })
  const tokens = oidc.pollDeviceAuthorizationGrant(config, { ...device, interval: 1 })
  await allowDevice(served.person(), device.user_code)
  expect((await tokens).claims()?.aud).toBe(client.id)
})

test('logout that the client begins', async () => {
  const client = await served.client({ redirectUris: [CALLBACK], postLogoutRedirectUris: ['https://app.example/bye'] })
  const config = await discovered(client)
  const { checks, parameters } = await pkce()
  const person = served.person()
  const back = await goThrough(person, pathOf(oidc.buildAuthorizationUrl(config, parameters)))
  const tokens = await oidc.authorizationCodeGrant(config, back, checks)
  const out = oidc.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token ?? '',
    post_logout_redirect_uri: 'https://app.example/bye',
    state: 'over',
  })
  const landing = await person.open(pathOf(out))
  expect(landing.away?.href).toBe('https://app.example/bye?state=over')
  const again = await person.open(pathOf(oidc.buildAuthorizationUrl(config, parameters)))
  expect(again.path).toStartWith('/auth/login')
})

test('a client that registers itself', async () => {
  const metadata = {
    redirect_uris: [CALLBACK],
    client_name: 'Self-made',
    token_endpoint_auth_method: 'client_secret_post',
  }
  const config = await oidc.dynamicClientRegistration(new URL(served.issuer), metadata, undefined, through())
  const tokens = await codeFlow(config, (parameters) => oidc.buildAuthorizationUrl(config, parameters))
  expect(tokens.claims()?.aud).toBe(config.clientMetadata().client_id)
})
