/** RFC 6749 section 4.3 for older systems, with the second factor in Auth0's shape. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { TOTP } from 'otpauth'
import { ALICE, type OAuthServer, startOAuthServer } from '../harness/oauth.ts'
import { bodyOf, OPERATOR } from '../harness/server.ts'

let oauth: OAuthServer
beforeAll(async () => {
  oauth = await startOAuthServer()
})
afterAll(() => oauth[Symbol.asyncDispose]())

const MFA_OTP = 'http://auth0.com/oauth/grant-type/mfa-otp'

test('off unless the client is registered for it, and never without a client', async () => {
  const client = await oauth.client({})
  expect((await oauth.tokensOfAlice(client)).body['error']).toBe('unauthorized_client')
  const nobody = await oauth.post('/auth/oauth/token', { grant_type: 'password', ...ALICE })
  expect(nobody).toMatchObject({ status: 401, body: { error: 'invalid_client' } })
})

test('a wrong password and an unknown name are one answer', async () => {
  const client = await oauth.client({ grants: ['password'] })
  const wrong = await oauth.tokensOfAlice(client, { password: 'wrong' })
  const unknown = await oauth.tokensOfAlice(client, { username: 'nobody' })
  expect(wrong.status).toBe(400)
  expect(wrong.body).toEqual({ error: 'invalid_grant', error_description: expect.any(String) })
  expect({ status: unknown.status, body: unknown.body }).toEqual({ status: wrong.status, body: wrong.body })
})

test('first-party use without a client, where the configuration allows it', async () => {
  await using own = await startOAuthServer({ config: { oauth: { firstPartyPassword: true } } })
  const first = await own.post('/auth/oauth/token', { grant_type: 'password', ...ALICE, scope: 'openid' })
  expect(first.status).toBe(200)
  const form = { grant_type: 'refresh_token', refresh_token: String(first.body['refresh_token']) }
  expect((await own.post('/auth/oauth/token', form)).status).toBe(200)
  const other = await own.post('/auth/oauth/token', { grant_type: 'client_credentials' })
  expect(other.body['error']).toBe('invalid_client')
})

test('with a second factor the password alone is answered with an mfa_token, and the code completes it', async () => {
  const { core } = oauth.server.instance
  const user = await core.users.create({ username: 'bob', password: ALICE.password }, OPERATOR)
  const { id, secret } = await core.factors.enrolTotp(user)
  const totp = new TOTP({ secret })
  const code = () => totp.generate({ timestamp: oauth.server.clock.now() })
  expect(await core.factors.confirmTotp(user, { id, code: code(), name: 'phone' }, OPERATOR)).toBe(true)
  oauth.server.clock.advance(60_000)

  const client = await oauth.client({ grants: ['password', MFA_OTP] })
  const first = await oauth.token(client, {
    grant_type: 'password',
    username: 'bob',
    password: ALICE.password,
    scope: 'openid',
  })
  expect({ status: first.status, error: first.body['error'] }).toEqual({ status: 403, error: 'mfa_required' })
  const mfaToken = String(first.body['mfa_token'])
  const authenticators = await oauth.server.fetch('/mfa/authenticators', {
    headers: { authorization: `Bearer ${mfaToken}` },
  })
  expect(await authenticators.json()).toMatchObject([{ authenticator_type: 'otp' }])
  const challenge = await oauth.server.fetch('/mfa/challenge', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ mfa_token: mfaToken, challenge_type: 'otp' }),
  })
  expect(await bodyOf(challenge)).toEqual({ challenge_type: 'otp' })

  const complete = (otp: string) => oauth.token(client, { grant_type: MFA_OTP, mfa_token: mfaToken, otp })
  expect((await complete('000000')).body['error']).toBe('invalid_grant')
  const done = await complete(code())
  expect(done.body['scope']).toBe('openid')
  const idToken = JSON.parse(Buffer.from(String(done.body['id_token']).split('.')[1] ?? '', 'base64url').toString())
  expect(idToken).toMatchObject({ amr: ['pwd', 'otp', 'mfa'], acr: '2' })
  expect((await complete(code())).body['error']).toBe('invalid_grant')
})

test('a client may demand a second factor of everybody', async () => {
  const client = await oauth.client({ grants: ['password'], secondFactor: true })
  expect((await oauth.tokensOfAlice(client)).body['error']).toBe('mfa_required')
})
