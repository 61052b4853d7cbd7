/** The executable as an operator sets it up, over https, with people and clients: what other people's software logs in at. */
import { join } from 'node:path'
import { freePort } from './broker.ts'
import { builtExecutable, runExecutable, serveExecutable } from './executable.ts'
import { type HtmlBrowser, htmlBrowser } from './html-browser.ts'
import { ALICE } from './oauth.ts'
import { temporaryFolder } from './plugins.ts'

export interface Served extends AsyncDisposable {
  readonly issuer: string
  /** PEM of the CA that `leveret init` made. */
  readonly ca: string
  /** `fetch` that trusts that CA and follows no redirect. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>
  /** A person with a browser that knows no script. */
  person(): HtmlBrowser
  /** A request over the control socket; the answer's JSON. */
  operator(method: string, path: string, body: object): Promise<Readonly<Record<string, unknown>>>
  /** Registers a client over the control socket. */
  client(input: object): Promise<RegisteredClient>
}

export interface RegisteredClient {
  readonly id: string
  readonly secret: string
}

/** `settings` are tables that `leveret init` does not write. */
export async function serveExecutableWith(settings = ''): Promise<Served> {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  const start = { executable: await builtExecutable(), folder: folder.path }
  const port = freePort()
  const { code, out, err } = await runExecutable(start, 'init', '--tls', '--port', String(port), '--json')
  if (code !== 0) throw new Error(`Cannot set up a server: ${err}`)
  const { publicUrl } = JSON.parse(out) as { readonly publicUrl: string } // our own command
  const file = join(folder.path, 'leveret.toml')
  await Bun.write(file, `${await Bun.file(file).text()}\n${settings}`)
  stack.use(await serveExecutable(start))
  const ca = await Bun.file(join(folder.path, 'leveret-data/tls/ca.pem')).text()
  const send: Served['fetch'] = (input, init) => fetch(input, { redirect: 'manual', ...init, tls: { ca } })

  const operator: Served['operator'] = async (method, path, body) => {
    const unix = join(folder.path, 'leveret-data/control.sock')
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`http://control${path}`, { unix, method, headers, body: JSON.stringify(body) })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text === '' ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>)
  }
  await operator('POST', '/users', { ...ALICE, email: 'alice@example.org', displayName: 'Alice L' })

  const disposal = stack.move()
  return {
    issuer: publicUrl,
    ca,
    fetch: send,
    person: () =>
      htmlBrowser({ url: publicUrl, issuer: publicUrl, fetch: (path, init) => send(publicUrl + path, init) }),
    operator,
    async client(input) {
      const answer = await operator('POST', '/clients', { name: 'Interop', ...input })
      const { client, secret } = answer as { readonly client: { readonly id: string }; readonly secret: string | null }
      return { id: client.id, secret: secret ?? '' }
    },
    [Symbol.asyncDispose]: () => disposal.disposeAsync(),
  }
}
