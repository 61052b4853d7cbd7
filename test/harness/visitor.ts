/** Somebody who is logged in with a browser that shows no pages: cookies and forms over plain requests. */
import { csrfOf } from '../../src/http/cookies.ts'
import { OPERATOR, type TestServer } from './server.ts'

export const PASSWORD = 'correct horse battery'

export interface Visitor {
  /** The session cookie as it is now. */
  readonly cookie: () => string
  get(path: string): Promise<Response>
  /** A form with the token against forgery, unless `csrf` says otherwise. */
  send(path: string, fields?: Readonly<Record<string, string>>, headers?: Record<string, string>): Promise<Response>
}

/** Creates the user if there is none, and begins a session without going through the login. */
export async function visitorOf(
  server: TestServer,
  username = 'alice',
  login: { readonly amr?: readonly string[]; readonly age?: number } = {},
): Promise<Visitor> {
  const { core } = server.instance
  const email = `${username}@corp.example`
  const user =
    (await core.users.get(username)) ?? (await core.users.create({ username, email, password: PASSWORD }, OPERATOR))
  const authTime = core.world.now() - (login.age ?? 0)
  const { amr = ['pwd'] } = login
  const begun = await core.browserSessions.begin({ user, amr, authTime, userAgent: 'Test/1.0' }, OPERATOR)
  if (!begun) throw new Error(`Cannot begin a session for ${username}`)
  let { cookie } = begun
  const name = server.issuer.startsWith('https:') ? '__Host-leveret' : 'leveret'
  const remember = (answer: Response) => {
    const set = new RegExp(`^${name}=([^;]*)`).exec(answer.headers.get('set-cookie') ?? '')?.[1]
    if (set !== undefined) cookie = set
    return answer
  }
  const headers = () => ({ cookie: `${name}=${cookie}` })
  return {
    cookie: () => cookie,
    get: async (path) => remember(await server.fetch(path, { headers: headers() })),
    send: async (path, fields = {}, more = {}) => {
      const body = new URLSearchParams({ csrf: csrfOf(cookie), ...fields })
      return remember(await server.fetch(path, { method: 'POST', body, headers: { ...headers(), ...more } }))
    },
  }
}
