import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import { config } from '../../plugins/login/ldap/config.ts'
import { dnKey, escapeValue, firstValue, isWithin, parseDn } from '../../plugins/login/ldap/dn.ts'
import { resolveOptions } from '../../plugins/login/ldap/options.ts'
import { ConfigError } from '../../src/config/fault.ts'
import { openLdap, type Section } from './source.ts'

const minimal = { urls: ['ldaps://ldap.corp.example'], baseDn: 'dc=corp,dc=example' }
const service = { bindDn: 'cn=svc,dc=corp', bindPassword: { env: 'SVC' } }

async function faultsOf(section: Section): Promise<string> {
  try {
    await using _source = await openLdap(section)
    return ''
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map(({ path, message }) => `${path}: ${message}`).join('\n')
    throw error
  }
}

describe('a section that cannot be meant', () => {
  test('is refused with all its faults at once', async () => {
    const text = await faultsOf({ ...minimal, tsl: {}, groups: { mode: 'guess', prefix: '' }, maxConcurrent: 0 })
    expect(text).toContain('login[0].tsl: unknown key; did you mean "tls"?')
    expect(text).toContain('login[0].groups.mode: must be "none" or "memberof" or "filter" or ')
    expect(text).toContain('login[0].groups.prefix: must be text that is not empty')
    expect(text).toContain('login[0].maxConcurrent: must be a whole number from 1 to 1000')
  })

  test('in several keys together, too', async () => {
    const text = await faultsOf({
      urls: ['ldap://a.example', 'http://b.example'],
      bindDn: 'EXTERNAL',
      userSearch: { filter: '(uid=alice' },
      groups: { mode: 'filter', filter: '(member={who})' },
      tls: { certFile: 'client.pem' },
    })
    for (const sentence of [
      'baseDn is required',
      'urls[1] must be ldaps://host or ldap://host, perhaps with a port, not "http://b.example"',
      'ldap://a.example would get passwords without TLS: use ldaps://, set startTls = true or, where nobody can listen,',
      'bindPassword is required because bindDn is set',
      'bindDn must be a DN, user@domain or DOMAIN\\user',
      'userSearch.filter must contain {username} or {input} or {principal}',
      'userSearch.filter is no filter',
      'groups.filter may not contain {who}, only {dn} or {username} or {input} or {principal}',
      'tls.keyFile is required because tls.certFile is set',
    ]) {
      expect(text).toContain(sentence)
    }
  })

  test.each<[string, Section]>([
    ['bindDn is required because bindPassword is set', { bindPassword: { env: 'SVC' } }],
    ['userDnTemplate is required with bindMode = "template"', { bindMode: 'template' }],
    ['userDnTemplate must contain {username}', { userDnTemplate: 'cn=alice,dc=corp' }],
    ['userDnTemplate must be a DN', { userDnTemplate: '{username}@corp.example' }],
    ['domain is required with bindMode = "upn"', { bindMode: 'upn' }],
    ['startTls is for ldap:// servers', { startTls: true }],
    ['loginDeadlineMs must be at least connectTimeoutMs', { loginDeadlineMs: 1_000 }],
    ['must be a DN such as', { groups: { baseDn: 'groups' } }],
    ['baseDn and base_dn are one thing', { base_dn: 'dc=corp' }],
    ['urls and address are one thing', { address: 'ldap.corp.example' }],
    ['groups.required and group are one thing', { group: 'a', groups: { required: 'b' } }],
    ['groups.required keeps everybody out', { groups: { required: 'staff', mode: 'none' } }],
    ['groups.required is no DN', { groups: { required: 'cn=staff,x' } }],
    ['tls.ca and tls.caFile exclude each other', { tls: { ca: 'x', caFile: 'y' } }],
  ])('because %s', async (sentence, more) => {
    expect(await faultsOf({ ...minimal, ...more })).toContain(sentence)
  })

  test('because the secret itself is in it', async () => {
    const text = await faultsOf({ ...minimal, bindDn: 'cn=svc,dc=corp', bindPassword: 'written down' })
    expect(text).toContain('login[0].bindPassword: must be the place of a secret, never the secret itself')
    expect(text).not.toContain('written down')
  })

  test('never shows the secret that it reads', async () => {
    const text = await faultsOf({ ...minimal, bindDn: 7, bindPassword: { env: 'ABSENT' } })
    expect(text).toContain('login[0].bindPassword: environment variable ABSENT is not set')
    expect(await faultsOf({ ...minimal, ...service, bindDn: 'word' })).not.toContain('svc secret')
  })
})

describe('the six keys of older systems', () => {
  test('are all it takes', async () => {
    const older = {
      address: 'dc1.corp.example',
      base_dn: 'dc=corp,dc=example',
      domain: 'corp.example',
      ca_file: 'ca.pem',
    }
    expect(resolved(older)).toMatchObject({
      urls: [new URL('ldaps://dc1.corp.example')],
      tls: { caFile: 'ca.pem' },
      binding: { mode: 'upn', domain: 'corp.example' },
      emailDomain: 'corp.example',
      users: { base: 'dc=corp,dc=example', filter: expect.stringContaining('sAMAccountName={username}') },
      groups: { required: 'allowed_to_login', prefix: 'API_PERM', stripPrefix: true, mode: 'ad_chain' },
    })
    expect(resolved({ ...older, group: 'staff', groups_prefix: 'MQ_' })).toMatchObject({
      groups: { required: 'staff', prefix: 'MQ_' },
    })
  })

  test('imply nothing where they are not used', () => {
    expect(resolved(minimal)).toMatchObject({
      groups: { required: undefined, prefix: '' },
      binding: { mode: 'search' },
    })
  })
})

describe('presets', () => {
  test.each([
    ['ad', { id: 'objectGUID', username: 'sAMAccountName' }, 'ad_chain', 'dc=corp,dc=example', 'dc=corp,dc=example'],
    ['openldap', { id: 'entryUUID', username: 'uid' }, 'recursive', 'dc=corp,dc=example', 'dc=corp,dc=example'],
    [
      'freeipa',
      { id: 'ipaUniqueID', username: 'uid' },
      'memberof',
      'cn=users,cn=accounts,dc=corp,dc=example',
      'cn=groups,cn=accounts,dc=corp,dc=example',
    ],
    [
      'lldap',
      { id: 'entryUUID', username: 'uid' },
      'memberof',
      'ou=people,dc=corp,dc=example',
      'ou=groups,dc=corp,dc=example',
    ],
  ])('%s knows where things are', (preset, attributes, mode, people, groups) => {
    const options = resolved({ ...minimal, preset })
    expect(options).toMatchObject({ attributes, users: { base: people }, groups: { mode, base: groups } })
  })

  test('give way to what is said', () => {
    const said = {
      userSearch: { baseDn: 'ou=x,dc=y', filter: '(cn={input})' },
      groups: { mode: 'filter', baseDn: 'ou=g,dc=y' },
    }
    const options = resolved({ ...minimal, preset: 'freeipa', ...said, attributes: { id: 'uid' } })
    expect(options).toMatchObject({ users: { base: 'ou=x,dc=y', filter: '(cn={input})' }, attributes: { id: 'uid' } })
    expect(options).toMatchObject({ groups: { mode: 'filter', base: 'ou=g,dc=y', filter: '(member={dn})' } })
  })
})

test('the guide names every key', async () => {
  const guide = await Bun.file(join(import.meta.dir, '../../plugins/login/ldap/README.md')).text()
  const keysOf = (schema: object, path = ''): string[] => {
    const properties: Record<string, object> = Reflect.get(schema, 'properties') ?? {}
    return Object.entries(properties).flatMap(([name, child]) => {
      const below = keysOf(child, `${path}${name}.`)
      return below.length > 0 ? below : [`${path}${name}`]
    })
  }
  expect(keysOf(config).filter((key) => !guide.includes(`\`${key}\``))).toEqual([])
})

describe('a distinguished name', () => {
  test('is the same however it is spelled', () => {
    const spellings = [
      'CN=O\\, Brien,OU=User',
      'cn = O\\2c  Brien , ou=user',
      'cn="O, Brien",ou=USER',
      'cn=o\\2C\\20brien;ou=user',
    ]
    expect(new Set(spellings.map(dnKey)).size).toBe(1)
    expect(dnKey('cn=a+sn=b')).toBe(dnKey('SN=B + CN=A'))
    expect(dnKey('cn=J\\c3\\bcrgen')).toBe(dnKey('cn=jürgen'))
  })

  test.each(['', 'alice', 'cn', '=x', 'cn=a,', 'cn=a,b', 'cn=a,,cn=b'])('is none: %j', (text) => {
    expect(parseDn(text)).toBeUndefined()
  })

  test('is below another by whole parts', () => {
    expect(isWithin('cn=a,ou=group,dc=x', 'OU=Group, dc=X')).toBe(true)
    expect(isWithin('ou=group,dc=x', 'ou=group,dc=x')).toBe(true)
    expect(isWithin('cn=a,ou=other\\,ou=group,dc=x', 'ou=group,dc=x')).toBe(false)
    expect(isWithin('cn=a,xou=group,dc=x', 'ou=group,dc=x')).toBe(false)
    expect(isWithin('cn=a,ou=group,dc=x,dc=y', 'ou=group,dc=x')).toBe(false)
  })

  test.each([' a', '#a', 'a ', ',', '+', '"', '\\', '<>;=', '\0', 'a\nb', 'jürgen', '  ', '\\2c'])(
    'holds any value, and nothing of it becomes a part: %j',
    (value) => {
      const dn = `cn=${escapeValue(value)},ou=x`
      expect([firstValue(dn), parseDn(dn)?.length]).toEqual([value, 2])
    },
  )
})

function resolved(section: Section): ReturnType<typeof resolveOptions> {
  return resolveOptions(Value.Decode(config, Value.Default(config, structuredClone(section))))
}
