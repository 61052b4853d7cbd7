/** What must not get out, or get in, by an answer or a log line. */
import { expect, test } from 'bun:test'
import { signingKeys } from '../../src/core/keys/records.ts'
import { createSealer } from '../../src/core/keys/sealing.ts'
import { repository } from '../../src/core/storage/repository.ts'
import { credentials } from '../../src/core/users/records.ts'
import { createLog } from '../../src/log.ts'
import { bodyOf, breakStorage, startTestServer, type TestServer } from '../harness/server.ts'

const POISON = {
  host: 'evil.example',
  'x-forwarded-host': 'evil.example',
  'x-forwarded-proto': 'gopher',
  'x-forwarded-prefix': '/evil',
  'x-original-url': '/evil',
  'x-rewrite-url': '/evil',
  forwarded: 'host=evil.example;proto=gopher;for=192.0.2.66',
}

test('row 27 (GHSA-2wmj-46rj-qm2w): issuer, addresses and tokens do not come from the request', async () => {
  for (const trustedProxies of [[], ['127.0.0.1']]) {
    await using server = await startTestServer({ path: '/sso', config: { trustedProxies } })
    const open = server.instance.endpoints().filter(({ method, access }) => method === 'GET' && access === 'public')
    for (const { path } of open) {
      const answer = await server.fetch(path, { headers: POISON })
      const text = `${JSON.stringify([...answer.headers])}${await answer.text()}`
      expect([path, text.includes('evil'), text.includes('gopher')]).toEqual([path, false, false])
    }
    const discovery = await bodyOf(await server.fetch('/.well-known/openid-configuration', { headers: POISON }))
    expect(discovery).toMatchObject({ issuer: server.issuer, jwks_uri: `${server.issuer}/auth/oauth/jwks` })
    await server.asAdmin('/users')
    const body = JSON.stringify({ ...server.admin, vhost: 'administration' })
    const headers = { ...POISON, 'content-type': 'application/json' }
    const { id_token } = await bodyOf(await server.fetch('/auth/session/login', { method: 'POST', headers, body }))
    const claims = Buffer.from(String(id_token).split('.')[1] ?? '', 'base64url').toString()
    expect(JSON.parse(claims)).toMatchObject({ iss: server.issuer, aud: server.issuer })
  }
})

test('row 35 (CVE-2021-20323): hostile names in an error stay in JSON that no browser takes for a page', async () => {
  await using server = await startTestServer()
  const name = '<script>alert(1)</script>'
  const answers = [
    await server.asAdmin('/users', { method: 'POST', json: { username: 'x', [name]: name, __proto__: null } }),
    await server.asAdmin(`/users?${encodeURIComponent(name)}=1`),
    await server.asAdmin(`/users/${encodeURIComponent(name)}`, { headers: { accept: 'text/html' } }),
    await server.fetch(`/${encodeURIComponent(name)}`, { headers: { accept: 'text/html' } }),
  ]
  for (const { status, headers } of answers) {
    expect(status).toBeWithin(400, 500)
    expect(headers.get('content-type')).toBe('application/problem+json')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('content-security-policy')).toContain("default-src 'none'")
  }
})

test('row 39 (CVE-2018-0114): keys that a token says where to fetch are not fetched', async () => {
  await using server = await startTestServer()
  let asked = 0
  using trap = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response(String(++asked)) })
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
  for (const member of ['jku', 'x5u', 'jwk_uri']) {
    const header = { alg: 'ES256', typ: 'identity+jwt', kid: 'mine', [member]: `http://127.0.0.1:${trap.port}/` }
    const claims = { iss: server.issuer, aud: server.issuer, sub: 'root', exp: 9_999_999_999 }
    const authorization = `Bearer ${encoded(header)}.${encoded(claims)}.c2ln`
    expect((await server.fetch('/users', { headers: { authorization } })).status).toBe(401)
  }
  expect(asked).toBe(0)
})

test('row 43 (CVE-2020-15223): logging out on a storage that fails is not said to be done', async () => {
  await using server = await startTestServer()
  await server.asAdmin('/users')
  const token = await server.login({ ...server.admin, vhost: 'administration' })
  breakStorage(server)
  const headers = { authorization: `Bearer ${token}` }
  const answer = await server.fetch('/auth/session/logout', { method: 'POST', headers })
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1'])
})

/** What an attacker writes where a name is expected: a line of its own, a colour, a way back over the line. */
const INJECTIONS = [
  'alice\n{"level":"info","message":"forged"}',
  'alice\r\nforged',
  'alice\u2028forged\u2029forged',
  '\u001b[2J\u001b[1;31mforged',
  '\u009b2Jforged\u0085forged',
  'alice\b\b\b\b\bforged',
  '\u202egrof',
]

test('row 49 (CVE-2023-6484): whatever stands in a logged field, a line stays one line', async () => {
  await using server = await startTestServer({ config: { trustedProxies: ['127.0.0.1'] } })
  for (const text of INJECTIONS) {
    await server.fetch('/auth/session/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-for': '192.0.2.1', 'user-agent': 'x' },
      body: JSON.stringify({ username: text, password: text, vhost: 'prod' }),
    })
    await server.asAdmin(`/users/${encodeURIComponent(text)}:unlock`, { method: 'POST' })
    await server.asAdmin(`/groups/${encodeURIComponent(text)}/members/x`, { method: 'PUT' })
    await server.asAdmin('/rabbitmq/rules', {
      method: 'POST',
      json: { subjectKind: 'user', subject: text, vhost: text },
    })
  }
  const lines = server.logs().trimEnd().split('\n')
  expect(lines.length).toBeGreaterThan(INJECTIONS.length)
  for (const line of lines) {
    expect(line).toMatch(/^[\x20-\x7e\u00a0-\u2027\u202f-\u2065\u206a-\uffff]+$/)
    expect((JSON.parse(line) as { message: string }).message).not.toBe('forged')
  }
})

test('row 49: in the log for people too', () => {
  let written = ''
  const log = createLog({ format: 'pretty', level: 'debug', now: () => 0, write: (lines) => (written += lines) })
  for (const text of INJECTIONS) log.info(text, { [text]: text, actor: `user:${text}` })
  log.flush()
  const lines = written.trimEnd().split('\n')
  expect(lines).toHaveLength(INJECTIONS.length)
  for (const line of lines) {
    expect(line).toStartWith('00:00:00.000 \u001b[32minfo \u001b[0m ')
    expect(line.slice(line.indexOf('\u001b[0m') + 4)).toMatch(/^[\x20-\x7e]+$/)
  }
})

test('row 50 (CVE-2026-90942): no answer at any role holds a private key, a hash or a secret', async () => {
  const brokerSecret = 'a-broker-secret-of-some-length'
  await using server = await startTestServer({
    config: { rabbitmq: { httpAuth: { secret: { env: 'BROKER_SECRET' }, allow: ['127.0.0.1'] } } },
    env: { BROKER_SECRET: brokerSecret },
  })
  for (const algorithm of ['ES256', 'RS256', 'EdDSA'])
    await server.asOperator('/keys', { method: 'POST', json: { algorithm } })
  const canaries = [...(await secretsOf(server)), brokerSecret, server.admin.password]
  expect(canaries.length).toBeGreaterThan(15)
  for (const endpoint of server.instance.endpoints().filter(({ method }) => method === 'GET')) {
    const path = endpoint.path.replace(/\/:(\w+)/g, (_, name: string) => (name === 'name' ? '/main' : '/root'))
    for (const ask of ['fetch', 'asAdmin', 'asOperator'] as const) {
      const answer = await server[ask](path)
      const text = `${JSON.stringify([...answer.headers])}${await answer.text()}`
      const found = canaries.filter((canary) => text.includes(canary))
      expect([path, found]).toEqual([path, []])
      expect(text).not.toMatch(/PRIVATE KEY|\$argon2|"(?:d|p|q|dp|dq|qi|k)":"/)
    }
  }
})

/** Every private member of every signing key, the sealed forms, the hashes and the master key. */
async function secretsOf({ instance: { core } }: TestServer): Promise<string[]> {
  const masterKey = Buffer.alloc(32, 7)
  const sealer = createSealer(masterKey, core.world)
  const found = [masterKey.toString('base64'), masterKey.toString('hex')]
  for await (const { kid, sealedPrivate, publicJwk } of repository(core.storage, signingKeys).all()) {
    if (sealedPrivate === null) continue
    const place = { purpose: 'signing', collection: 'signing_key', key: kid }
    const jwk = JSON.parse(sealer.open(sealedPrivate, place)) as Record<string, string>
    found.push(sealedPrivate, ...Object.keys(jwk).flatMap((member) => (member in publicJwk ? [] : [jwk[member] ?? ''])))
  }
  for await (const { value } of repository(core.storage, credentials).all()) found.push(value)
  return found
}
