import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { clientConf, type ClientEnv, logInWith } from '../harness/kdc.ts'
import { AD_BASE, describeSamba, REALM, type Samba, startSamba, unicodePassword } from '../harness/samba.ts'
import type { TestServer } from '../harness/server.ts'
import { entry } from '../harness/slapd-people.ts'
import { runTool } from '../harness/tool.ts'
import { curlLogin, lastLogin, makeTokens, present, type Section, startServerOf, typed } from './realm.ts'

const SERVICE = 'HTTP/localhost'
const at = (name: string) => `CN=${name},CN=Users,${AD_BASE}`
const secretOf = (name: string) => `${name} Secret 1!`

function person(name: string, more: Readonly<Record<string, string>> = {}): string {
  const account = name.toLowerCase()
  return entry(at(name), {
    objectClass: 'user',
    sAMAccountName: account,
    userPrincipalName: `${account}@ad.example`,
    unicodePwd: unicodePassword(secretOf(account)),
    userAccountControl: '512',
    ...more,
  })
}
function group(name: string, members: readonly string[]): string {
  return entry(at(name), { objectClass: 'group', sAMAccountName: name, member: members.map(at) })
}

const PEOPLE = [
  // 24: only AES, as a domain of today has it.
  person('Web', { 'msDS-SupportedEncryptionTypes': '24' }),
  ...['Alice', 'Bob', 'Leaver'].map((name) => person(name)),
  person('Disabled', { userAccountControl: '514' }),
  person('Must', { pwdLastSet: '0' }),
  group('team', ['Alice']),
  group('allowed_to_login', ['team', 'Leaver']),
  group('unmapped', ['Alice']),
].join('')

describeSamba('people of an Active Directory', () => {
  let samba: Samba
  let folder: string
  let krb5Conf: string
  let section: Section
  let server: TestServer
  beforeAll(async () => {
    samba = await startSamba()
    folder = await mkdtemp(join(tmpdir(), 'leveret-ad-'))
    krb5Conf = join(folder, 'krb5.conf')
    await Bun.write(krb5Conf, clientConf(REALM, `${samba.address}:${samba.kdcPort}`))
    await samba.change(PEOPLE)
    await samba.tool('spn', 'add', SERVICE, 'web')
    const keytab = join(folder, 'http.keytab')
    const conf = join(samba.folder, 'etc/smb.conf')
    await runTool(['samba-tool', 'domain', 'exportkeytab', `--principal=${SERVICE}`, keytab, '-s', conf])
    const sids = { [await sidOf('allowed_to_login')]: 'staff', [await sidOf('team')]: 'builders' }
    const shared = { type: 'kerberos', id: 'realm', keytab, krb5Conf, services: [SERVICE], realms: [REALM] }
    const replayCache = join(folder, 'replay')
    section = { ...shared, replayCache, directory: 'ad', groups: sids, requiredGroup: 'staff' }
    server = await startServerOf(section, { throttle: { freeAttempts: 100 } })
  }, 60_000)
  afterAll(async () => {
    await server?.[Symbol.asyncDispose]()
    await samba?.[Symbol.asyncDispose]()
    if (folder) await rm(folder, { recursive: true, force: true })
  })

  async function sidOf(account: string): Promise<string> {
    const shown = await samba.tool('group', 'show', account, '--attributes=objectSid')
    return /objectSid: (\S+)/.exec(shown)?.[1] ?? ''
  }
  const logIn = (name: string, ...options: string[]): Promise<ClientEnv> =>
    logInWith({ krb5Conf, folder }, name, secretOf(name.toLowerCase().replace(/@.*/, '')), ...options)

  test('log in with curl, their groups and those of their groups under our names', async () => {
    const answer = await curlLogin(server, await logIn('alice'))
    expect(answer).toMatchObject({ status: 200, body: { username: 'alice' } })
    const { core } = server.instance
    const alice = await core.users.get('alice')
    expect(alice?.externalId).toMatch(/^S-1-5-21-\d+-\d+-\d+-\d+$/)
    const groups = alice ? (await core.users.subject(alice)).groups : []
    expect(groups.toSorted()).toEqual(['builders', 'staff'])
  })

  test('are the same person however the name is spelled, by ticket and by password', async () => {
    for (const env of [await logIn('ALICE'), await logIn('alice@ad.example', '-E')])
      expect(await curlLogin(server, env)).toMatchObject({ status: 200, body: { username: 'alice' } })
    for (const name of ['alice', 'ALICE', 'alice@ad.example', 'Alice@AD.EXAMPLE']) {
      const answer = await typed(server, name, secretOf('alice'))
      expect([name, answer.status]).toEqual([name, 200])
    }
    const { rows } = await server.instance.core.users.list({ limit: 9 })
    expect(rows.filter(({ source }) => source === 'realm').map(({ username }) => username)).toEqual(['alice'])
  })

  test('outside the required group, disabled or with a password to change are refused', async () => {
    const why = async (name: string, password = secretOf(name)) => {
      expect((await typed(server, name, password)).status).toBe(401)
      return (await lastLogin(server))?.detail?.['reason']
    }
    expect(await why('bob')).toBe('not-allowed')
    expect(await why('disabled')).toBe('locked')
    expect(await why('must')).toBe('expired')
    expect(await why('alice', 'wrong')).toBe('credentials')
    expect(await why('nobody')).toBe('credentials')
    const [token = ''] = await makeTokens(await logIn('bob'), 1, `${SERVICE}@${REALM}`)
    expect((await present(server, token)).status).toBe(401)
  })

  test('are people: a machine of the domain is not let in', async () => {
    const keytab = join(folder, 'machine.keytab')
    const conf = join(samba.folder, 'etc/smb.conf')
    await runTool(['samba-tool', 'domain', 'exportkeytab', '--principal=DC1$', keytab, '-s', conf])
    const machine = await logInWith({ krb5Conf, folder }, 'DC1$', '', '-k', '-t', keytab)
    expect(await curlLogin(server, machine)).toMatchObject({ status: 401 })
    expect((await lastLogin(server))?.detail?.['explanation']).toContain('is the account of a machine')
  })

  test('keep their account here under another name of theirs, and lose the groups they left', async () => {
    expect((await typed(server, 'leaver', secretOf('leaver'))).status).toBe(200)
    const { core } = server.instance
    const { id } = (await core.users.get('leaver')) ?? {}
    expect(id).toBeString()
    await samba.change(`dn: ${at('Leaver')}\nchangetype: modify\nreplace: sAMAccountName\nsAMAccountName: stayer\n`)
    expect((await typed(server, 'stayer', secretOf('leaver'))).status).toBe(200)
    expect(await core.users.get('stayer')).toMatchObject({ id, username: 'stayer' })
    await samba.change(`dn: ${at('allowed_to_login')}\nchangetype: modify\ndelete: member\nmember: ${at('Leaver')}\n`)
    expect((await typed(server, 'stayer', secretOf('leaver'))).status).toBe(401)
  })
})
