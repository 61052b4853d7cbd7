/** A real SMTP server on a free port that keeps what it is given. */
import { SMTPServer } from 'smtp-server'

export interface TestMailServer extends AsyncDisposable {
  readonly port: number
  /** Whole mails as they came, headers and all. */
  readonly mails: readonly string[]
  connections(): number
  /** Envelope recipients, in order. */
  readonly recipients: readonly string[]
}

/** Takes mails from `mailer` with the password `post`, and from nobody else. */
export async function startMailServer(port = 0): Promise<TestMailServer> {
  const mails: string[] = []
  const recipients: string[] = []
  let connections = 0
  const server = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    allowInsecureAuth: true,
    logger: false,
    onConnect(_session, done) {
      connections += 1
      done()
    },
    onAuth({ username, password }, _session, done) {
      if (username === 'mailer' && password === 'post') done(null, { user: username })
      else done(new Error('Invalid credentials'))
    },
    onRcptTo({ address }, _session, done) {
      recipients.push(address)
      done()
    },
    onData(stream, _session, done) {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        mails.push(Buffer.concat(parts).toString())
        done()
      })
    },
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.on('error', reject)
  const listener = server.listen(port, '127.0.0.1', resolve)
  await promise
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('Expected the mail server to have a port')
  return {
    port: address.port,
    mails,
    recipients,
    connections: () => connections,
    [Symbol.asyncDispose]: () => new Promise((done) => server.close(() => done())),
  }
}
