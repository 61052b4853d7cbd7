import { expect, test } from 'bun:test'
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose'
import { DAY, HOUR, OPERATOR, refusal } from '../keys/ring.ts'
import { CALLER, claimsOf, login, openDesk, PASSWORD } from './desk.ts'

const refused = { code: 'invalid_token' }

test('a login answers with an identity token bound to user, vhost, broker and address', async () => {
  await using desk = await openDesk()
  const answer = await login(desk)
  const { id_token, ...rest } = answer
  expect(rest).toEqual({
    token_type: 'bearer',
    expires_in: 86_400,
    vhost: 'prod',
    broker: 'main',
    username: 'alice',
    ip: '192.0.2.10',
  })
  expect(decodeProtectedHeader(id_token)).toMatchObject({ alg: 'ES256', typ: 'identity+jwt' })
  const now = Math.floor(desk.world.now() / 1000)
  const claims = claimsOf(id_token)
  const issuer = 'https://leveret.example'
  expect(claims).toEqual({
    iss: issuer,
    aud: issuer,
    sub: desk.alice.id,
    jti: claims['jti'],
    iat: now,
    exp: now + 86_400,
  })
})

test('an identity token is exchanged for an access token that the broker reads natively', async () => {
  await using desk = await openDesk()
  const { id_token } = await login(desk)
  desk.world.pass(1_500)
  const answer = await desk.sessions.exchange(id_token, CALLER)
  expect(answer).toMatchObject({ token_type: 'bearer', expires_in: 300, vhost: 'prod', broker: 'main' })
  const { payload, protectedHeader } = await jwtVerify(
    answer.access_token,
    createLocalJWKSet(JSON.parse(desk.ring.jwks())),
    { audience: 'rabbitmq', issuer: 'https://leveret.example', typ: 'at+jwt', currentDate: new Date(desk.world.now()) },
  )
  expect(protectedHeader).toMatchObject({ alg: 'ES256', typ: 'at+jwt' })
  const now = Math.floor(desk.world.now() / 1000)
  expect(payload).toMatchObject({ sub: 'alice', client_id: 'alice', vhost: 'prod', iat: now, exp: now + 300 })
  expect(payload['scope']).toBe(answer.scope)
  expect(answer.scope.split(' ').every((scope) => /^rabbitmq\.(configure|write|read):prod\//.test(scope))).toBe(true)
  expect(desk.audit.entries.at(-1)).toMatchObject({
    event: 'token.issued',
    outcome: 'ok',
    target: 'user:alice',
    detail: { kind: 'access', vhost: 'prod', broker: 'main', session: claimsOf(id_token)['jti'] as string },
  })
})

test('an access token never outlives the identity token it came from', async () => {
  await using desk = await openDesk()
  const { id_token } = await login(desk)
  desk.world.pass(DAY - 90_500)
  const { expires_in, access_token } = await desk.sessions.exchange(id_token, CALLER)
  expect(expires_in).toBe(90)
  expect(Number(claimsOf(access_token)['exp'])).toBeLessThanOrEqual(Number(claimsOf(id_token)['exp']))
})

test('every refusal is one answer to the caller and the true reason in the audit log', async () => {
  await using desk = await openDesk()
  const { id_token } = await login(desk)
  const { sessions, lastRefusal } = desk
  const session = claimsOf(id_token)['jti'] as string
  const answers: unknown[] = []
  const reasonFor = async (token: string, caller = CALLER) => {
    answers.push(String(await refusal(sessions.exchange(token, caller))))
    return lastRefusal()
  }
  expect(await reasonFor('garbage')).toEqual({ why: 'not-ours', use: 'exchange' })
  expect(await reasonFor(id_token, { ...CALLER, ip: '192.0.2.11' })).toEqual({
    why: 'other-address',
    use: 'exchange',
    session,
  })
  desk.world.pass(DAY)
  expect(await reasonFor(id_token)).toEqual({ why: 'expired', use: 'exchange', session })
  desk.world.pass(-DAY)
  await desk.users.update(desk.alice.id, { disabled: true }, OPERATOR)
  expect(await reasonFor(id_token)).toEqual({ why: 'revoked', use: 'exchange', session })
  expect(new Set(answers).size).toBe(1)
  expect(answers[0]).toStartWith('Problem: invalid_token')
})

test('logout ends the token everywhere', async () => {
  await using desk = await openDesk()
  const { id_token } = await login(desk)
  const other = await desk.another()
  await other.exchange(id_token, CALLER)
  await desk.sessions.exchange(id_token, CALLER)
  await desk.sessions.logout(id_token, CALLER)
  expect(desk.audit.entries.at(-1)).toMatchObject({ event: 'logout', outcome: 'ok', target: 'user:alice' })
  expect(await refusal(desk.sessions.exchange(id_token, CALLER))).toMatchObject(refused)
  expect(await refusal(other.exchange(id_token, CALLER))).toMatchObject(refused)
  expect(await refusal(desk.sessions.logout(id_token, CALLER))).toMatchObject(refused)
  expect(await desk.records()).toEqual([])
})

test('a new password, disabling and deleting end the tokens', async () => {
  await using desk = await openDesk()
  const first = await login(desk)
  await desk.users.setPassword(desk.alice.id, 'another long password', OPERATOR)
  expect(await refusal(desk.sessions.exchange(first.id_token, CALLER))).toMatchObject(refused)
  await desk.users.setPassword(desk.alice.id, PASSWORD, OPERATOR)
  const second = await login(desk)
  await desk.users.update(desk.alice.id, { disabled: true }, OPERATOR)
  await desk.users.update(desk.alice.id, { disabled: false }, OPERATOR)
  expect(await refusal(desk.sessions.exchange(second.id_token, CALLER))).toMatchObject(refused)
  const third = await login(desk)
  await desk.users.delete(desk.alice.id, OPERATOR)
  expect(await refusal(desk.sessions.exchange(third.id_token, CALLER))).toMatchObject(refused)
})

test('rights are those of now: a rule that goes takes the next token with it', async () => {
  await using desk = await openDesk()
  const { id_token } = await login(desk)
  await desk.sessions.exchange(id_token, CALLER)
  const { rows } = await desk.rules.list({ limit: 10 })
  for (const { id } of rows) await desk.rules.delete(id, OPERATOR)
  expect(await refusal(desk.sessions.exchange(id_token, CALLER))).toMatchObject({ code: 'no_rule' })
})

test('no rule, no identity token: the caller learns little, the audit log which rule is missing', async () => {
  await using desk = await openDesk()
  const answer = await refusal(login(desk, { vhost: 'test' }))
  expect(answer).toMatchObject({ code: 'no_rule', status: 403 })
  expect((answer as Error).message).not.toContain('billing')
  expect(desk.lastRefusal()).toEqual({
    why: 'no-rule',
    user: 'alice',
    groups: 'billing',
    roles: '',
    vhost: 'test',
    broker: 'main',
  })
  expect(await desk.records()).toEqual([])
})

test('the vhost and the broker are those given, else the defaults', async () => {
  await using desk = await openDesk()
  await desk.brokers.create({ name: 'edge', resourceServerId: 'edge', version: '4.3', tokenTtl: 60_000 }, OPERATOR)
  const rule = { subjectKind: 'user', subject: 'alice', vhost: 'dev', broker: 'edge', read: ['*'] } as const
  await desk.rules.create(rule, OPERATOR)
  expect(await refusal(login(desk))).toMatchObject({ code: 'invalid_request' })
  const edge = await login(desk, { vhost: 'dev', broker: 'edge' })
  expect(edge).toMatchObject({ vhost: 'dev', broker: 'edge' })
  const token = await desk.sessions.exchange(edge.id_token, CALLER)
  expect(token).toMatchObject({ expires_in: 60, scope: 'edge.read:dev/*/*' })
  desk.configure({ defaultBroker: 'edge', defaultVhost: 'dev' })
  expect(await login(desk)).toMatchObject({ vhost: 'dev', broker: 'edge' })
})

test('an unusable vhost name is refused before the password is looked at', async () => {
  await using desk = await openDesk()
  for (const vhost of ['', 'a\nb', 'x'.repeat(256), '\ud800']) {
    const attempt = desk.sessions.login({ username: 'nobody', password: 'wrong', vhost }, CALLER)
    expect(await refusal(attempt)).toMatchObject({ code: 'invalid_request', faults: [{ path: '/vhost' }] })
  }
})

test('a token of a broker that is gone is refused', async () => {
  await using desk = await openDesk()
  const { id_token } = await login(desk)
  await desk.brokers.delete('main', OPERATOR)
  expect(await refusal(desk.sessions.exchange(id_token, CALLER))).toMatchObject(refused)
  expect(desk.lastRefusal()).toMatchObject({ why: 'broker-deleted' })
})

test('describe() says what the record holds, and when it was last used', async () => {
  await using desk = await openDesk()
  const { id_token } = await login(desk)
  const at = Math.floor(desk.world.now() / 1000)
  desk.world.pass(HOUR)
  await desk.sessions.exchange(id_token, CALLER)
  desk.world.pass(HOUR)
  expect(await desk.sessions.describe(id_token, CALLER)).toEqual({
    id: claimsOf(id_token)['jti'] as string,
    username: 'alice',
    groups: ['billing'],
    vhost: 'prod',
    broker: 'main',
    ip: '192.0.2.10',
    algorithm: 'ES256',
    created_at: at,
    valid_until: at + 86_400,
    last_used_at: at + 3_600,
  })
})

test('authenticate() names the holder', async () => {
  await using desk = await openDesk()
  const { id_token } = await login(desk)
  expect(await desk.sessions.authenticate(id_token, CALLER)).toEqual({ userId: desk.alice.id, username: 'alice' })
  expect(await refusal(desk.sessions.authenticate('x.y.z', CALLER))).toMatchObject(refused)
})

test('last use is remembered in memory and written by flush()', async () => {
  await using desk = await openDesk({ maxIdentityTokens: 2 })
  const { id_token } = await login(desk)
  const gone = await login(desk)
  const start = desk.world.now()
  desk.world.pass(HOUR)
  await desk.sessions.exchange(id_token, CALLER)
  await desk.sessions.exchange(gone.id_token, CALLER)
  await (await desk.another()).logout(gone.id_token, CALLER)
  expect((await desk.records()).map(({ lastUsedAt }) => lastUsedAt)).toEqual([start])
  await desk.sessions.flush()
  expect((await desk.records()).map(({ lastUsedAt }) => lastUsedAt)).toEqual([start + HOUR])
})

test('a use that storage would not take is written by the next flush()', async () => {
  await using desk = await openDesk()
  const { id_token } = await login(desk)
  desk.world.pass(HOUR)
  await desk.sessions.exchange(id_token, CALLER)
  const commit = desk.storage.commit.bind(desk.storage)
  desk.storage.commit = () => Promise.reject(new Error('disk full'))
  expect(await refusal(desk.sessions.flush())).toMatchObject({ message: expect.stringContaining('disk full') })
  desk.storage.commit = commit
  await desk.sessions[Symbol.asyncDispose]()
  expect((await desk.records())[0]?.lastUsedAt).toBe(desk.world.now())
})

test('issueFor() is for the operator, and tells the operator which rule is missing', async () => {
  await using desk = await openDesk()
  const { sessions, users, alice } = desk
  const wanted = { username: 'alice', vhost: 'prod' }
  expect(await sessions.issueFor(wanted, OPERATOR)).toMatchObject({ expires_in: 300, vhost: 'prod', broker: 'main' })
  expect(await refusal(sessions.issueFor(wanted, CALLER))).toMatchObject({ code: 'forbidden' })
  expect(await refusal(sessions.issueFor({ ...wanted, username: 'bob' }, OPERATOR))).toMatchObject({
    code: 'not_found',
  })
  expect(await refusal(sessions.issueFor({ ...wanted, vhost: 'test' }, OPERATOR))).toMatchObject({
    code: 'no_rule',
    detail: expect.stringContaining('user "alice" (groups: billing; roles: none)'),
  })
  await users.update(alice.id, { disabled: true }, OPERATOR)
  expect(await refusal(sessions.issueFor(wanted, OPERATOR))).toMatchObject({ code: 'forbidden' })
})
