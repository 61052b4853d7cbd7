/** A private CA and server certificates for `localhost` and `127.0.0.1`, made with the system's openssl. */
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface ServerCertificate {
  readonly cert: string
  readonly key: string
  readonly certFile: string
  readonly keyFile: string
}
export interface TestCertificates {
  /** PEM of the CA. */
  readonly ca: string
  readonly caFile: string
  readonly server: ServerCertificate
  /** Another certificate of the same CA, with another serial number and, if told, for other names. */
  issue: (name: string, names?: readonly string[]) => Promise<ServerCertificate>
}

const EC = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

const LOCAL = ['DNS:localhost', 'IP:127.0.0.1']

let made: Promise<TestCertificates> | undefined

/** Made once for all tests of a process. */
export function testCertificates(): Promise<TestCertificates> {
  return (made ??= make())
}

async function make(): Promise<TestCertificates> {
  const folder = await mkdtemp(join(tmpdir(), 'leveret-ca-'))
  const [caFile, caKey] = [join(folder, 'ca.pem'), join(folder, 'ca.key')]
  await openssl([
    'req',
    '-x509',
    ...EC,
    '-keyout',
    caKey,
    '-out',
    caFile,
    '-days',
    '30',
    '-subj',
    '/CN=Leveret test CA',
  ])
  const issue = async (name: string, names: readonly string[] = LOCAL): Promise<ServerCertificate> => {
    const [certFile, keyFile] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)]
    await openssl(
      ['req', '-x509', ...EC, '-keyout', keyFile, '-out', certFile, '-days', '20', '-subj', `/CN=${name}`].concat([
        '-CA',
        caFile,
        '-CAkey',
        caKey,
        '-addext',
        `subjectAltName=${names.join(',')}`,
        '-addext',
        'basicConstraints=critical,CA:FALSE',
      ]),
    )
    return { certFile, keyFile, cert: await Bun.file(certFile).text(), key: await Bun.file(keyFile).text() }
  }
  return { ca: await Bun.file(caFile).text(), caFile, server: await issue('localhost'), issue }
}

async function openssl(args: readonly string[]): Promise<void> {
  const child = Bun.spawn(['openssl', ...args], { stdout: 'ignore', stderr: 'pipe' })
  const [code, said] = await Promise.all([child.exited, new Response(child.stderr).text()])
  if (code !== 0) throw new Error(`Cannot make a certificate: ${said.trim()}`)
}
