/** Whose certificate it is: the library's description of it is not used, so what stands for it is compared with it. */
import { X509Certificate } from 'node:crypto'
import { expect, test } from 'bun:test'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'
import { nameFault } from '../../plugins/login/ldap/tls.ts'
import { temporaryFolder } from '../harness/storage-sqlite.ts'
import { runTool } from '../harness/tool.ts'

const NAMES = ['localhost', 'ldap.example', 'LDAP.example', 'a.ldap.example', 'a.b.ldap.example', 'other.example']
const ADDRESSES = ['127.0.0.1', '127.0.0.2', '::1', '::2']

async function certificate(subject: string, names: string): Promise<X509Certificate> {
  using folder = temporaryFolder()
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', `${folder.path}/key`]
  const also = names === '' ? [] : ['-addext', `subjectAltName=${names}`]
  const pem = await runTool(['openssl', 'req', '-x509', ...key, '-days', '2', '-subj', subject, ...also])
  return new X509Certificate(pem)
}

test.each([
  ['/CN=ldap.example', ''],
  ['/O=Corp/CN=*.ldap.example', ''],
  ['/CN=127.0.0.1', ''],
  ['/CN=other.example', 'DNS:ldap.example,DNS:localhost'],
  ['/CN=ldap.example', 'IP:127.0.0.1'],
  ['/CN=ldap.example', 'email:root@ldap.example'],
  ['/CN=x', 'DNS:*.ldap.example,IP:::1'],
  ['/O=CN=ldap.example', ''],
  ['/CN=x, DNS:ldap.example', 'DNS:other.example'],
])('a certificate of %s for %s is what it is by its whole description', async (subject, names) => {
  const shown = await certificate(subject, names)
  const described = shown.toLegacyObject() as unknown as PeerCertificate
  const accepted = (fault: (name: string) => unknown) => [...NAMES, ...ADDRESSES].filter((name) => !fault(name))
  expect(accepted((name) => nameFault(name, shown))).toEqual(accepted((name) => checkServerIdentity(name, described)))
})

test('a certificate of two names without alternatives is of none, and no certificate is none', async () => {
  const shown = await certificate('/CN=ldap.example/CN=localhost', '')
  expect(['ldap.example', 'localhost'].map((name) => nameFault(name, shown)?.message)).not.toContain(undefined)
  expect(nameFault('localhost', undefined)?.message).toBe('the server has shown no certificate')
})
