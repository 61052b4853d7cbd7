/** A client on a port of its own that sends browsers to log in, redeems what comes back and shows who it is about. */
import type { NewClient } from '../../src/core/clients/clients.ts'
import { bodyOf, OPERATOR, type TestServer } from './server.ts'

export interface RelyingParty extends AsyncDisposable {
  readonly clientId: string
  /** Where a browser goes to be sent to log in; `extra` are parameters of the request. */
  start(extra?: Readonly<Record<string, string>>): string
  /** Claims of the ID tokens so far, the newest last. */
  readonly claims: readonly Readonly<Record<string, unknown>>[]
  /** How the answers came. */
  readonly methods: readonly string[]
}

const VERIFIER = 'a-verifier-of-at-least-forty-three-characters-in-all'

export async function startRelyingParty(server: TestServer, input: Partial<NewClient> = {}): Promise<RelyingParty> {
  const claims: Record<string, unknown>[] = []
  const methods: string[] = []
  const http = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: (request) => answer(request) })
  const origin = `http://127.0.0.1:${http.port}`
  const callback = `${origin}/callback`
  const created = await server.instance.core.clients.create(
    { name: 'Order Desk', redirectUris: [callback], ...input },
    OPERATOR,
  )
  const { client, secret = '' } = created

  function authorization(extra: URLSearchParams): string {
    const query = new URLSearchParams({
      client_id: client.id,
      response_type: 'code',
      redirect_uri: callback,
      scope: 'openid profile',
      state: crypto.randomUUID(),
      nonce: crypto.randomUUID(),
      code_challenge: new Bun.CryptoHasher('sha256').update(VERIFIER).digest('base64url'),
      code_challenge_method: 'S256',
    })
    for (const [name, value] of extra) query.set(name, value)
    return `${server.issuer}/auth/oauth/authorize?${query}`
  }

  async function redeem(code: string): Promise<Response> {
    const answer = await fetch(`${server.url}/auth/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${client.id}:${secret}`)}` },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code,
        redirect_uri: callback,
        code_verifier: VERIFIER,
      }),
    })
    const { id_token: token, access_token: access } = await bodyOf(answer)
    const headers = { authorization: `Bearer ${String(access)}` }
    const person = await bodyOf(await fetch(`${server.url}/auth/oauth/userinfo`, { headers }))
    const payload = Buffer.from(String(token).split('.')[1] ?? '', 'base64url').toString()
    claims.push(JSON.parse(payload === '' ? '{}' : payload) as Record<string, unknown>)
    return new Response(`Welcome ${String(person['name'])}`)
  }

  async function answer(request: Request): Promise<Response> {
    const url = new URL(request.url)
    if (url.pathname === '/start') return Response.redirect(authorization(url.searchParams), 303)
    if (url.pathname === '/bye') return new Response('Bye')
    if (url.pathname !== '/callback') return new Response(null, { status: 204 })
    methods.push(request.method)
    const fields = request.method === 'POST' ? new URLSearchParams(await request.text()) : url.searchParams
    const code = fields.get('code')
    return code === null ? new Response(`Refused: ${fields.get('error')}`) : redeem(code)
  }

  return {
    clientId: client.id,
    claims,
    methods,
    start: (extra = {}) => `${origin}/start?${new URLSearchParams(extra)}`,
    [Symbol.asyncDispose]: () => http.stop(true),
  }
}
