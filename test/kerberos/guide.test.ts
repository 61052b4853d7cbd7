/** `plugins/login/kerberos/README.md`, as written: only names, the port and places are those of this machine. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { join } from 'node:path'
import { checkValue } from '../../src/config/check.ts'
import { parseConfig } from '../../src/config/load.ts'
import { config } from '../../plugins/login/kerberos/config.ts'
import { describeKdc, type Kdc, REALM, startKdc } from '../harness/kdc.ts'
import { type Folder, temporaryFolder } from '../harness/plugins.ts'
import { runTool } from '../harness/tool.ts'
import { startServerOf } from './realm.ts'

const guide = await Bun.file(join(import.meta.dir, '../../plugins/login/kerberos/README.md')).text()
const blocks = (language: string) =>
  [...guide.matchAll(new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``, 'g'))].map(([, text = '']) => text)
const sectionsOf = (toml: string) => (Bun.TOML.parse(toml) as { login: Record<string, unknown>[] }).login

test('the guide names every key, and its sections are right', () => {
  const keysOf = (schema: object, path = ''): string[] => {
    const properties: Record<string, object> = Reflect.get(schema, 'properties') ?? {}
    return Object.entries(properties).flatMap(([name, child]) => {
      const below = keysOf(child, `${path}${name}.`)
      return below.length > 0 ? below : [`${path}${name}`]
    })
  }
  expect(keysOf(config).filter((key) => !guide.includes(`\`${key}\``))).toEqual([])
  const sections = blocks('toml').flatMap(sectionsOf)
  expect(sections.map(({ type }) => type)).toEqual(['kerberos', 'kerberos', 'kerberos', 'ldap'])
  for (const { type: _type, id: _id, lookup: _lookup, resync: _resync, ...section } of sections.slice(0, 3))
    expect(checkValue(config, section, { path: 'login[0]' }).faults).toEqual([])
  for (const text of blocks('toml')) {
    const least = { publicUrl: 'https://login.example.com', masterKey: { env: 'KEY' } }
    const raw = { ...least, ...(Bun.TOML.parse(text) as object) }
    expect(parseConfig(raw, { env: {}, folder: '/', where: 'the guide' }).warnings).toEqual([])
  }
})

describeKdc('the guide', () => {
  let kdc: Kdc
  let folder: Folder
  beforeAll(async () => {
    folder = await temporaryFolder()
    kdc = await startKdc({ people: { alice: 'alice secret' }, services: false })
  })
  afterAll(async () => {
    await kdc?.[Symbol.asyncDispose]()
    await folder?.[Symbol.asyncDispose]()
  })

  const here = (text: string) =>
    text
      .replaceAll('login.example.com', 'localhost')
      .replaceAll('CORP.EXAMPLE', REALM)
      .replaceAll('/etc/leveret', folder.path)
  const run = (script: string, input = '') => {
    const env = { KRB5_KDC_PROFILE: kdc.kdcConf, KRB5_CONFIG: kdc.krb5Conf, PATH: '/usr/sbin:/usr/bin:/bin' }
    const cache = { KRB5CCNAME: `FILE:${folder.path}/cc` }
    return runTool(['sh', '-e', '-c', `cd '${folder.path}'\n${script}`], { env: { ...env, ...cache }, input })
  }

  test('leads from a realm to a login with curl', async () => {
    const [makeKeytab = '', logIn = ''] = blocks('sh').map(here)
    await run(makeKeytab)
    const [section = {}] = sectionsOf(here(blocks('toml')[0] ?? ''))
    await using server = await startServerOf({ ...section, krb5Conf: kdc.krb5Conf }, {}, { tls: true })
    await folder.write('ca.pem', server.ca ?? '')
    const answer = await run(logIn.replaceAll('8443', String(server.port)), 'alice secret\n')
    expect(answer).toContain('"username":"alice"')
  })
})
