/** HTTP by hand, for requests that no client would send. */
export interface RawAnswer {
  readonly status: number
  readonly head: string
  readonly body: string
}

export interface RawConnection extends Disposable {
  send(text: string): void
  /** Everything that was received once the server closed the connection. */
  readonly closed: Promise<string>
  /** Resolves when this has been received. */
  until(text: string): Promise<string>
}

export async function connect(port: number): Promise<RawConnection> {
  const end = Promise.withResolvers<string>()
  let received = ''
  let waiting: { readonly text: string; readonly resolve: (all: string) => void }[] = []
  const socket = await Bun.connect({
    hostname: '127.0.0.1',
    port,
    socket: {
      data(_, chunk) {
        received += chunk.toString('latin1')
        const met = waiting.filter(({ text }) => received.includes(text))
        waiting = waiting.filter((one) => !met.includes(one))
        for (const { resolve } of met) resolve(received)
      },
      close: () => end.resolve(received),
      error: () => end.resolve(received),
    },
  })
  return {
    send: (text) => void socket.write(text),
    closed: end.promise,
    until(text) {
      if (received.includes(text)) return Promise.resolve(received)
      const met = Promise.withResolvers<string>()
      waiting.push({ text, resolve: met.resolve })
      void end.promise.then(met.resolve)
      return met.promise
    },
    [Symbol.dispose]: () => void socket.end(),
  }
}

/** Sends these lines as one request; the server closes, whether it was told to or found it unreadable. */
export async function rawRequest(port: number, lines: readonly string[], body = ''): Promise<RawAnswer> {
  using connection = await connect(port)
  connection.send(`${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`)
  return parse(await connection.closed)
}

function parse(received: string): RawAnswer {
  const [head = '', ...rest] = received.split('\r\n\r\n')
  return { status: Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0), head, body: rest.join('\r\n\r\n') }
}
