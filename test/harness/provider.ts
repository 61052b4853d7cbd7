/** The compiled executable as an OAuth provider: set up over its control socket, asked over its port. */
import { join } from 'node:path'
import { ALICE, answerIn, BOB, CALLBACK, type Query, queryOf, REQUEST, VERIFIER } from './code-flow.ts'
import { temporaryFolder } from './plugins.ts'
import { builtExecutable, type RunningExecutable, serveExecutable } from './executable.ts'
import { type HtmlBrowser, htmlBrowser, type Landing } from './html-browser.ts'

export const ISSUER = 'https://login.example'
export { ALICE, answerIn, BOB, CALLBACK, CHALLENGE, claimsOf, VERIFIER } from './code-flow.ts'
export type Form = Query
type Headers_ = Readonly<Record<string, string>>

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Of JSON; else empty. */
  readonly body: Readonly<Record<string, unknown>>
}

export interface ProviderClient {
  readonly id: string
  readonly secret: string
  /** Headers of client_secret_basic; none for a public client. */
  readonly proof: Headers_
}

export interface Provider extends AsyncDisposable {
  readonly running: RunningExecutable
  readonly dataDir: string
  readonly url: string
  readonly issuer: string
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** As the operator of the machine. */
  operate(method: string, path: string, json?: object): Promise<Answer>
  client(input?: Readonly<Record<string, unknown>>): Promise<ProviderClient>
  user(who: { readonly username: string; readonly password: string }): Promise<string>
  post(path: string, form: Form, headers?: Headers_): Promise<Answer>
  token(client: ProviderClient, form: Form, headers?: Headers_): Promise<Answer>
  userinfo(token: unknown): Promise<Answer>
  browser(): HtmlBrowser
  /** The address of an authorization request; members that are `undefined` are left out. */
  request(client: ProviderClient, query?: Form): string
  logIn(browser: HtmlBrowser, page: Landing, who?: typeof ALICE): Promise<Landing>
  /** All the way: logs in, allows. */
  authorize(browser: HtmlBrowser, client: ProviderClient, query?: Form): Promise<Landing>
  redeem(client: ProviderClient, code: string | undefined, form?: Form): Promise<Answer>
  /** Tokens of alice, who logs in with a browser of her own. */
  tokens(client: ProviderClient, query?: Form, who?: typeof ALICE): Promise<Answer>
}

export interface ProviderOptions {
  /** More of the configuration, TOML. */
  readonly config?: string
  readonly env?: Readonly<Record<string, string>>
}

/** With alice in the group `billing`, which has rights in the vhost `prod` of the broker `main`, and bob, who has none. */
export async function startProvider({ config = '', env = {} }: ProviderOptions = {}): Promise<Provider> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  await folder.write('leveret.toml', `${CONFIG}\n${config}`)
  const secrets = { MASTER_KEY: Buffer.alloc(32, 7).toString('base64'), ALICE_PASSWORD: ALICE.password, ...env }
  const start = { executable: await builtExecutable(), folder: folder.path, env: secrets }
  const running = stack.use(await serveExecutable(start))
  const dataDir = join(folder.path, 'data')
  const unix = join(dataDir, 'control.sock')
  const disposal = stack.move()

  const ask = (path: string, init: RequestInit = {}) => fetch(running.url + path, { redirect: 'manual', ...init })
  const post: Provider['post'] = async (path, form, headers = {}) =>
    await answerOf(await ask(path, { method: 'POST', body: queryOf(form), headers }))
  const provider: Provider = {
    running,
    dataDir,
    url: running.url,
    issuer: ISSUER,
    fetch: ask,
    post,
    async operate(method, path, json) {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const redirect = 'manual' as const
      const init = {
        method,
        unix,
        redirect,
        ...(json && { body: JSON.stringify(json), headers: { 'content-type': type } }),
      }
      return await answerOf(await fetch(`http://control.local${path}`, init))
    },
    async client(input = {}) {
      const { status, body, text } = await provider.operate('POST', '/clients', {
        name: 'Test App',
        redirectUris: [CALLBACK],
        ...input,
      })
      if (status !== 201) throw new Error(`Expected a client to be registered: ${text}`)
      const { client, secret } = body as { client: { id: string; confidential: boolean }; secret: string | null }
      const basic = `Basic ${btoa(`${encodeURIComponent(client.id)}:${secret ?? ''}`)}`
      return { id: client.id, secret: secret ?? '', proof: secret === null ? {} : { authorization: basic } }
    },
    async user(who) {
      const { status, body, text } = await provider.operate('POST', '/users', {
        ...who,
        email: `${who.username}@corp.example`,
      })
      if (status !== 201) throw new Error(`Expected a user to be created: ${text}`)
      return String(body['id'])
    },
    token: ({ id, proof }, form, headers = {}) =>
      post('/auth/oauth/token', { client_id: id, ...form }, { ...proof, ...headers }),
    userinfo: async (token) =>
      await answerOf(await ask('/auth/oauth/userinfo', { headers: { authorization: `Bearer ${String(token)}` } })),
    browser: () => htmlBrowser({ fetch: ask, url: running.url, issuer: ISSUER }),
    request: ({ id }, query = {}) => `/auth/oauth/authorize?${queryOf({ client_id: id, ...REQUEST, ...query })}`,
    logIn: (browser, page, { username, password } = ALICE) => browser.submit(page, { username, password }),
    async authorize(browser, client, query) {
      let page = await browser.open(provider.request(client, query))
      if (page.path.startsWith('/auth/login')) page = await provider.logIn(browser, page)
      return page.path.startsWith('/auth/consent') ? await browser.submit(page, { decision: 'allow' }) : page
    },
    redeem: (client, code, form = {}) =>
      provider.token(client, {
        grant_type: 'authorization_code',
        code,
        redirect_uri: CALLBACK,
        code_verifier: VERIFIER,
        ...form,
      }),
    async tokens(client, query, who = ALICE) {
      const browser = provider.browser()
      const consent = await provider.logIn(browser, await browser.open(provider.request(client, query)), who)
      const back = consent.away ? consent : await browser.submit(consent, { decision: 'allow' })
      return await provider.redeem(client, answerIn(back)['code'])
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
  await furnish(provider)
  return provider
}

const CONFIG = `publicUrl = "${ISSUER}"
dataDir = "data"
masterKey = { env = "MASTER_KEY" }
log = { format = "json", level = "debug" }
listen = { host = "127.0.0.1", port = 0 }
storage = { type = "sqlite", durability = "normal" }
login = [{ type = "local", id = "local", memoryKib = 8192, iterations = 1 }]
`

async function furnish(provider: Provider): Promise<void> {
  const rule = { subjectKind: 'group', subject: 'billing', vhost: 'prod', configure: ['bill-*'], read: ['*'] }
  await provider.user(ALICE)
  await provider.user(BOB)
  for (const [method, path, json] of [
    ['POST', '/groups', { name: 'billing' }],
    ['PUT', '/groups/billing/members/alice', undefined],
    ['POST', '/rabbitmq/brokers', { name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }],
    ['POST', '/rabbitmq/rules', rule],
  ] as const) {
    const { status, text } = await provider.operate(method, path, json)
    if (status >= 300) throw new Error(`Expected ${method} ${path} to work: ${status} ${text}`)
  }
}

async function answerOf(response: Response): Promise<Answer> {
  const { status, headers } = response
  const text = await response.text()
  const isJson = headers.get('content-type')?.includes('json') ?? false
  return { status, headers, text, body: isJson ? (JSON.parse(text) as Answer['body']) : {} }
}
