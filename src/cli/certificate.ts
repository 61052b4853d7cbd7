/** A private certificate authority and a server certificate from it, for brokers, which fetch key sets over https only. */
import {
  BasicConstraintsExtension,
  cryptoProvider,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  type Extension,
  type GeneralNameType,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  AuthorityKeyIdentifierExtension,
  X509CertificateGenerator,
} from '@peculiar/x509'
import { isIP } from 'node:net'

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const DAY = 86_400_000

export interface CertificateFiles {
  /** The authority that brokers and clients must trust. */
  readonly ca: string
  readonly cert: string
  readonly key: string
}

/** PEM texts. The authority's key is dropped: a certificate for another name takes a new authority. */
export async function makeCertificate(hosts: readonly string[], now: number): Promise<CertificateFiles> {
  cryptoProvider.set(crypto)
  const authority = await generateKeys()
  const server = await generateKeys()
  const notBefore = new Date(now - DAY)
  const ca = await X509CertificateGenerator.createSelfSigned({
    name: `CN=Leveret private CA ${new Date(now).toISOString().slice(0, 10)}`,
    serialNumber: serialNumber(),
    notBefore,
    notAfter: new Date(now + 3650 * DAY),
    signingAlgorithm: ALGORITHM,
    keys: authority,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(authority.publicKey),
    ],
  })
  const cert = await X509CertificateGenerator.create({
    subject: `CN=${hosts[0] ?? 'localhost'}`,
    issuer: ca.subject,
    serialNumber: serialNumber(),
    notBefore,
    notAfter: new Date(now + 825 * DAY),
    signingAlgorithm: ALGORITHM,
    publicKey: server.publicKey,
    signingKey: authority.privateKey,
    extensions: [...(await serverExtensions(hosts, authority.publicKey, server.publicKey))],
  })
  const key = await crypto.subtle.exportKey('pkcs8', server.privateKey)
  return {
    ca: `${ca.toString('pem')}\n`,
    cert: `${cert.toString('pem')}\n`,
    key: `${PemConverter.encode(key, 'PRIVATE KEY')}\n`,
  }
}

async function serverExtensions(hosts: readonly string[], issuer: CryptoKey, subject: CryptoKey): Promise<Extension[]> {
  const names = hosts.map((host) => ({ type: (isIP(host) === 0 ? 'dns' : 'ip') as GeneralNameType, value: host }))
  return [
    new BasicConstraintsExtension(false, undefined, true),
    new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
    new SubjectAlternativeNameExtension(names),
    await SubjectKeyIdentifierExtension.create(subject),
    await AuthorityKeyIdentifierExtension.create(issuer),
  ]
}

async function generateKeys(): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
}

function serialNumber(): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(15)))
    .toString('hex')
    .padStart(32, '01')
}
