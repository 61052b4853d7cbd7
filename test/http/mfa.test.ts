/** The second factor of the password grant over HTTP, as programs written for Auth0 speak it. */
import { expect, test } from 'bun:test'
import { appOf, codeOf } from '../harness/core-factors.ts'
import { startMailServer } from '../harness/mail-server.ts'
import { bodyOf, OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'
import { until } from '../harness/until.ts'

const PERSON = { username: 'alice', email: 'alice@corp.example', password: 'correct horse battery' }

async function started(mailPort?: number) {
  const mail = { host: '127.0.0.1', port: mailPort, tls: 'off', username: 'mailer', password: { env: 'MAIL' } }
  const server = await startTestServer({ config: mailPort === undefined ? {} : { mail }, env: { MAIL: 'post' } })
  const { core } = server.instance
  const user = await core.users.create(PERSON, OPERATOR)
  const token = await core.mfaTokens.start({ user, amr: ['pwd'], authTime: 0 }, 'cli', {})
  return { ...server, core, user, token }
}

const authorized = (token: string) => ({ authorization: `Bearer ${token}` })

function post(server: Pick<TestServer, 'fetch'>, path: string, json: object, headers: Record<string, string> = {}) {
  return server.fetch(path, {
    method: 'POST',
    body: JSON.stringify(json),
    headers: { 'content-type': 'application/json', ...headers },
  })
}

test('an authenticator app is associated, listed, challenged and completes the token', async () => {
  await using server = await started()
  const { core, token } = server
  const associate = await post(server, '/mfa/associate', { authenticator_types: ['otp'] }, authorized(token))
  const { authenticator_type, secret, barcode_uri, recovery_codes } = await bodyOf(associate)
  expect(authenticator_type).toBe('otp')
  const app = appOf(String(barcode_uri))
  expect(app.secret.base32).toBe(String(secret))
  expect(recovery_codes).toHaveLength(10)
  const proof = { method: 'otp', code: codeOf(app, server.clock.now()) } as const
  await core.mfaTokens.redeem(token, 'cli', proof, OPERATOR)

  const user = await core.users.get('alice')
  if (!user) throw new Error('Expected alice')
  const next = await core.mfaTokens.start({ user, amr: ['pwd'], authTime: 0 }, 'cli', {})
  const list = await server.fetch('/mfa/authenticators', { headers: authorized(next) })
  expect(await list.json()).toEqual([
    { id: expect.stringMatching(/^otp\|otp_/), authenticator_type: 'otp', active: true },
    { id: 'recovery-code|recovery', authenticator_type: 'recovery-code', active: true },
  ])
  const challenge = { mfa_token: next, challenge_type: 'otp', client_id: 'cli' }
  expect(await bodyOf(await post(server, '/mfa/challenge', challenge))).toEqual({ challenge_type: 'otp' })
})

test('a code by mail is associated and challenged with a binding code', async () => {
  await using smtp = await startMailServer()
  await using server = await started(smtp.port)
  const { core, token } = server
  const code = async (count: number) => {
    expect(await until(() => smtp.mails.length === count)).toBe(true)
    return /^ {4}(\d{6})\r$/m.exec(smtp.mails.at(-1) ?? '')?.[1] ?? ''
  }
  const oob = { authenticator_types: ['oob'], oob_channels: ['email'] }
  const begun = await bodyOf(await post(server, '/mfa/associate', oob, authorized(token)))
  expect(begun).toMatchObject({ authenticator_type: 'oob', oob_channel: 'email', binding_method: 'prompt' })
  const proof = { method: 'email', handle: String(begun['oob_code']), code: await code(1) } as const
  const { user } = await core.mfaTokens.redeem(token, 'cli', proof, OPERATOR)

  const next = await core.mfaTokens.start({ user, amr: ['pwd'], authTime: 0 }, 'cli', {})
  const list = (await (await server.fetch('/mfa/authenticators', { headers: authorized(next) })).json()) as object[]
  expect(list[0]).toEqual({
    id: 'email|mail',
    authenticator_type: 'oob',
    oob_channel: 'email',
    active: true,
    name: 'a***@corp.example',
  })
  const wanted = { mfa_token: next, challenge_type: 'oob', authenticator_id: 'email|mail' }
  const challenge = await bodyOf(await post(server, '/mfa/challenge', wanted))
  expect(challenge).toMatchObject({ challenge_type: 'oob', binding_method: 'prompt' })
  const second = { method: 'email', handle: String(challenge['oob_code']), code: await code(2) } as const
  expect(await core.mfaTokens.redeem(next, 'cli', second, OPERATOR)).toMatchObject({ amr: ['pwd', 'otp', 'mfa'] })
})

test.each([
  ['no token', '/mfa/authenticators', undefined, undefined, 401, 'invalid_token'],
  ['a wrong token', '/mfa/authenticators', undefined, 'bm90aGluZw', 401, 'invalid_token'],
  ['a wrong token', '/mfa/challenge', { mfa_token: 'bm90aGluZw' }, undefined, 401, 'invalid_token'],
  ['no body to speak of', '/mfa/challenge', {}, undefined, 400, 'invalid_request'],
  ['no token', '/mfa/associate', { authenticator_types: ['otp'] }, undefined, 401, 'invalid_token'],
  ['an unknown type', '/mfa/associate', { authenticator_types: ['sms'] }, undefined, 400, 'invalid_request'],
])('%s at %s is refused in the words of OAuth', async (_, path, json, token, status, error) => {
  await using server = await started()
  const headers = token === undefined ? {} : authorized(token)
  const answer = json ? await post(server, path, json, headers) : await server.fetch(path, { headers })
  expect(answer.status).toBe(status)
  expect(await bodyOf(answer)).toMatchObject({ error, error_description: expect.any(String) })
})

test('an identity token is no mfa_token, and the other way round', async () => {
  await using server = await started()
  const answer = await server.fetch('/auth/session', { headers: authorized(server.token) })
  expect(answer.status).toBe(401)
  await server.asAdmin('/users')
  const identity = await server.login({ ...server.admin, vhost: 'administration' })
  expect((await server.fetch('/mfa/authenticators', { headers: authorized(identity) })).status).toBe(401)
})

test('an administrator sees the factors of a user, and takes them away', async () => {
  await using server = await started()
  const { core, token } = server
  const { barcode_uri } = await bodyOf(
    await post(server, '/mfa/associate', { authenticator_types: ['otp'] }, authorized(token)),
  )
  const code = codeOf(appOf(String(barcode_uri)), server.clock.now())
  await core.mfaTokens.redeem(token, 'cli', { method: 'otp', code }, OPERATOR)
  const answer = await server.asAdmin('/users/alice/factors')
  expect(await bodyOf(answer)).toEqual({
    demanded: false,
    factors: [
      { id: expect.any(String), method: 'otp', name: '', createdAt: '2026-03-01T12:00:00.000Z', lastUsedAt: null },
      {
        id: 'recovery',
        method: 'recovery_code',
        name: '',
        createdAt: '2026-03-01T12:00:00.000Z',
        lastUsedAt: null,
        left: 10,
      },
    ],
  })
  expect((await server.asAdmin('/users/alice/factors', { method: 'DELETE' })).status).toBe(204)
  expect(await bodyOf(await server.asAdmin('/users/alice/factors'))).toMatchObject({ factors: [] })
})
