/** Whom we believe to be the directory, and as whom we come. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import {
  checkServerIdentity,
  type ConnectionOptions,
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
} from 'node:tls'
import type { Options } from './options.ts'

/** What a TLS handshake with this host takes. */
export type TlsFor = (host: string) => ConnectionOptions

/** Reads the files; throws an `Error` that names the one that cannot be used. */
export async function loadTls({ tls }: Options, dataDir: string): Promise<TlsFor> {
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
  const secureContext = contextOf({ minVersion: tls.minVersion, ca, cert, key })
  return (host) => {
    const name = tls.serverName ?? host
    return {
      host,
      // A literal address is no server name (RFC 6066 section 3); the certificate is compared with it all the same.
      ...(/^[\d.]+$|:/.test(name) ? {} : { servername: name }),
      checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
      rejectUnauthorized: !tls.insecureSkipVerify,
      secureContext,
    }
  }
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
