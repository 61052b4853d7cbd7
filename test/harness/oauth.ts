/** OAuth requests as a client's program sends them, on a whole server. */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWTPayload, SignJWT } from 'jose'
import type { NewClient } from '../../src/core/clients/clients.ts'
import type { Client } from '../../src/core/clients/records.ts'
import { bodyOf, OPERATOR, startTestServer, type TestServer, type TestServerOptions } from './server.ts'

export const ALICE = { username: 'alice', password: 'vexing-Quartz-41-sphinx' }
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>>
}
export interface RegisteredClient {
  readonly client: Client
  readonly secret: string
  /** The Authorization header of client_secret_basic. */
  readonly basic: string
}
type Form = Readonly<Record<string, string | readonly string[] | undefined>>

export interface OAuthServer extends AsyncDisposable {
  readonly server: TestServer
  /** POST of a form; members that are `undefined` are left out. */
  post(path: string, form: Form, headers?: Readonly<Record<string, string>>): Promise<Answer>
  /** POST /auth/oauth/token as this client. */
  token(client: RegisteredClient, form: Form, headers?: Readonly<Record<string, string>>): Promise<Answer>
  client(input: Partial<NewClient>): Promise<RegisteredClient>
  /** Tokens of alice by the password grant of this client. */
  tokensOfAlice(client: RegisteredClient, form?: Form, headers?: Readonly<Record<string, string>>): Promise<Answer>
  introspect(client: RegisteredClient, token: unknown): Promise<Readonly<Record<string, unknown>>>
  userinfo(token: unknown, headers?: Readonly<Record<string, string>>): Promise<Answer>
}

/** A server with alice in the group `billing`, a broker `main` (id `rabbitmq`), and a rule for the group in `prod`. */
export async function startOAuthServer(options: TestServerOptions = {}): Promise<OAuthServer> {
  const server = await startTestServer(options)
  const { core } = server.instance
  await core.groups.create({ name: 'billing' }, OPERATOR)
  const claims = { family_name: 'Liddell', email_verified: true, phone_number: '+44 20 7946 0000' }
  await core.users.create(
    { ...ALICE, email: 'alice@example.org', displayName: 'Alice L', groups: ['billing'], claims },
    OPERATOR,
  )
  await core.brokers.create({ name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }, OPERATOR)
  const billing = { subjectKind: 'group', subject: 'billing', vhost: 'prod' } as const
  await core.rules.create(
    { ...billing, configure: ['bill-*'], write: ['bill-*'], read: ['*'], tags: ['management'] },
    OPERATOR,
  )

  async function post(path: string, form: Form, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const body = new URLSearchParams()
    for (const [name, value] of Object.entries(form)) for (const each of [value ?? []].flat()) body.append(name, each)
    return answerOf(await server.fetch(path, { method: 'POST', body, headers }))
  }

  const token: OAuthServer['token'] = ({ client, basic }, form, headers = {}) => {
    const own = client.confidential ? { authorization: basic } : {}
    const named = client.confidential ? {} : { client_id: client.id }
    return post('/auth/oauth/token', { ...named, ...form }, { ...own, ...headers })
  }

  return {
    server,
    post,
    token,
    async client(input) {
      const redirectUris = ['https://app.example/callback']
      const { client, secret = '' } = await core.clients.create({ name: 'Test', redirectUris, ...input }, OPERATOR)
      return { client, secret, basic: `Basic ${btoa(`${encodeURIComponent(client.id)}:${secret}`)}` }
    },
    tokensOfAlice: (client, form = {}, headers = {}) =>
      token(client, { grant_type: 'password', ...ALICE, ...form }, headers),
    introspect: async ({ basic }, text) =>
      (await post('/auth/oauth/introspect', { token: String(text) }, { authorization: basic })).body,
    userinfo: async (text, headers = {}) =>
      answerOf(
        await server.fetch('/auth/oauth/userinfo', {
          headers: { authorization: `Bearer ${String(text)}`, ...headers },
        }),
      ),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
}

async function answerOf(response: Response): Promise<Answer> {
  const isJson = response.headers.get('content-type')?.includes('json') ?? false
  const body = isJson ? await bodyOf(response) : { text: await response.text() }
  return { status: response.status, headers: response.headers, body }
}

/** The claims of a JWT, unverified. */
export function claimsOf(token: unknown): Readonly<Record<string, unknown>> {
  return JSON.parse(Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>
}

export interface DpopKey {
  readonly jkt: string
  /** A proof for one request. */
  proof(request: { readonly method?: string; readonly url: string } & JWTPayload): Promise<string>
}

export async function dpopKey(now: () => number): Promise<DpopKey> {
  const { publicKey, privateKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  return {
    jkt: await calculateJwkThumbprint(jwk),
    async proof({ method = 'POST', url, ...claims }) {
      const payload = { htm: method, htu: url, jti: crypto.randomUUID(), iat: Math.floor(now() / 1000), ...claims }
      return await new SignJWT(payload).setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk }).sign(privateKey)
    },
  }
}
