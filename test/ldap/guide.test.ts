/** The README and the guide as written, by the compiled executable: only names, secrets and places are those of this machine. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../harness/broker.ts'
import { builtExecutable, runExecutable } from '../harness/executable.ts'
import { describeSlapd, SERVICE, type Slapd, startSlapd } from '../harness/slapd.ts'
import { temporaryFolder } from '../harness/storage-sqlite.ts'
import { blockOf } from './guide.ts'

setDefaultTimeout(60_000)

describeSlapd('what the guides say about LDAP', () => {
  const folder = temporaryFolder()
  let slapd: Slapd
  let executable: string
  beforeAll(async () => {
    ;[slapd, executable] = await Promise.all([startSlapd(), builtExecutable()])
  })
  afterAll(async () => {
    await slapd?.[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  const write = async (path: string, text: string): Promise<string> => {
    const place = join(folder.path, path)
    await Bun.write(place, text)
    await chmod(place, 0o600)
    return place
  }
  const here = (text: string, secret: string) =>
    text
      .replace('ldaps://ldap1.corp.example', `ldaps://127.0.0.1:${freePort()}`)
      .replace('ldaps://ldap2.corp.example', slapd.ldaps)
      .replace('cn=leveret,ou=services,dc=corp,dc=example', SERVICE.bindDn)
      .replace('/etc/leveret/ldap.pw', secret)
      .replace('/etc/leveret/corp-ca.pem', slapd.caFile)
      .replace('"mq_"', '"API_PERM_"')

  test.each([
    ['README.md', 'urls = ["ldaps://ldap1.corp.example"'],
    ['plugins/login/ldap/README.md', 'preset = "openldap"'],
  ])('%s: a directory as configured there lets people in', async (guide, begin) => {
    const at = join(guide.replaceAll(/\W/g, '-'))
    const run = async (...words: string[]) => {
      const { code, out, err } = await runExecutable({ executable, folder: join(folder.path, at) }, ...words)
      return { code, said: out + err }
    }
    const secret = await write(`${at}/ldap.pw`, `${SERVICE.bindPassword}\n`)
    expect((await run('init', '--port', '0')).code).toBe(0)
    const toml = (await Bun.file(join(folder.path, at, 'leveret.toml')).text()).replace(/\n\[\[login\]\][^[]*/g, '\n')
    const section = here(await blockOf(guide, begin), secret)
    const local = section.includes('type = "local"') ? '' : '[[login]]\ntype = "local"\n\n'
    await write(`${at}/leveret.toml`, `${toml}\n${local}${section}`)

    const seen = await run('doctor', 'corp', '--user', 'alice')
    expect(seen.code).toBe(0)
    expect(seen.said).toMatch(/would be: +alice\n[^]*groups: +READ, WRITE\n/)
    expect(seen.said).toMatch(/FAULT +[\d.]+ ms {2}connect ldaps[^]*ok +[\d.]+ ms {2}connect ldaps[^]*TLS/)
    const password = await write(`${at}/pw`, 'alice secret\n')
    const right = await run('doctor', 'corp', '--user', 'alice', '--password-file', password)
    expect(right).toMatchObject({ code: 0, said: expect.stringContaining('logs in as:') })
    // Minified code has other names for its classes: what is refused must still be told from what is broken.
    const wrong = await run('doctor', 'corp', '--user', 'carol', '--password-file', password)
    expect(wrong).toMatchObject({ code: 1, said: expect.stringContaining('Refused: credentials') })
    const left = await run('doctor', 'corp', '--user', 'bob')
    expect(left).toMatchObject({ code: 1, said: expect.stringContaining('Refused: not-allowed') })

    expect((await run('user', 'add', 'carol', '--no-password')).code).toBe(0)
    expect((await run('user', 'move', 'carol', '--source', 'corp')).said).toContain('Moved carol to corp')
  })
})
