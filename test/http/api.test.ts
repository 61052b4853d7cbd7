import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { bodyOf, startTestServer, type TestServer } from '../harness/server.ts'

/** What the API says of a user, and nothing else. */
const USER_MEMBERS = `activated claims createdAt disabled disabledBySource displayName email externalId id lastLoginAt
  passwordChangedAt roles source technicalUser updatedAt username`.split(/\s+/)

/** The whole API below the root and below a path of a proxy. */
describe.each(['', '/auth/x'])('under the public path "%s"', (path) => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer({ path })
  })
  afterAll(() => server[Symbol.asyncDispose]())

  const post = (at: string, json: unknown) => server.asAdmin(at, { method: 'POST', json })
  const patch = (at: string, json: unknown) => server.asAdmin(at, { method: 'PATCH', json })
  const remove = (at: string) => server.asAdmin(at, { method: 'DELETE' })
  const read = async (at: string) => bodyOf(await server.asAdmin(at))

  test('users are created, read by id, name and mail, changed and deleted', async () => {
    const created = await post('/users', {
      username: 'Carol',
      email: 'carol@corp.example',
      password: 'a password of carol',
    })
    expect(created.status).toBe(201)
    const carol = await bodyOf(created)
    expect(carol).toMatchObject({ username: 'Carol', email: 'carol@corp.example', activated: true, disabled: false })
    expect(Object.keys(carol).toSorted()).toEqual(USER_MEMBERS)
    for (const name of [String(carol['id']), 'carol', 'CAROL@corp.example'])
      expect(await read(`/users/${encodeURIComponent(name)}`)).toMatchObject({ id: carol['id'], groups: [] })
    const changed = await patch('/users/carol', { displayName: 'Carol C.', claims: { locale: 'de', zoneinfo: 'UTC' } })
    expect(await bodyOf(changed)).toMatchObject({ displayName: 'Carol C.', claims: { locale: 'de', zoneinfo: 'UTC' } })
    const merged = await patch('/users/carol', { displayName: null, claims: { locale: null } })
    expect(await bodyOf(merged)).toMatchObject({ displayName: null, claims: { zoneinfo: 'UTC' } })
    expect((await post('/users', { username: 'carol' })).status).toBe(409)
    expect((await remove('/users/carol')).status).toBe(204)
    expect((await server.asAdmin('/users/carol')).status).toBe(404)
  })

  test('what was verified of an address or a number ends with it, unless the change says otherwise', async () => {
    const verified = { email_verified: true, phone_number: '+1 555', phone_number_verified: true }
    await post('/users', { username: 'erin', email: 'erin@corp.example', claims: verified })
    const claimsAfter = async (change: unknown) => (await bodyOf(await patch('/users/erin', change)))['claims']
    expect(await claimsAfter({ email: 'Erin@corp.example', displayName: 'Erin' })).toEqual(verified)
    expect(await claimsAfter({ email: 'e@corp.example' })).toEqual({
      phone_number: '+1 555',
      phone_number_verified: true,
    })
    expect(await claimsAfter({ claims: { phone_number: '+1 556' } })).toEqual({ phone_number: '+1 556' })
    const both = { email: 'erin@corp.example', claims: { email_verified: true, phone_number: null } }
    expect(await claimsAfter(both)).toEqual({ email_verified: true })
    expect(await claimsAfter({ email: null })).toEqual({})
  })

  test('lists are paged by a cursor and end with null', async () => {
    for (const name of ['p1', 'p2', 'p3']) await post('/users', { username: name })
    const seen: unknown[] = []
    let after: string | undefined
    do {
      const page = await read(`/users?prefix=p&limit=2${after === undefined ? '' : `&after=${after}`}`)
      const { items, next } = page as { items: { username: string }[]; next: string | null }
      seen.push(...items.map(({ username }) => username))
      after = next ?? undefined
    } while (after !== undefined)
    expect(seen).toEqual(['p1', 'p2', 'p3'])
  })

  test('somebody without the admin group reads and changes only themselves', async () => {
    const dave = { username: 'dave', password: 'the first password' }
    await post('/users', dave)
    await post('/rabbitmq/rules', { subjectKind: 'user', subject: 'dave', vhost: 'prod', read: ['*'] })
    const as = async (at: string, init: RequestInit = {}) =>
      server.fetch(at, { ...init, headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' } })
    let token = await server.login(dave)
    expect(await bodyOf(await as('/users/dave'))).toMatchObject({ username: 'dave' })
    expect([(await as('/users/root')).status, (await as('/users/nobody')).status]).toEqual([403, 403])
    const vhosts = await as('/rabbitmq/vhosts')
    expect(await bodyOf(vhosts)).toEqual({ items: [{ vhost: 'prod', broker: 'main' }], next: null })
    expect((await as('/rabbitmq/vhosts?user=root')).status).toBe(403)

    const change = (body: unknown) => as('/users/dave:change-password', { method: 'POST', body: JSON.stringify(body) })
    expect((await change({ newPassword: 'the second password' })).status).toBe(400)
    expect((await change({ currentPassword: 'wrong password', newPassword: 'the second password' })).status).toBe(401)
    const done = await change({ currentPassword: dave.password, newPassword: 'the second password' })
    expect(done.status).toBe(204)
    expect((await as('/users/dave')).status).toBe(401)
    token = await server.login({ ...dave, password: 'the second password' })
    const reset = await post('/users/dave:change-password', { newPassword: 'the third password' })
    expect([reset.status, (await as('/users/dave')).status]).toEqual([204, 401])
  })

  test('failed logins slow down, an administrator unlocks', async () => {
    const erin = { username: 'erin', password: 'erin and her password' }
    await post('/users', erin)
    const attempt = async (password: string) => {
      const body = JSON.stringify({ ...erin, password })
      return server.fetch('/auth/session/login', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json' },
      })
    }
    let answer = await attempt('wrong')
    for (let tries = 0; answer.status === 401 && tries < 20; tries++) answer = await attempt('wrong')
    expect(answer.status).toBe(429)
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
    expect((await post('/users/erin:unlock', {})).status).toBe(204)
    expect((await attempt('wrong')).status).toBe(401)
  })

  test('groups have members', async () => {
    expect((await post('/groups', { name: 'billing', description: 'pays' })).status).toBe(201)
    await post('/users', { username: 'frank' })
    expect((await server.asAdmin('/groups/billing/members/frank', { method: 'PUT' })).status).toBe(204)
    const members = (await read('/groups/billing/members')) as { items: { username: string }[] }
    expect(members.items.map(({ username }) => username)).toEqual(['frank'])
    expect(await read('/users/frank')).toMatchObject({ groups: ['billing'] })
    expect((await remove('/groups/billing/members/frank')).status).toBe(204)
    expect(await bodyOf(await patch('/groups/billing', { roles: ['payer'] }))).toMatchObject({ roles: ['payer'] })
    expect((await remove('/groups/billing')).status).toBe(204)
    expect((await server.asAdmin('/groups/billing')).status).toBe(404)
  })

  test('brokers and rules lead to tokens, and explain says how', async () => {
    const broker = { name: 'second', resourceServerId: 'second', version: '4.0', tokenTtlSeconds: 60 }
    expect(await bodyOf(await post('/rabbitmq/brokers', broker))).toMatchObject({ ...broker, description: '' })
    expect(await bodyOf(await patch('/rabbitmq/brokers/second', { version: '4.1' }))).toMatchObject({ version: '4.1' })
    await post('/users', { username: 'gina', password: 'the password of gina' })
    const rule = { subjectKind: 'user', subject: 'gina', vhost: 'prod', broker: 'second', write: ['orders'] }
    const { id } = await bodyOf(await post('/rabbitmq/rules', rule))
    const answer = await server.fetch('/auth/session/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'gina', password: 'the password of gina', vhost: 'prod', broker: 'second' }),
    })
    const { id_token } = await bodyOf(answer)
    const exchange = await server.fetch('/auth/session/token', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id_token }),
    })
    const access = await bodyOf(exchange)
    expect(access).toMatchObject({ expires_in: 60, scope: 'second.write:prod/orders/*' })
    const question = 'user=gina&vhost=prod&broker=second&action=write&resource=exchange:orders'
    const explained = await read(`/rabbitmq/explain?${question}`)
    expect(explained).toMatchObject({ granted: true, outcome: { allowed: true }, rules: [{ id }] })
    const doctor = await post('/rabbitmq/brokers/second/doctor', { token: access['access_token'] })
    expect(Array.isArray((await bodyOf(doctor))['findings'])).toBe(true)
    expect((await remove(`/rabbitmq/rules/${String(id)}`)).status).toBe(204)
    expect((await server.asAdmin(`/rabbitmq/rules/${String(id)}`)).status).toBe(404)
  })

  test('audit events say who did what, newest first', async () => {
    await post('/groups', { name: 'audited' })
    await server.instance.core.audit.flush()
    const { items } = (await read('/audit?event=group.created&limit=1')) as { items: Record<string, unknown>[] }
    expect(items[0]).toMatchObject({
      event: 'group.created',
      target: 'group:audited',
      actor: 'user:root',
      ip: '127.0.0.1',
    })
  })

  test('every URL that is told lies under the public URL', async () => {
    const issuer = `http://login.example${path}`
    const documents = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']
    for (const at of documents) {
      const metadata = await bodyOf(await server.fetch(at))
      expect(metadata).toMatchObject({ issuer, jwks_uri: `${issuer}/auth/oauth/jwks` })
      for (const [name, value] of Object.entries(metadata))
        if (/_(?:endpoint|uri)$/.test(name)) expect(String(value)).toStartWith(`${issuer}/`)
    }
    expect(await bodyOf(await server.fetch('/openapi/json'))).toMatchObject({ servers: [{ url: issuer }] })
    expect(await (await server.fetch('/openapi')).text()).toContain(`${issuer}/auth/session/login`)
  })

  test('keys are listed, rotated and retired, which ends what they signed', async () => {
    const made = await bodyOf(await post('/keys', { algorithm: 'ES256', now: true }))
    expect(made).toMatchObject({ algorithm: 'ES256', state: 'active' })
    const { items } = (await read('/keys')) as { items: { kid: string; state: string }[] }
    const previous = items.find(({ state }) => state === 'previous')?.kid ?? ''
    expect((await remove(`/keys/${previous}`)).status).toBe(204)
    const keySet = await (await server.fetch('/auth/oauth/jwks')).text()
    expect([keySet.includes(String(made['kid'])), keySet.includes(previous)]).toEqual([true, false])
    expect((await server.asAdmin('/keys')).status).toBe(401)
  })
})

test('outside the public path there is nothing but the metadata of RFC 8414', async () => {
  await using server = await startTestServer({ path: '/auth/x' })
  const outside = async (at: string) => fetch(`http://127.0.0.1:${server.port}${at}`)
  expect((await outside('/healthz')).status).toBe(404)
  expect((await outside('/auth/session')).status).toBe(404)
  expect((await outside('/auth/xx/healthz')).status).toBe(404)
  const metadata = await outside('/.well-known/oauth-authorization-server/auth/x')
  expect(await bodyOf(metadata)).toMatchObject({ issuer: 'http://login.example/auth/x' })
})
