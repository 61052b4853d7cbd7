/** Whom we believe to be the directory, and as whom we come. */
import type { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { resolve } from 'node:path'
import {
  checkServerIdentity,
  connect,
  createSecureContext,
  type DetailedPeerCertificate,
  type PeerCertificate,
  type SecureContext,
  type SecureContextOptions,
  type TLSSocket,
} from 'node:tls'
import type { LoginSourceContext } from '#plugin'
import { createKeyExchange } from './key-exchange.ts'
import type { Options } from './options.ts'

/** A new connection, or one that is protected from now on. */
type Where = { readonly host: string } & ({ readonly port: number } | { readonly socket: Socket })
/** Begins a TLS handshake with this host. */
export type BeginTls = (where: Where) => TLSSocket

/** Reads the files; throws an `Error` that names the one that cannot be used. */
export async function loadTls(
  { tls }: Options,
  { dataDir, now }: Pick<LoginSourceContext, 'dataDir' | 'now'>,
): Promise<BeginTls> {
  const read = async (key: string, path: string | undefined) => {
    if (path === undefined) return undefined
    return readFile(resolve(dataDir, path), 'utf8').catch((cause: unknown) => {
      throw new Error(`tls.${key} cannot be read: ${String(cause)}`, { cause })
    })
  }
  const [caText, cert, key] = await Promise.all([
    read('caFile', tls.caFile),
    read('certFile', tls.certFile),
    read('keyFile', tls.keyFile),
  ])
  const ca = caText ?? tls.ca
  if (ca !== undefined && !ca.includes('BEGIN CERTIFICATE')) throw new Error('tls.caFile holds no PEM certificate')
  const exchange = createKeyExchange((more) => contextOf({ minVersion: tls.minVersion, ca, cert, key, ...more }), now)
  const faultOf = rememberedFault()
  return (where) => {
    const name = tls.serverName ?? where.host
    const socket: TLSSocket = exchange.begin(where.host, (secureContext) =>
      connect({
        ...where,
        // A literal address is no server name (RFC 6066 section 3); the certificate is compared with it all the same.
        ...(/^[\d.]+$|:/.test(name) ? {} : { servername: name }),
        checkServerIdentity: () => faultOf(name, socket.getPeerX509Certificate()),
        rejectUnauthorized: !tls.insecureSkipVerify,
        secureContext,
        // Those of the context; the list of all would be read and checked anew for each connection.
        ciphers: '',
      }),
    )
    // Describing every certificate of the chain takes longer than verifying it, and nobody reads the description.
    socket.getPeerCertificate = () => NOT_DESCRIBED
    return socket
  }
}

const NOT_DESCRIBED = Object.freeze({}) as DetailedPeerCertificate

/** As `nameFault`, which is worked out again only for another name or another certificate than the last. */
function rememberedFault(): typeof nameFault {
  let last: { readonly name: string; readonly bytes: Buffer; readonly fault: Error | undefined } | undefined
  return (name, certificate) => {
    if (!certificate) return nameFault(name, certificate)
    const bytes = certificate.raw
    if (last?.name !== name || !last.bytes.equals(bytes)) last = { name, bytes, fault: nameFault(name, certificate) }
    return last.fault
  }
}

/** Why this certificate, whose chain is verified, is not that of the name; `undefined` if it is. */
export function nameFault(name: string, certificate: X509Certificate | undefined): Error | undefined {
  if (!certificate) return new Error('the server has shown no certificate')
  const { subject, subjectAltName } = certificate
  const names = [...subject.matchAll(/^CN=(.*)$/gm)].map(([, value = '']) => value)
  // Of several it is not told which one would count.
  const CN = names.length === 1 ? names.join() : ''
  return checkServerIdentity(name, { subject: { CN }, subjectaltname: subjectAltName } as PeerCertificate)
}

/** Made once: reading certificates takes a tenth of what a whole handshake does. */
function contextOf(options: SecureContextOptions): SecureContext {
  try {
    return createSecureContext(options)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`tls.caFile, tls.certFile or tls.keyFile cannot be used: ${reason}`, { cause })
  }
}
