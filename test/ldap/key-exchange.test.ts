/** What servers are offered to agree on keys with, as they see it in the ClientHello. */
import { expect, test } from 'bun:test'
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net'
import { connect, createSecureContext, createServer as createTlsServer } from 'node:tls'
import { createKeyExchange } from '../../plugins/login/ldap/key-exchange.ts'
import { testCertificates } from '../harness/certificates.ts'

/** X25519MLKEM768 in the IANA registry of TLS groups, as it is written. */
const HYBRID = Buffer.from([0x11, 0xec])
const HOUR = 60 * 60_000

/** A TLS server with these groups and, before it, somebody who notes what each client offers. */
async function listening(groups?: string) {
  const { server } = await testCertificates()
  const { cert, key } = server
  await using stack = new AsyncDisposableStack()
  const directory = createTlsServer({ cert, key, ...(groups !== undefined && { ecdhCurve: groups }) }, (socket) =>
    socket.on('error', () => undefined),
  )
  const behind = await open(stack, directory)
  const offered: boolean[] = []
  const state = { refuses: false }
  const relay = createServer((client) => {
    client.once('data', (hello: Buffer) => {
      offered.push(hello.includes(HYBRID))
      if (state.refuses) {
        client.destroy()
        return
      }
      const upstream = connectTcp(behind, '127.0.0.1').on('error', () => client.destroy())
      upstream.write(hello)
      client
        .on('error', () => upstream.destroy())
        .pipe(upstream)
        .pipe(client)
    })
  })
  const port = await open(stack, relay)
  const disposal = stack.move()
  return { port, offered, state, [Symbol.asyncDispose]: () => disposal.disposeAsync() }
}

async function open(stack: AsyncDisposableStack, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => sockets.add(socket))
  const { promise, resolve } = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', resolve)
  await promise
  stack.defer(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** A client that knows the CA, or another one, with a clock that is moved by hand. */
async function client({ port, knowsCa = true }: { readonly port: number; readonly knowsCa?: boolean }) {
  const { ca } = await testCertificates()
  const clock = { now: 0 }
  const exchange = createKeyExchange(
    (more) => createSecureContext({ ...(knowsCa && { ca }), ...more }),
    () => clock.now,
  )
  const shake = async () => {
    const socket = exchange.begin('localhost', (secureContext) =>
      connect({ host: '127.0.0.1', port, servername: 'localhost', secureContext, rejectUnauthorized: false }),
    )
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    socket.once('secureConnect', resolve).once('error', reject)
    await promise
    socket.destroy()
  }
  return { clock, shake }
}

test('a server that took something else is not offered the hybrid again for an hour', async () => {
  await using server = await listening('X25519')
  const { clock, shake } = await client(server)
  for (const now of [0, 1, HOUR - 1, HOUR, HOUR + 1]) {
    clock.now = now
    await shake()
  }
  expect(server.offered).toEqual([true, false, false, true, false])
})

test('a server that takes the hybrid is offered it each time', async () => {
  await using server = await listening()
  const { shake } = await client(server)
  for (let turn = 0; turn < 3; turn++) await shake()
  expect(server.offered).toEqual([true, true, true])
})

test('who has not proven to be the server changes nothing', async () => {
  await using server = await listening('X25519')
  const { shake } = await client({ port: server.port, knowsCa: false })
  for (let turn = 0; turn < 3; turn++) await shake()
  expect(server.offered).toEqual([true, true, true])
})

test('a handshake that fails without the hybrid makes it be offered again', async () => {
  await using server = await listening('X25519')
  const { shake } = await client(server)
  await shake()
  server.state.refuses = true
  expect(await shake().catch(() => 'failed')).toBe('failed')
  server.state.refuses = false
  await shake()
  expect(server.offered).toEqual([true, false, true])
})
