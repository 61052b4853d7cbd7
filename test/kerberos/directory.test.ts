/** A realm that proves people and an LDAP directory that knows them, as one source. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { describeKdc, type Kdc, REALM, startKdc } from '../harness/kdc.ts'
import { OPERATOR, type TestServer } from '../harness/server.ts'
import { BASE, SERVICE, type Slapd, startSlapd } from '../harness/slapd.ts'
import { curlLogin, lastLogin, sectionOf, startServerOf, typed } from './realm.ts'

describeKdc('a realm with a directory', () => {
  let kdc: Kdc
  let slapd: Slapd
  let server: TestServer
  beforeAll(async () => {
    ;[kdc, slapd] = await Promise.all([
      startKdc({ people: { alice: 'realm secret', stranger: 'stranger secret' } }),
      startSlapd(),
    ])
    const directory = {
      type: 'ldap',
      id: 'directory',
      provision: false,
      urls: [slapd.ldaps],
      tls: { caFile: slapd.caFile },
      bindDn: SERVICE.bindDn,
      bindPassword: { env: 'SVC' },
      baseDn: BASE,
    }
    const login = [{ type: 'local', id: 'local' }, { ...sectionOf(kdc), lookup: 'directory', resync: '1h' }, directory]
    server = await startServerOf({}, { login }, { env: { SVC: SERVICE.bindPassword } })
    const { rules } = server.instance.core
    await rules.create({ subjectKind: 'group', subject: 'API_PERM_WRITE', vhost: 'prod', preset: 'owner' }, OPERATOR)
  })
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await slapd?.[Symbol.asyncDispose]()
    await kdc?.[Symbol.asyncDispose]()
  })

  test('lets in by ticket and password, with groups, mail and name of the directory', async () => {
    expect(await curlLogin(server, await kdc.logIn('alice', 'realm secret'))).toMatchObject({ status: 200 })
    const { users } = server.instance.core
    const alice = await users.get('alice')
    expect(alice).toMatchObject({ source: 'realm', externalId: `alice@${REALM}`, email: 'alice@corp.example' })
    expect(alice?.displayName).toBe('Alice Example')
    expect(alice && (await users.subject(alice)).groups).toContain('API_PERM_WRITE')
    expect((await typed(server, 'alice', 'realm secret')).status).toBe(200)
    // Her password of the directory is not asked for: that one only knows her.
    expect((await typed(server, 'alice', 'alice secret')).status).toBe(401)
  })

  test('does not let in whom the directory does not know', async () => {
    expect((await curlLogin(server, await kdc.logIn('stranger', 'stranger secret'))).status).toBe(401)
    expect((await lastLogin(server))?.detail).toMatchObject({ reason: 'not-allowed', explanation: 'no such entry' })
  })

  test('gives no tokens for the name of somebody who is gone from the directory', async () => {
    const session = await typed(server, 'alice', 'realm secret')
    const { id_token: token } = (await session.json()) as { id_token: string }
    const exchange = () =>
      server.fetch('/auth/session/token', { method: 'POST', headers: { authorization: `Bearer ${token}` } })
    expect((await exchange()).status).toBe(200)
    await slapd.change(`dn: cn=Alice,ou=User,${BASE}\nchangetype: delete\n`)
    server.clock.advance(10 * 60_000)
    expect((await exchange()).status).toBe(401)
  })
})
