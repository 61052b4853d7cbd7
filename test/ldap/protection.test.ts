import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testCertificates } from '../harness/certificates.ts'
import { BASE, describeSlapd, type Slapd, startSlapd } from '../harness/slapd.ts'
import { openLdap, searching, verify } from './source.ts'

describeSlapd('the way to the directory', () => {
  let slapd: Slapd
  let folder: string
  beforeAll(async () => {
    slapd = await startSlapd()
    folder = await mkdtemp(join(tmpdir(), 'leveret-ldap-'))
  })
  afterAll(async () => {
    await slapd?.[Symbol.asyncDispose]()
    await rm(folder, { recursive: true, force: true })
  })
  const ways = () => [{ urls: [slapd.ldaps] }, { urls: [slapd.ldap], startTls: true }]
  const logIn = async (more = {}) => {
    await using source = await openLdap(searching(slapd, more))
    return verify(source, 'alice', 'alice secret')
  }

  test('is protected by a certificate of a private CA, over ldaps and StartTLS', async () => {
    for (const way of ways()) expect(await logIn(way)).toMatchObject({ ok: true })
    const ca = await Bun.file(slapd.caFile).text()
    for (const way of ways()) expect(await logIn({ ...way, tls: { ca } })).toMatchObject({ ok: true })
  })

  test('leads nowhere when the CA is unknown', async () => {
    for (const way of ways()) {
      expect(await logIn({ ...way, tls: {} })).toMatchObject({
        ok: false,
        why: 'unavailable',
        detail: expect.stringMatching(/certificate/i),
      })
    }
  })

  test('leads nowhere when the certificate is for another name, also where the connection is upgraded', async () => {
    for (const way of ways()) {
      const tls = { caFile: slapd.caFile, serverName: 'other.example' }
      expect(await logIn({ ...way, tls })).toMatchObject({
        ok: false,
        why: 'unavailable',
        detail: expect.stringContaining('other.example'),
      })
    }
  })

  test('accepts any certificate only when told to', async () => {
    for (const way of ways()) {
      expect(await logIn({ ...way, tls: { insecureSkipVerify: true } })).toMatchObject({ ok: true })
    }
  })

  test('is unprotected only when allowed', async () => {
    const refused = openLdap(searching(slapd, { urls: [slapd.ldap] }))
    expect(refused).rejects.toMatchObject({
      faults: [{ message: expect.stringMatching(/would get passwords without TLS/) }],
    })
    expect(await logIn({ urls: [slapd.ldap], allowPlaintext: true })).toMatchObject({ ok: true })
  })

  test('takes a client certificate where the server wants one', async () => {
    await using strict = await startSlapd({ clientCertificates: true })
    const { issue } = await testCertificates()
    const { certFile, keyFile } = await issue('leveret')
    for (const way of [{ urls: [strict.ldaps] }, { urls: [strict.ldap], startTls: true }]) {
      await using known = await openLdap(
        searching(strict, { ...way, tls: { caFile: strict.caFile, certFile, keyFile } }),
      )
      expect(await verify(known, 'alice', 'alice secret')).toMatchObject({ ok: true })
      await using nobody = await openLdap(searching(strict, way))
      expect(await verify(nobody, 'alice', 'alice secret')).toMatchObject({ ok: false, why: 'unavailable' })
    }
  })

  test('ends before it begins when a file cannot be read', async () => {
    const refused = openLdap(searching(slapd, { tls: { caFile: join(folder, 'absent.pem') } }))
    expect(refused).rejects.toThrow(/tls\.caFile cannot be read: .*absent\.pem/)
    await Bun.write(join(folder, 'empty.pem'), 'nothing')
    expect(openLdap(searching(slapd, { tls: { caFile: join(folder, 'empty.pem') } }))).rejects.toThrow(
      /no PEM certificate/,
    )
    await Bun.write(join(folder, 'broken.pem'), '-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n')
    expect(openLdap(searching(slapd, { tls: { caFile: join(folder, 'broken.pem') } }))).rejects.toThrow(
      /tls\.caFile.* cannot be used: .*CA/,
    )
  })

  test('never lets an empty password pass, even where the server takes it for anonymous', async () => {
    await using lax = await startSlapd({ conf: 'allow bind_anon_cred bind_anon_dn' })
    await using source = await openLdap(searching(lax))
    expect(await verify(source, 'alice', '')).toMatchObject({ ok: false, why: 'credentials' })
    expect(await verify(source, 'alice', 'alice secret')).toMatchObject({ ok: true })
    const template = {
      urls: [lax.ldaps],
      tls: { caFile: lax.caFile },
      baseDn: BASE,
      userDnTemplate: `cn={username},ou=User,${BASE}`,
    }
    await using direct = await openLdap(template)
    expect(await verify(direct, 'Alice', '')).toMatchObject({ ok: false, why: 'credentials' })
  })
})
