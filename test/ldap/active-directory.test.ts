import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { AD_BASE, describeSamba, type Samba, startSamba, unicodePassword } from '../harness/samba.ts'
import { entry } from '../harness/slapd-people.ts'
import { until } from '../harness/until.ts'
import { blockOf } from './guide.ts'
import { openLdap, outcome, type Section, verify } from './source.ts'

const SVC = { bindDn: 'svc@ad.example', bindPassword: { env: 'SVC_AD' } }
const at = (name: string) => `CN=${name},CN=Users,${AD_BASE}`

function person(name: string, more: Readonly<Record<string, string>> = {}): string {
  const account = name.toLowerCase()
  return entry(at(name), {
    objectClass: 'user',
    sAMAccountName: account,
    userPrincipalName: `${account}@ad.example`,
    displayName: `${name} Example`,
    mail: `${account}@ad.example`,
    unicodePwd: unicodePassword(secretOf(account)),
    userAccountControl: '512',
    ...more,
  })
}

function group(name: string, members: readonly string[], place = `CN=Users,${AD_BASE}`): string {
  return entry(`CN=${name},${place}`, {
    objectClass: 'group',
    sAMAccountName: `${name}${place.length}`,
    member: members.map(at),
  })
}

function secretOf(name: string): string {
  return `${name} Secret 1!`
}

const PEOPLE = [
  ...['Svc', 'Alice', 'Bob', 'Carol', 'Leaver'].map((name) => person(name)),
  person('Disabled', { userAccountControl: '514' }),
  person('Expired', { accountExpires: '132000000000000000' }),
  person('Must', { pwdLastSet: '0' }),
  person('Locked'),
  // Her principal name is the mail address of somebody else.
  person('Mallory', { userPrincipalName: 'boss@ad.example' }),
  person('Victim', { mail: 'boss@ad.example' }),
  entry(`OU=Wild,${AD_BASE}`, { objectClass: 'organizationalUnit' }),
  entry(`OU=Groups,${AD_BASE}`, { objectClass: 'organizationalUnit' }),
  group('team', ['Carol']),
  group('allowed_to_login', ['Alice', 'team']),
  group('API_PERM_READ', ['allowed_to_login', 'Bob']),
  group('API_PERM_WRITE', ['Alice']),
  group('only_here', ['Bob'], `OU=Wild,${AD_BASE}`),
].join('')

describeSamba('people of an Active Directory', () => {
  let samba: Samba
  beforeAll(async () => {
    samba = await startSamba()
    await samba.tool('domain', 'passwordsettings', 'set', '--account-lockout-threshold=3')
    await samba.change(PEOPLE)
  }, 60_000)
  afterAll(() => samba?.[Symbol.asyncDispose]())

  const env = { SVC_AD: secretOf('svc') }
  const way = () => ({ urls: [samba.ldaps], tls: { caFile: samba.caFile }, baseDn: AD_BASE })
  const open = (more: Section = {}) => openLdap({ ...way(), domain: 'ad.example', ...more }, env)
  const withService = (more: Section = {}) => openLdap({ ...way(), preset: 'ad', ...SVC, ...more }, env)

  test('come with the six keys of older systems', async () => {
    const written = (await blockOf('plugins/login/ldap/README.md', 'address ='))
      .replace('dc1.corp.example', samba.address)
      .replace('dc=corp,dc=example', AD_BASE)
      .replace('domain = "corp.example"', 'domain = "ad.example"')
      .replace('/etc/leveret/corp-ca.pem', samba.caFile)
    const { login } = Bun.TOML.parse(written) as { login: Section[] } // our own guide
    await using source = await openLdap(login[0] ?? {})
    expect(await verify(source, 'alice', secretOf('alice'))).toMatchObject({
      ok: true,
      identity: {
        externalId: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
        username: 'alice',
        email: 'alice@ad.example',
        groups: expect.arrayContaining(['READ', 'WRITE']),
      },
    })
    expect(await outcome(source, 'carol', secretOf('carol'))).toEqual(['READ'])
    expect(await outcome(source, 'bob', secretOf('bob'))).toBe('not-allowed')
  })

  test('are the same whatever they type, and whoever searches', async () => {
    await using direct = await open()
    await using short = await open({ domain: 'AD' })
    await using service = await withService({ domain: 'ad.example' })
    const ids = new Set<string>()
    for (const source of [direct, service]) {
      for (const typed of [
        'alice',
        'ALICE',
        'alice@ad.example',
        'Alice@AD.EXAMPLE',
        'AD\\alice',
        'ad.example\\Alice',
      ]) {
        const verdict = await verify(source, typed, secretOf('alice'))
        ids.add(
          verdict.ok
            ? `${verdict.identity.username} ${verdict.identity.externalId}`
            : `${typed}: ${verdict.why} ${verdict.detail}`,
        )
      }
    }
    for (const typed of ['alice', 'AD\\Alice']) {
      const verdict = await verify(short, typed, secretOf('alice'))
      ids.add(
        verdict.ok
          ? `${verdict.identity.username} ${verdict.identity.externalId}`
          : `${typed}: ${verdict.why} ${verdict.detail}`,
      )
    }
    expect([...ids]).toEqual([expect.stringMatching(/^alice /)])
  })

  test('cannot take the account of somebody by a principal name of their own', async () => {
    await using source = await open({ userSearch: { filter: '(&(objectClass=user)(mail={principal}))' } })
    expect(await verify(source, 'boss', secretOf('mallory'))).toMatchObject({ ok: false, why: 'credentials' })
    expect(await verify(source, 'alice', secretOf('alice'))).toMatchObject({ ok: true })
  })

  test('are refused for one reason to them, told apart for the operator', async () => {
    await using source = await open()
    const whyOf = async (name: string, password = secretOf(name)) => {
      const verdict = await verify(source, name, password)
      return verdict.ok ? 'ok' : `${verdict.why}: ${verdict.detail}`
    }
    expect(await whyOf('disabled')).toBe('disabled: the account is disabled')
    expect(await whyOf('expired')).toBe('expired: the account has expired')
    expect(await whyOf('must')).toBe('expired: the password must be changed first')
    expect(await whyOf('alice', 'wrong')).toMatch(/^credentials: .*data 52e/)
    expect(await whyOf('ghost', 'wrong')).toMatch(/^credentials: .*data 52e/)
    expect(await whyOf('alice', '')).toMatch(/^credentials: empty/)
    for (let attempt = 0; attempt < 3; attempt += 1) await whyOf('locked', 'wrong')
    expect(await whyOf('locked')).toBe('locked: locked after wrong passwords')
  })

  describe('are in groups', () => {
    test.each([
      ['memberof', ['team']],
      ['recursive', ['API_PERM_READ', 'allowed_to_login', 'team']],
      ['ad_chain', ['API_PERM_READ', 'allowed_to_login', 'team']],
      ['token_groups', ['API_PERM_READ', 'Domain Users', 'Users', 'allowed_to_login', 'team']],
    ])('as %s finds them', async (mode, expected) => {
      await using source = await withService({ groups: { mode } })
      const found = await outcome(source, 'carol', secretOf('carol'))
      // The built-in ones are below another container and come with Windows, not with us.
      expect(found).toEqual(expected)
    })

    test.each(['memberof', 'recursive', 'ad_chain', 'token_groups'])('below the group base only: %s', async (mode) => {
      await using source = await withService({ groups: { mode, baseDn: `CN=Users,${AD_BASE}` } })
      expect(await outcome(source, 'bob', secretOf('bob'))).not.toContain('only_here')
      await using anywhere = await withService({ groups: { mode } })
      expect(await outcome(anywhere, 'bob', secretOf('bob'))).toContain('only_here')
    })
  })

  test('are found again by their id, and refused when disabled or gone', async () => {
    await using source = await withService()
    const verdict = await verify(source, 'leaver', secretOf('leaver'))
    const externalId = verdict.ok ? verdict.identity.externalId : ''
    const again = () => source.refresh?.({ externalId, username: 'leaver', signal: new AbortController().signal })
    await samba.change(`dn: ${at('Leaver')}\nchangetype: modrdn\nnewrdn: CN=Renamed\ndeleteoldrdn: 1\n`)
    await samba.change(`dn: ${at('Renamed')}\nchangetype: modify\nreplace: sAMAccountName\nsAMAccountName: renamed\n`)
    expect(await again()).toMatchObject({ ok: true, identity: { externalId, username: 'renamed' } })
    const set = (attribute: string, value: string) =>
      samba.change(`dn: ${at('Renamed')}\nchangetype: modify\nreplace: ${attribute}\n${attribute}: ${value}\n`)
    await set('accountExpires', '132000000000000000')
    expect(await again()).toMatchObject({ why: 'disabled', detail: 'the account has expired' })
    await set('accountExpires', '9223372036854775807')
    expect(await again()).toMatchObject({ ok: true })
    await set('userAccountControl', '514')
    expect(await again()).toMatchObject({ why: 'disabled', detail: 'the account is disabled' })
    await samba.change(`dn: ${at('Renamed')}\nchangetype: delete\n`)
    expect(await again()).toMatchObject({ ok: false, why: 'credentials' })
  })

  test('are reached over StartTLS as well; without TLS the server itself refuses', async () => {
    await using upgraded = await open({ urls: [samba.ldap], startTls: true })
    expect(await verify(upgraded, 'alice', secretOf('alice'))).toMatchObject({ ok: true })
    await using plain = await open({ urls: [samba.ldap], allowPlaintext: true })
    expect(await verify(plain, 'alice', secretOf('alice'))).toMatchObject({ ok: false, why: 'unavailable' })
  })

  test('are unavailable, not refused, while the domain controller is frozen', async () => {
    await using source = await open({ connectTimeoutMs: 400, operationTimeoutMs: 400, loginDeadlineMs: 1_000 })
    samba.freeze()
    try {
      expect(await verify(source, 'alice', secretOf('alice'))).toMatchObject({ ok: false, why: 'unavailable' })
    } finally {
      samba.thaw()
    }
    expect(await until(async () => (await verify(source, 'alice', secretOf('alice'))).ok)).toBe(true)
  })
})
