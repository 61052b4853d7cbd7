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

/** Of a connection, from before it is there. */
export interface End {
  /** Rejects when nothing more is to be waited for. */
  readonly promise: Promise<never>
  readonly come: (reason: Trouble) => void
}

export async function dial(url: URL, { options, tls }: Omit<Dialing, 'signal'>, end: End): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const secure = url.protocol === 'ldaps:'
  const port = Number(url.port) || (secure ? 636 : 389)
  using _timer = alarm(options.connectTimeout, end)
  if (secure) return await established(tls({ host, port }), 'secureConnect', end)
  const socket = await established(connectTcp({ host, port }), 'connect', end)
  if (!options.startTls) return socket
  try {
    await Promise.race([askForTls(socket, url), end.promise])
    return await established(tls({ host, socket }), 'secureConnect', end)
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

async function established<S extends Socket>(socket: S, event: 'connect' | 'secureConnect', end: End): Promise<S> {
  const { promise, resolve, reject } = Promise.withResolvers<S>()
  const closed = () => reject(new Trouble('the server closed the connection'))
  socket.once(event, () => resolve(socket))
  socket.on('error', reject)
  socket.once('close', closed)
  try {
    return await Promise.race([promise, end.promise])
  } catch (error) {
    socket.destroy()
    throw error
  } finally {
    socket.off('close', closed)
  }
}

function alarm(milliseconds: number, end: End): Disposable {
  const timer = setTimeout(() => end.come(new Trouble(`not connected within ${milliseconds} ms`)), milliseconds)
  return { [Symbol.dispose]: () => clearTimeout(timer) }
}
