import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type ClientEnv, describeKdc, type Kdc, REALM, startKdc } from '../harness/kdc.ts'
import { bodyOf, type TestServer } from '../harness/server.ts'
import { curlLogin, lastLogin, makeTokens, present, sectionOf, startServerOf, typed } from './realm.ts'

const NOT_ACCEPTED = { code: 'invalid_credentials', detail: 'The ticket is not accepted; log in with a password' }
const NTLM = 'TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw=='

describeKdc('tickets of a realm', () => {
  let kdc: Kdc
  let server: TestServer
  let alice: ClientEnv
  beforeAll(async () => {
    kdc = await startKdc({
      people: { alice: 'alice secret', 'alice/admin': 'admin secret', mallory: 'mallory secret' },
    })
    await kdc.admin('addprinc -randkey HTTP/elsewhere', `ktadd -k ${kdc.keytab} HTTP/elsewhere`)
    alice = await kdc.logIn('alice', 'alice secret')
    server = await startServerOf({ ...sectionOf(kdc), deny: [`mallory@${REALM}`] }, { throttle: { freeAttempts: 100 } })
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await kdc?.[Symbol.asyncDispose]()
  })

  async function refused(answer: Response): Promise<unknown> {
    expect(answer.status).toBe(401)
    expect(answer.headers.get('www-authenticate')).toBe('Negotiate')
    expect(await bodyOf(answer)).toMatchObject(NOT_ACCEPTED)
    return (await lastLogin(server))?.detail?.['explanation']
  }
  const first = async (env: ClientEnv, service?: string) => (await makeTokens(env, 1, service))[0] ?? ''

  test('log in with curl, and the server proves itself in turn', async () => {
    const answer = await curlLogin(server, alice)
    expect(answer).toMatchObject({ status: 200, body: { username: 'alice', vhost: 'prod', broker: 'main' } })
    expect(answer.challenges.at(-1)).toMatch(/^Negotiate [A-Za-z0-9+/]{20,}=*$/)
    expect(await lastLogin(server)).toMatchObject({ outcome: 'ok', target: 'user:alice', detail: { source: 'realm' } })
    expect(await server.instance.core.users.get('alice')).toMatchObject({ externalId: `alice@${REALM}` })
  })

  test('may name the vhost and the broker', async () => {
    const json = ['-H', 'content-type: application/json', '-d', JSON.stringify({ vhost: 'prod', broker: 'main' })]
    expect(await curlLogin(server, alice, ...json)).toMatchObject({ status: 200, body: { vhost: 'prod' } })
  })

  test('are asked of whoever has none, who may then type', async () => {
    expect(await curlLogin(server, undefined)).toMatchObject({ status: 401, challenges: ['Negotiate'] })
    expect((await typed(server, 'alice', 'alice secret')).status).toBe(200)
    expect((await typed(server, server.admin.username, server.admin.password)).status).toBe(200)
  })

  test('log in once each', async () => {
    const token = await first(alice)
    expect((await present(server, token)).status).toBe(200)
    expect(await refused(await present(server, token))).toContain('replay')
    expect((await present(server, await first(alice))).status).toBe(200)
  })

  test('of another service, though its key is in the keytab, open nothing here', async () => {
    const token = await first(alice, `HTTP/elsewhere@${REALM}`)
    expect(await refused(await present(server, token))).toContain(`the ticket is for HTTP/elsewhere@${REALM}`)
  })

  test('of who is denied or of several parts open nothing', async () => {
    const mallory = await kdc.logIn('mallory', 'mallory secret')
    expect(await refused(await present(server, await first(mallory)))).toBe(`mallory@${REALM} is not allowed`)
    const admin = await kdc.logIn('alice/admin', 'admin secret')
    expect(await refused(await present(server, await first(admin)))).toBe(`alice/admin@${REALM} has several parts`)
  })

  test('that were changed on the way open nothing', async () => {
    const bytes = Buffer.from(await first(alice), 'base64')
    // The head of a token is in the clear and says nothing that counts; the rest is sealed.
    for (const at of [0, Math.floor(bytes.length / 2), bytes.length - 100, bytes.length - 1]) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 0x41
      expect(await refused(await present(server, changed.toString('base64')))).toBeString()
    }
    for (const token of ['AAAA', 'YIIC', Buffer.alloc(8_000, 0x60).toString('base64')])
      expect(await refused(await present(server, token))).toBeString()
    expect((await present(server, await first(alice))).status).toBe(200)
  })

  test('are not what NTLM sends, which no keytab is troubled with', async () => {
    expect(await refused(await present(server, NTLM))).toBe('NTLM')
  })
})
