/** A server with a client and a person, and what both of them do in a code flow. */
import type { NewClient } from '../../src/core/clients/clients.ts'
import type { Client } from '../../src/core/clients/records.ts'
import { ALICE, answerIn, BOB, CALLBACK, type Query, queryOf, REQUEST, VERIFIER } from '../harness/code-flow.ts'
import { type HtmlBrowser, htmlBrowser, type Landing } from '../harness/html-browser.ts'
import { bodyOf, OPERATOR, startTestServer, type TestServer, type TestServerOptions } from '../harness/server.ts'

export { ALICE, answerIn, BOB, CALLBACK, CHALLENGE, claimsOf, queryOf, VERIFIER } from '../harness/code-flow.ts'
export type { Query } from '../harness/code-flow.ts'

export interface Desk extends AsyncDisposable {
  readonly server: TestServer
  readonly client: Client
  readonly secret: string
  browser(): HtmlBrowser
  register(input: Partial<NewClient>): Promise<Registered>
  /** The address of an authorization request; members that are `undefined` are left out. */
  request(query?: Query, client?: Client): string
  /** Logs in on the page that asks for it. */
  logIn(browser: HtmlBrowser, page: Landing, who?: typeof ALICE): Promise<Landing>
  /** The browser goes all the way: logs in, allows. */
  authorize(browser: HtmlBrowser, query?: Query, client?: Client): Promise<Landing>
  /** A request to the token endpoint. */
  token(form: Query, as?: Registered): Promise<Tokens>
  /** Redeems the code of an answer. */
  redeem(landing: Landing, form?: Query, as?: Registered): Promise<Tokens>
  refresh(tokens: Tokens, as?: Registered): Promise<Tokens>
}

export interface Registered {
  readonly client: Client
  readonly secret: string
}

export interface Tokens {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

export async function openDesk(options: TestServerOptions = {}): Promise<Desk> {
  const server = await startTestServer(options)
  const { core } = server.instance
  await core.users.create({ ...ALICE, email: 'alice@corp.example', displayName: 'Alice L' }, OPERATOR)
  await core.users.create({ ...BOB, email: 'bob@corp.example' }, OPERATOR)
  const register = async (input: Partial<NewClient>) => {
    const { client, secret = '' } = await core.clients.create(
      { name: 'Test App', redirectUris: [CALLBACK], ...input },
      OPERATOR,
    )
    return { client, secret }
  }
  const registered = await register({})

  const desk: Desk = {
    server,
    ...registered,
    browser: () => htmlBrowser(server),
    register,
    request: (query = {}, client = registered.client) =>
      `/auth/oauth/authorize?${queryOf({ client_id: client.id, ...REQUEST, ...query })}`,
    logIn: (browser, page, who = ALICE) => browser.submit(page, who),
    async authorize(browser, query, client) {
      let landing = await browser.open(desk.request(query, client))
      if (landing.path.startsWith('/auth/login')) landing = await desk.logIn(browser, landing)
      if (landing.path.startsWith('/auth/consent')) landing = await browser.submit(landing, { decision: 'allow' })
      return landing
    },
    async token(form, { client, secret } = registered) {
      const body = queryOf({ ...(client.confidential ? {} : { client_id: client.id }), ...form })
      const headers: Record<string, string> = client.confidential
        ? { authorization: `Basic ${btoa(`${client.id}:${secret}`)}` }
        : {}
      const answer = await server.fetch('/auth/oauth/token', { method: 'POST', body, headers })
      return { status: answer.status, body: await bodyOf(answer) }
    },
    redeem(landing, form = {}, as) {
      const shown = { code: answerIn(landing)['code'], redirect_uri: CALLBACK, code_verifier: VERIFIER }
      return desk.token({ grant_type: 'authorization_code', ...shown, ...form }, as)
    },
    refresh: ({ body }, as) =>
      desk.token({ grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) }, as),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
  return desk
}
