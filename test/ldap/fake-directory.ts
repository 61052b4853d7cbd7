/** Servers that are no directory, or a broken one: what a login must survive. */
import { connect, createServer, type Socket } from 'node:net'

export type Behaviour =
  | 'silent'
  | 'garbage'
  | 'hang-up'
  | 'die'
  | 'silent-after-start-tls'
  | 'hang-up-after-start-tls'
  | 'no-start-tls'
  | 'inject-before-tls'

export interface FakeDirectory extends AsyncDisposable {
  readonly port: number
  /** Connections so far, and those still open. */
  dials(): number
  open(): number
  /** Whether a password of anybody came by in the clear. */
  sawPassword(): boolean
}

/** An extended response (RFC 4511 section 4.12) to message `id`. */
function extendedResponse(id: number, code: number): Buffer {
  return Buffer.from([0x30, 0x0c, 0x02, 0x01, id, 0x78, 0x07, 0x0a, 0x01, code, 0x04, 0x00, 0x04, 0x00])
}

/**
 * The beginning of "success" for the messages that will follow: its error message is as long as a true answer and not
 * sent. A client that kept these bytes would take the true "invalid credentials" for that message.
 */
function halfOfSuccess(id: number): Buffer {
  return Buffer.from([0x30, 0x1a, 0x02, 0x01, id, 0x61, 0x15, 0x0a, 0x01, 0x00, 0x04, 0x00, 0x04, 0x0e])
}

export function startFakeDirectory(
  behaviour: Behaviour,
  { forwardTo }: { readonly forwardTo?: number } = {},
): FakeDirectory {
  const sockets = new Set<Socket>()
  let dials = 0
  let seen = ''
  const server = createServer((socket) => {
    dials += 1
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
    if (behaviour === 'hang-up') socket.resume().end()
    else if (behaviour === 'inject-before-tls') inject(socket, forwardTo ?? 0)
    else {
      socket.on('data', (data) => {
        seen += data.toString('latin1')
      })
      socket.once('data', (data: Buffer) => answer(socket, behaviour, data[4] ?? 0))
    }
  })
  server.listen(0, '127.0.0.1')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    dials: () => dials,
    open: () => sockets.size,
    sawPassword: () => seen.includes(' secret'),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}

function answer(socket: Socket, behaviour: Behaviour, id: number): void {
  if (behaviour === 'garbage') socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')
  if (behaviour === 'die') socket.destroy()
  if (behaviour === 'no-start-tls') socket.write(extendedResponse(id, 2))
  if (behaviour.endsWith('after-start-tls')) socket.write(extendedResponse(id, 0))
  if (behaviour === 'hang-up-after-start-tls') socket.once('data', () => socket.destroy())
}

/** Somebody on the way: answers the wish for TLS, with more than was asked for, and hands everything else through. */
function inject(socket: Socket, port: number): void {
  const upstream = connect(port, '127.0.0.1')
  upstream.on('error', () => socket.destroy())
  socket.on('close', () => upstream.destroy())
  upstream.on('close', () => socket.destroy())
  socket.once('data', (data: Buffer) => {
    upstream.once('data', (response: Buffer) => {
      socket.write(Buffer.concat([response, halfOfSuccess((data[4] ?? 0) + 1)]))
      upstream.pipe(socket)
    })
    upstream.write(data)
    socket.pipe(upstream)
  })
}
