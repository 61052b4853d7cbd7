/** RFC 6749 section 6 and RFC 9700 section 4.14: rotation, families, idle and absolute ends, who still may. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { repository } from '../../src/core/storage/repository.ts'
import { grants, refreshTokens } from '../../src/core/token/records.ts'
import { ALICE, type Answer, type OAuthServer, type RegisteredClient, startOAuthServer } from '../harness/oauth.ts'
import { OPERATOR } from '../harness/server.ts'

let oauth: OAuthServer
beforeAll(async () => {
  oauth = await startOAuthServer()
})
afterAll(() => oauth[Symbol.asyncDispose]())

const grantsOf = { grants: ['password', 'refresh_token'], redirectUris: [] }
const refresh = (client: RegisteredClient, from: Answer, more = {}) =>
  oauth.token(client, { grant_type: 'refresh_token', refresh_token: String(from.body['refresh_token']), ...more })

test('a refreshed token is a new one, and the old one ends the family when it is shown again', async () => {
  const client = await oauth.client(grantsOf)
  const first = await oauth.tokensOfAlice(client, { scope: 'openid profile' })
  const second = await refresh(client, first)
  expect(second.status).toBe(200)
  expect(second.body['refresh_token']).not.toBe(first.body['refresh_token'])
  expect((await oauth.userinfo(second.body['access_token'])).status).toBe(200)

  expect((await refresh(client, first)).body['error']).toBe('invalid_grant')
  expect((await refresh(client, second)).body['error']).toBe('invalid_grant')
  expect((await oauth.userinfo(second.body['access_token'])).status).toBe(401)
  const { rows } = await oauth.server.instance.core.audit.list({ limit: 10, event: 'token.refused' })
  expect(rows.map(({ detail }) => detail['why'])).toContain('refresh-token-reused')
})

test('the policy "reuse" gives the same token back', async () => {
  const client = await oauth.client({ ...grantsOf, refreshPolicy: 'reuse' })
  const first = await oauth.tokensOfAlice(client)
  const second = await refresh(client, first)
  expect(second.body['refresh_token']).toBe(first.body['refresh_token'])
  expect((await refresh(client, first)).status).toBe(200)
})

test('within the replay window the same question gets the same answer, a different one ends the family', async () => {
  const client = await oauth.client({ ...grantsOf, refreshReplayWindow: 5_000 })
  const first = await oauth.tokensOfAlice(client, { scope: 'openid profile' })
  const second = await refresh(client, first)
  expect((await refresh(client, first)).body).toEqual(second.body)
  oauth.server.clock.advance(6_000)
  expect((await refresh(client, first)).body['error']).toBe('invalid_grant')
  expect((await refresh(client, second)).body['error']).toBe('invalid_grant')
})

test('fifty at once: one wins, and the family ends because the others showed the same token', async () => {
  const client = await oauth.client(grantsOf)
  const first = await oauth.tokensOfAlice(client)
  const answers = await Promise.all(Array.from({ length: 50 }, () => refresh(client, first)))
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  expect(new Set(answers.filter(({ status }) => status !== 200).map(({ body }) => body['error']))).toEqual(
    new Set(['invalid_grant']),
  )
})

test('the scope never grows, and a narrower one does not narrow the grant', async () => {
  const client = await oauth.client(grantsOf)
  const first = await oauth.tokensOfAlice(client, { scope: 'openid profile email' })
  const less = await refresh(client, first, { scope: 'openid' })
  expect(less.body['scope']).toBe('openid')
  const more = await refresh(client, less, { scope: 'openid profile phone' })
  expect(more.body['error']).toBe('invalid_scope')
  const same = await refresh(client, less)
  expect(same.body['scope']).toBe('openid profile email')
})

test('it ends when it is idle, and at the absolute end of its grant', async () => {
  const client = await oauth.client({ ...grantsOf, refreshIdleTtl: 60_000, refreshAbsoluteTtl: 100_000 })
  const idle = await oauth.tokensOfAlice(client)
  oauth.server.clock.advance(61_000)
  expect((await refresh(client, idle)).body['error']).toBe('invalid_grant')

  let current = await oauth.tokensOfAlice(client)
  oauth.server.clock.advance(50_000)
  current = await refresh(client, current)
  expect(current.status).toBe(200)
  oauth.server.clock.advance(49_000)
  current = await refresh(client, current)
  expect(current.status).toBe(200)
  oauth.server.clock.advance(2_000)
  expect((await refresh(client, current)).body['error']).toBe('invalid_grant')
})

test('a token of one client is nothing to another, and the owner keeps it', async () => {
  const [client, thief] = [await oauth.client(grantsOf), await oauth.client(grantsOf)]
  const first = await oauth.tokensOfAlice(client)
  expect((await refresh(thief, first)).body['error']).toBe('invalid_grant')
  const nobody = await oauth.post('/auth/oauth/token', {
    grant_type: 'refresh_token',
    refresh_token: String(first.body['refresh_token']),
    client_id: client.client.id,
  })
  expect(nobody.status).toBe(401)
  expect((await refresh(client, first)).status).toBe(200)
})

test('disabled, with another password, or deleted: no further tokens', async () => {
  const { users } = oauth.server.instance.core
  const client = await oauth.client(grantsOf)
  const make = async (name: string) => {
    const who = { username: name, password: ALICE.password }
    const user = await users.create(who, OPERATOR)
    return { user, tokens: await oauth.token(client, { grant_type: 'password', scope: 'openid', ...who }) }
  }
  const disabled = await make('disabled')
  await users.update(disabled.user.id, { disabled: true }, OPERATOR)
  const deleted = await make('deleted')
  await users.delete(deleted.user.id, OPERATOR)
  for (const { tokens } of [disabled, deleted]) {
    expect((await refresh(client, tokens)).body['error']).toBe('invalid_grant')
    expect((await oauth.userinfo(tokens.body['access_token'])).status).toBe(401)
    expect(await oauth.introspect(client, tokens.body['access_token'])).toEqual({ active: false })
    expect(await oauth.introspect(client, tokens.body['refresh_token'])).toEqual({ active: false })
  }
})

test('broker tokens are refreshed for the same vhost, by the rules of the moment', async () => {
  const client = await oauth.client({ ...grantsOf, audiences: ['main'] })
  const first = await oauth.tokensOfAlice(client, { resource: 'main', vhost: 'prod' })
  expect(first.body).toMatchObject({ vhost: 'prod', broker: 'main' })
  const second = await refresh(client, first)
  expect(second.body).toMatchObject({ vhost: 'prod', scope: first.body['scope'] })
  const { groups } = oauth.server.instance.core
  await groups.removeMember('billing', 'alice', OPERATOR)
  expect((await refresh(client, second)).body['error']).toBe('access_denied')
  await groups.addMember('billing', 'alice', OPERATOR)
})

test('a hundred logins and refreshes leave nothing behind once they are over', async () => {
  await using fresh = await startOAuthServer()
  const { core } = fresh.server.instance
  const client = await fresh.client({ ...grantsOf, refreshIdleTtl: 3_600_000 })
  const count = async () =>
    (await Array.fromAsync(repository(core.storage, refreshTokens).all())).length +
    (await Array.fromAsync(repository(core.storage, grants).all())).length
  for (let cycle = 0; cycle < 100; cycle++) {
    const first = await fresh.tokensOfAlice(client)
    const form = { grant_type: 'refresh_token', refresh_token: String(first.body['refresh_token']) }
    expect((await fresh.token(client, form)).status).toBe(200)
  }
  expect(await count()).toBe(300)
  fresh.server.clock.advance(4 * 86_400_000)
  await core.janitor.runOnce()
  expect(await count()).toBe(0)
})
