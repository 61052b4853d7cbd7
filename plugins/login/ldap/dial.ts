/** A connection that is established and, unless it was allowed otherwise, protected, before a word of LDAP is said on it. */
import { connect as connectTcp, type Socket } from 'node:net'
import { Client } from 'ldapts'
import type { End } from './end.ts'
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

/** Never settles when the end comes: whoever waits for it knows. */
export async function dial(url: URL, { options, tls }: Omit<Dialing, 'signal'>, end: End): Promise<Socket> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const secure = url.protocol === 'ldaps:'
  const port = Number(url.port) || (secure ? 636 : 389)
  if (secure) return established(end.watch(tls({ host, port })), 'secureConnect')
  const socket = await established(end.watch(connectTcp({ host, port })), 'connect')
  if (!options.startTls) return socket
  await askForTls(socket, url)
  return established(end.watch(tls({ host, socket })), 'secureConnect')
}

/**
 * By a client of its own: what it has read and not yet understood is forgotten with it. Otherwise somebody on the way
 * could send the beginning of an answer before the handshake, and the server's words would complete it.
 */
async function askForTls(socket: Socket, url: URL): Promise<void> {
  await clientOn(socket, url).exop(START_TLS)
  socket.removeAllListeners('data')
}

/** A client that talks on this connection and never opens another: its own would be neither bound nor protected. */
export function clientOn(socket: Socket, url: URL): Client {
  let used = false
  return new Client({
    url: `ldap://${url.host}`,
    timeout: 0,
    createConnection: () => {
      if (used) throw new Trouble('the connection is gone')
      used = true
      return socket
    },
  })
}

function established<S extends Socket>(socket: S, event: 'connect' | 'secureConnect'): Promise<S> {
  return new Promise((resolve) => socket.once(event, () => resolve(socket)))
}
