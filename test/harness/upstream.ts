/** An upstream OpenID Connect provider that is not ours, and a browser without JavaScript to log in there. */
import { join } from 'node:path'

export interface Upstream extends AsyncDisposable {
  readonly issuer: string
  /** Goes where it is sent, logs in there as `username`, agrees, and returns the address it is sent back to. */
  visit(url: string, username: string): Promise<string>
  /** Stops answering until disposed of; connections hang. */
  freeze(): AsyncDisposable
  kill(): Promise<void>
}

export async function startUpstream(callback: string): Promise<Upstream> {
  const probe = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
  const { port } = probe
  await probe.stop(true)
  const child = Bun.spawn([process.execPath, join(import.meta.dir, 'upstream-provider.ts'), String(port), callback], {
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
    env: { ...process.env, NODE_ENV: 'test' },
  })
  const reader = child.stdout.getReader()
  const decoder = new TextDecoder()
  for (let text = ''; !text.includes('ready'); ) {
    const { done, value } = await reader.read()
    if (done) throw new Error('Cannot start oidc-provider: it ended')
    text += decoder.decode(value)
  }
  const kill = async () => {
    child.kill('SIGKILL')
    await child.exited
  }
  const issuer = `http://127.0.0.1:${port}`
  return {
    issuer,
    visit: (url, username) => visit(url, username, callback),
    freeze() {
      child.kill('SIGSTOP')
      return { [Symbol.asyncDispose]: async () => child.kill('SIGCONT') }
    },
    kill,
    [Symbol.asyncDispose]: kill,
  }
}

/** Follows redirects, fills in the login form and agrees to what is asked, like somebody with an HTML-only browser. */
async function visit(start: string, username: string, callback: string): Promise<string> {
  const cookies = new Map<string, string>()
  let [url, init]: [string, RequestInit] = [start, {}]
  for (let hop = 0; hop < 20; hop++) {
    if (url.startsWith(callback)) return url
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, { ...init, redirect: 'manual', headers: { cookie } })
    for (const line of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      cookies.set(name, value)
    }
    const location = answer.headers.get('location')
    if (location !== null) {
      ;[url, init] = [new URL(location, url).href, {}]
      continue
    }
    const page = await answer.text()
    const [, action] = /<form[^>]+action="([^"]+)"/.exec(page) ?? []
    if (action === undefined) throw new Error(`Cannot go on at ${url}: ${answer.status} ${page.slice(0, 500)}`)
    const [, prompt = ''] = /name="prompt" value="([^"]+)"/.exec(page) ?? []
    const body = new URLSearchParams({ prompt, ...(prompt === 'login' && { login: username, password: 'any' }) })
    ;[url, init] = [new URL(action, url).href, { method: 'POST', body }]
  }
  throw new Error('Cannot log in upstream: too many steps')
}
