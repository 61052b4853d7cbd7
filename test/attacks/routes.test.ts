/** Attacks on any endpoint: each is tried on every one of the table, also on those that are added later. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Endpoint } from '../../src/http/endpoint.ts'
import { rawRequest } from '../harness/raw-http.ts'
import { bodyOf, startTestServer, type TestServer } from '../harness/server.ts'

await using table = await startTestServer({ listen: false })
const endpoints = table.instance.endpoints()
const named = (some: readonly Endpoint[]) => some.map((endpoint) => [endpoint.method, endpoint.path, endpoint] as const)

let server: TestServer
beforeAll(async () => {
  server = await startTestServer()
})
afterAll(() => server[Symbol.asyncDispose]())

const addressOf = ({ path }: Endpoint) => path.replace(/\/:[A-Za-z]+/g, '/alice')
const MEDIA: Partial<Record<NonNullable<Endpoint['takes']>, string>> = { 'merge-patch': 'application/merge-patch+json' }
const typeOf = ({ takes = 'json' }: Endpoint) =>
  MEDIA[takes] ?? (takes === 'json' ? 'application/json' : 'application/x-www-form-urlencoded')
const content = (endpoint: Endpoint) =>
  endpoint.method === 'GET' ? {} : { headers: { 'content-type': typeOf(endpoint) }, body: '' }

describe('row 32 (CVE-2025-4210): without credentials', () => {
  const closed = endpoints.filter(({ access }) => access !== 'public')

  test.each(named(closed.filter(({ access }) => access !== 'operator')))('%s %s answers 401', async (...row) => {
    const endpoint = row[2]
    const { method } = endpoint
    const answer = await server.fetch(addressOf(endpoint), { method, ...content(endpoint) })
    expect(answer.status).toBe(401)
  })

  test.each(named(closed.filter(({ access }) => access === 'operator')))(
    '%s %s is not there, not even for administrators',
    async (...row) => {
      const endpoint = row[2]
      const init = { method: endpoint.method, ...content(endpoint) }
      const answers = [await server.fetch(addressOf(endpoint), init), await server.asAdmin(addressOf(endpoint), init)]
      expect(answers.map(({ status }) => status)).toEqual([404, 404])
    },
  )

  test('nothing is public that manages users, groups, keys, rules or the server', () => {
    const managing =
      /^\/(?:admin|audit|control|groups|keys|rabbitmq|users|auth\/(?:permissions|resources|tokens))(?:[/:]|$)/
    const open = endpoints.filter(({ access, path }) => access === 'public' && managing.test(path))
    expect(open.map(({ method, path }) => `${method} ${path}`)).toEqual([])
  })

  test.each(named(endpoints.filter(({ access }) => access === 'admin')))(
    '%s %s is not for those who merely have a token',
    async (...row) => {
      const endpoint = row[2]
      const { method } = endpoint
      const authorization = `Bearer ${await memberToken()}`
      const sent = content(endpoint)
      const answer = await server.fetch(addressOf(endpoint), {
        method,
        ...sent,
        headers: { ...sent.headers, authorization },
      })
      expect([answer.status, (await bodyOf(answer))['code']]).toEqual([403, 'forbidden'])
    },
  )
})

let token: Promise<string> | undefined
/** Of somebody who is no administrator. */
function memberToken(): Promise<string> {
  token ??= (async () => {
    const who = { username: 'mallory', password: 'vexing-Quartz-41-sphinx' }
    await server.asAdmin('/users', { method: 'POST', json: who })
    const rule = { subjectKind: 'user', subject: 'mallory', vhost: 'prod', preset: 'owner' }
    await server.asAdmin('/rabbitmq/rules', { method: 'POST', json: rule })
    return server.login(who)
  })()
  return token
}

describe('row 33 (CVE-2023-34927): what changes something does not take from a page of another site', () => {
  const PAGES: readonly Readonly<Record<string, string>>[] = [
    { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    { 'sec-fetch-site': 'same-site', origin: 'http://other.login.example' },
    { origin: 'null' },
    { origin: 'http://login.example.evil.example' },
  ]
  const changing = endpoints.filter(({ method, access }) => method !== 'GET' && access !== 'operator')
  // What says `crossSite` reads no cookie, or guards itself: its own tests show that.
  test.each(named(changing.filter(({ crossSite }) => !crossSite)))('%s %s', async (...row) => {
    const endpoint = row[2]
    for (const page of PAGES) {
      const headers = { 'content-type': typeOf(endpoint), ...page }
      const answer = await server.asAdmin(addressOf(endpoint), { method: endpoint.method, headers, body: '' })
      const refused = endpoint.errors === 'oauth' ? { error: 'access_denied' } : undefined
      expect([page, answer.status]).toEqual([page, refused ? 400 : 403])
      if (refused) expect(await bodyOf(answer)).toMatchObject(refused)
    }
  })

  test('nothing that changes something is a GET by another name', async () => {
    for (const headers of [{ 'x-http-method-override': 'DELETE' }, { 'x-http-method': 'DELETE' }]) {
      await server.asAdmin('/groups', { method: 'POST', json: { name: 'kept' } })
      await server.asAdmin('/groups/kept?_method=DELETE', { headers })
      expect((await server.asAdmin('/groups/kept')).status).toBe(200)
    }
  })
})

describe('row 31 (CVE-2019-11278): a list is filtered by what it names and by nothing else', () => {
  test.each(named(endpoints.filter(({ method, query }) => method === 'GET' && query)))('%s %s', async (...row) => {
    const endpoint = row[2]
    for (const name of ['filter', 'sortBy', 'field', 'order', '__proto__', 'password']) {
      const answer = await server.asOperator(`${addressOf(endpoint)}?${name}=passwordHash`)
      const { faults } = (await bodyOf(answer)) as { faults?: { path: string }[] }
      expect([name, answer.status]).toEqual([name, 400])
      expect(faults?.map(({ path }) => path)).toContain(`/${name}`)
    }
  })
})

describe('row 34 (CVE-2019-3794): a page', () => {
  test.each(named(endpoints.filter(({ method, access }) => method === 'GET' && access === 'public')))(
    '%s %s cannot be framed, sniffed or kept, and runs nothing from elsewhere',
    async (...row) => {
      const { headers } = await server.fetch(addressOf(row[2]), { headers: { accept: 'text/html' } })
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('content-security-policy')).toContain("default-src 'none'")
      expect(headers.get('content-security-policy')).not.toMatch(/unsafe-(?:inline|eval)/)
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      // Pages say to our own site where a form comes from, and nothing to any other.
      expect(headers.get('referrer-policy')).toMatch(/^(?:no-referrer|same-origin)$/)
    },
  )
})

test('row 47 (CVE-2026-0976): parameters of path segments, encoded and doubled slashes reach no route', async () => {
  for (const path of ['/users;x=1', '/;/users', '/users%2f', '/%75sers/', '//users', '/x/..;/users']) {
    const { status } = await rawRequest(server.port, [`GET ${path} HTTP/1.1`, 'Host: login.example'])
    expect([path, status]).toEqual([path, 404])
  }
})
