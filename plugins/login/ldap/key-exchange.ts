/**
 * What a server is offered to agree on keys with. The hybrid with ML-KEM keeps passwords from whoever records now and breaks
 * X25519 later (draft-ietf-tls-ecdhe-mlkem), but most directories do not take it yet, and making its share is the dearest
 * part of a ClientHello: who has shown that it takes another is offered the others for a while.
 */
import type { SecureContext, SecureContextOptions, TLSSocket } from 'node:tls'

/** What is offered beside the hybrid, in the order of node:tls. */
const OTHERS = 'X25519:P-256:P-384'
/** Milliseconds until a server is offered the hybrid again: it may have been renewed. */
const A_WHILE = 60 * 60_000

export interface KeyExchange {
  /** Begins a handshake with this host on the context that fits it. */
  begin(host: string, connect: (context: SecureContext) => TLSSocket): TLSSocket
}

export function createKeyExchange(
  contextWith: (options: SecureContextOptions) => SecureContext,
  now: () => number,
): KeyExchange {
  const all = contextWith({})
  const others = contextWith({ ecdhCurve: OTHERS })
  const until = new Map<string, number>()

  return {
    begin(host, connect) {
      if (now() < (until.get(host) ?? 0)) {
        // Behind one name there may be a server that takes the hybrid alone.
        return connect(others).once('error', () => until.delete(host))
      }
      const socket = connect(all)
      socket.once('secureConnect', () => {
        // Only who has proven to be the server can say so; somebody on the way can talk nobody out of the hybrid.
        if (socket.authorized && !tookHybrid(socket)) until.set(host, now() + A_WHILE)
      })
      return socket
    },
  }
}

/** The runtime has no name for a hybrid. */
function tookHybrid(socket: TLSSocket): boolean {
  const key = socket.getEphemeralKeyInfo()
  return !(key && 'name' in key && typeof key.name === 'string')
}
