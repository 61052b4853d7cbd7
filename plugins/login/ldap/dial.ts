/** A connection that is established and, unless it was allowed otherwise, protected, before a word of LDAP is said on it. */
import { connect as connectTcp, type Socket } from 'node:net'
import { Client } from 'ldapts'
import type { Options } from './options.ts'
import type { BeginTls } from './tls.ts'
import { Trouble } from './trouble.ts'

/** RFC 4511 section 4.14.1. */
const START_TLS = '1.3.6.1.4.1.1466.20037'

export interface Dialing {
  readonly options: Options
  readonly tls: BeginTls
  readonly signal: AbortSignal
}

export async function dial(url: URL, { options, tls, signal }: Dialing): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const secure = url.protocol === 'ldaps:'
  const port = Number(url.port) || (secure ? 636 : 389)
  using late = alarm(options.connectTimeout, signal)
  if (secure) return await established(tls({ host, port }), 'secureConnect', late.rang)
  const socket = await established(connectTcp({ host, port }), 'connect', late.rang)
  if (!options.startTls) return socket
  try {
    await Promise.race([askForTls(socket, url), late.rang])
    return await established(tls({ host, socket }), 'secureConnect', late.rang)
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/**
 * By a client of its own: what it has read and not yet understood is forgotten with it. Otherwise somebody on the way
 * could send the beginning of an answer before the handshake, and the server's words would complete it.
 */
async function askForTls(socket: Socket, url: URL): Promise<void> {
  await clientOn(socket, { url, timeout: 0 }).exop(START_TLS)
  socket.removeAllListeners('data')
}

/** A client that talks on this connection and never opens another: its own would be neither bound nor protected. */
export function clientOn(socket: Socket, { url, timeout }: { readonly url: URL; readonly timeout: number }): Client {
  let used = false
  return new Client({
    url: `ldap://${url.host}`,
    timeout,
    createConnection: () => {
      if (used) throw new Trouble('the connection is gone')
      used = true
      return socket
    },
  })
}

async function established<S extends Socket>(
  socket: S,
  event: 'connect' | 'secureConnect',
  late: Promise<never>,
): Promise<S> {
  const { promise, resolve, reject } = Promise.withResolvers<S>()
  const closed = () => reject(new Trouble('the server closed the connection'))
  socket.once(event, () => resolve(socket))
  socket.on('error', reject)
  socket.once('close', closed)
  try {
    return await Promise.race([promise, late])
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    socket.off('close', closed)
  }
}

/** Rejects when the time is over or the caller no longer waits; off when disposed of. */
function alarm(milliseconds: number, signal: AbortSignal): Disposable & { readonly rang: Promise<never> } {
  const { promise, reject } = Promise.withResolvers<never>()
  promise.catch(() => undefined)
  const timer = setTimeout(() => reject(new Trouble(`not connected within ${milliseconds} ms`)), milliseconds)
  const abort = () => reject(new Trouble('the time for this login is over'))
  signal.addEventListener('abort', abort, { once: true })
  if (signal.aborted) abort()
  return {
    rang: promise,
    [Symbol.dispose]() {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    },
  }
}
