/** RFC 6749 section 4.4: a service for itself, at this server, at a resource, in a vhost of a broker. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { claimsOf, type OAuthServer, startOAuthServer } from '../harness/oauth.ts'
import { OPERATOR } from '../harness/server.ts'

let oauth: OAuthServer
beforeAll(async () => {
  oauth = await startOAuthServer()
})
afterAll(() => oauth[Symbol.asyncDispose]())

const grant = { grant_type: 'client_credentials' }

test('a service gets an RFC 9068 token for this server and nothing to refresh', async () => {
  const service = await oauth.client({ grants: ['client_credentials'], scopes: ['jobs.read', 'jobs.write'] })
  const { status, headers, body } = await oauth.token(service, { ...grant, scope: 'jobs.read' })
  expect(status).toBe(200)
  expect(headers.get('cache-control')).toBe('no-store')
  expect(body).toEqual({
    access_token: expect.any(String),
    token_type: 'bearer',
    expires_in: 300,
    scope: 'jobs.read',
  })
  const { issuer } = oauth.server
  const claims = claimsOf(body['access_token'])
  expect(claims).toMatchObject({
    iss: issuer,
    sub: service.client.id,
    aud: issuer,
    client_id: service.client.id,
    scope: 'jobs.read',
  })
  expect(claims).not.toHaveProperty('grant_id')
})

test('without a scope it gets all that it is registered for', async () => {
  const service = await oauth.client({ grants: ['client_credentials'], scopes: ['openid', 'jobs.read', 'jobs.write'] })
  const { body } = await oauth.token(service, grant)
  expect(body['scope']).toBe('jobs.read jobs.write')
})

test.each([
  [{ scope: 'admin.everything' }, 'invalid_scope'],
  [{ scope: 'openid' }, 'invalid_scope'],
  [{ resource: 'https://unknown.example' }, 'invalid_target'],
  [{ resource: 'not-a-broker' }, 'invalid_target'],
  [{ resource: ['main', 'https://api.example'] }, 'invalid_target'],
  [{ vhost: 'prod', scope: 'vhost:test' }, 'invalid_scope'],
  [{ vhost: 'pr*d' }, 'invalid_scope'],
  [{ vhost: 'prod' }, 'access_denied'],
  [{ authorization_details: '[{]' }, 'invalid_authorization_details'],
  [{ authorization_details: '[{"type":"payment"}]' }, 'invalid_authorization_details'],
])('a service that asks for %p is refused with %s', async (asked, error) => {
  const service = await oauth.client({
    grants: ['client_credentials'],
    scopes: ['openid', 'jobs.read'],
    audiences: ['https://api.example'],
  })
  const answer = await oauth.token(service, { ...grant, ...asked })
  expect(answer.body['error']).toBe(error)
  expect(answer.status).toBe(400)
})

test('a resource of its list becomes the audience', async () => {
  const service = await oauth.client({
    grants: ['client_credentials'],
    audiences: ['https://api.example', 'https://b.example'],
  })
  const one = await oauth.token(service, { ...grant, resource: 'https://api.example' })
  expect(claimsOf(one.body['access_token'])['aud']).toBe('https://api.example')
  const two = await oauth.token(service, { ...grant, resource: ['https://api.example', 'https://b.example'] })
  expect(claimsOf(two.body['access_token'])['aud']).toEqual(['https://api.example', 'https://b.example'])
})

test('a service gets a vhost-bound broker token in one call, by its own rules', async () => {
  const service = await oauth.client({ id: 'invoicer', grants: ['client_credentials'] })
  await oauth.server.instance.core.rules.create(
    {
      subjectKind: 'client',
      subject: 'invoicer',
      vhost: 'prod',
      write: ['invoices-*'],
      read: ['invoices-*'],
      tags: ['management'],
    },
    OPERATOR,
  )
  const all = await oauth.token(service, { ...grant, resource: 'main', vhost: 'prod' })
  expect(all.body).toMatchObject({ vhost: 'prod', broker: 'main' })
  expect(claimsOf(all.body['access_token'])).toMatchObject({
    sub: 'invoicer',
    client_id: 'invoicer',
    aud: ['rabbitmq'],
    vhost: 'prod',
    scope: 'rabbitmq.write:prod/invoices-*/* rabbitmq.read:prod/invoices-*/* rabbitmq.tag:management',
  })
  for (const form of [
    { scope: 'vhost:prod' },
    { audience: 'rabbitmq', vhost: 'prod' },
    { resource: 'urn:leveret:broker:main', scope: 'vhost:prod' },
    { vhost: 'prod' },
  ])
    expect(claimsOf((await oauth.token(service, { ...grant, ...form })).body['access_token'])['vhost']).toBe('prod')
})

test('a part of the rights can be asked for, and only what the rules cover is given', async () => {
  const service = await oauth.client({ id: 'narrow', grants: ['client_credentials'] })
  await oauth.server.instance.core.rules.create(
    { subjectKind: 'client', subject: 'narrow', vhost: 'prod', write: ['a-*'], read: ['*'] },
    OPERATOR,
  )
  const scopeFor = async (scope: string) => (await oauth.token(service, { ...grant, scope })).body
  expect((await scopeFor('rabbitmq.write:prod/a-1/*'))['scope']).toBe('rabbitmq.write:prod/a-1/*')
  expect((await scopeFor('rabbitmq.write:prod/b/* rabbitmq.read:prod/b'))['scope']).toBe('rabbitmq.read:prod/b/*')
  expect((await scopeFor('rabbitmq.write:prod/*/*'))['error']).toBe('access_denied')
  expect((await scopeFor('rabbitmq.tag:administrator'))['error']).toBe('access_denied')
  expect((await scopeFor('rabbitmq.read:prod/b/* rabbitmq.read:test/b/*'))['error']).toBe('invalid_scope')
  expect((await scopeFor('rabbitmq.read:{vhost}/*/*'))['error']).toBe('access_denied')
})

test('authorization_details of RabbitMQ ask for the same in another way', async () => {
  const service = await oauth.client({ id: 'detailed', grants: ['client_credentials'] })
  await oauth.server.instance.core.rules.create(
    { subjectKind: 'client', subject: 'detailed', vhost: 'prod', write: ['a-*'], read: ['*'] },
    OPERATOR,
  )
  const details = (location: string) =>
    JSON.stringify([{ type: 'rabbitmq', locations: [location], actions: ['read', 'write'] }])
  const good = await oauth.token(service, {
    ...grant,
    authorization_details: details('cluster:rabbitmq/vhost:prod/queue:a-1'),
  })
  expect(good.body['scope']).toBe('rabbitmq.read:prod/a-1/* rabbitmq.write:prod/a-1/*')
  expect(good.body['authorization_details']).toEqual(JSON.parse(details('cluster:rabbitmq/vhost:prod/queue:a-1')))
  const everywhere = await oauth.token(service, { ...grant, authorization_details: details('cluster:rabbitmq') })
  expect(everywhere.body['error']).toBe('invalid_authorization_details')
})

test('a grant of a JWT writes nothing to the storage', async () => {
  const service = await oauth.client({ grants: ['client_credentials'], scopes: ['jobs.read'] })
  const { core } = oauth.server.instance
  await core.audit.flush()
  const before = await core.audit.list({ limit: 500 })
  for (let count = 0; count < 20; count++) expect((await oauth.token(service, grant)).status).toBe(200)
  expect((await core.audit.list({ limit: 500 })).rows.length).toBe(before.rows.length)
  expect(oauth.server.logs()).toContain(`"client":"${service.client.id}"`)
})

test('a public client, a client without the grant, and a wrong secret are refused in the words of RFC 6749', async () => {
  const app = await oauth.client({ confidential: false, authMethod: 'none' })
  expect((await oauth.token(app, grant)).body['error']).toBe('unauthorized_client')
  const other = await oauth.client({})
  expect((await oauth.token(other, grant)).body['error']).toBe('unauthorized_client')
  const wrong = await oauth.token({ ...other, basic: `Basic ${btoa(`${other.client.id}:wrong`)}` }, grant)
  expect(wrong.status).toBe(401)
  expect(wrong.headers.get('www-authenticate')).toContain('Basic')
  expect(wrong.body['error']).toBe('invalid_client')
})

test.each([
  ['grant_type=client_credentials&grant_type=password', 'application/x-www-form-urlencoded', 'invalid_request', 400],
  ['grant_type=', 'application/x-www-form-urlencoded', 'invalid_request', 400],
  ['grant_type=magic', 'application/x-www-form-urlencoded', 'unsupported_grant_type', 400],
  ['{"grant_type":"client_credentials"}', 'application/json', 'invalid_request', 400],
])('the body %s as %s is %s', async (body, type, error, status) => {
  const response = await oauth.server.fetch('/auth/oauth/token', {
    method: 'POST',
    body,
    headers: { 'content-type': type },
  })
  expect(response.status).toBe(status)
  expect(await response.json()).toMatchObject({ error, error_description: expect.any(String) })
})
