/** An authenticator app of somebody on a whole server. */
import { Secret, TOTP } from 'otpauth'
import { OPERATOR, type TestServer } from './server.ts'

export interface App {
  /** A code that was not shown yet: the server's clock moves on to the next one. */
  code(): string
}

export function appWith(secret: string, { clock }: Pick<TestServer, 'clock'>): App {
  const totp = new TOTP({ secret: Secret.fromBase32(secret.replaceAll(' ', '')), digits: 6, period: 30 })
  return {
    code() {
      clock.advance(30_000)
      return totp.generate({ timestamp: clock.now() })
    },
  }
}

/** Enrolled and confirmed. */
export async function withApp(server: TestServer, username: string): Promise<App> {
  const { factors, users } = server.instance.core
  const user = await users.get(username)
  if (!user) throw new Error(`Expected ${username} to be there`)
  const { id, secret } = await factors.enrolTotp(user)
  const app = appWith(secret, server)
  if (!(await factors.confirmTotp(user, { id, code: app.code() }, OPERATOR)))
    throw new Error('Expected the code of a new authenticator to be right')
  return app
}
