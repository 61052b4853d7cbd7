/** A browser that keeps cookies, follows redirects and sends forms, and knows no script: what a person without one sees. */
import type { TestServer } from './server.ts'

export interface Form {
  readonly action: string
  readonly fields: Readonly<Record<string, string>>
  /** Names of fields to fill in, and of buttons. */
  readonly names: readonly string[]
}

/** Where a walk ended: at a page of ours, or at a redirect that leads away. */
export interface Landing {
  readonly status: number
  /** Of the page, below the server's address. */
  readonly path: string
  readonly html: string
  readonly headers: Headers
  readonly forms: readonly Form[]
  /** Set when the browser was sent to another host. */
  readonly away: URL | undefined
  /** Every redirect on the way. */
  readonly hops: readonly string[]
}

export interface HtmlBrowser {
  open(path: string, init?: RequestInit): Promise<Landing>
  /** Sends the form that has all of these fields. */
  submit(page: Landing, fields: Readonly<Record<string, string>>, headers?: Record<string, string>): Promise<Landing>
  readonly cookies: Map<string, string>
}

const MOST_HOPS = 10

export function htmlBrowser(server: Pick<TestServer, 'fetch' | 'url' | 'issuer'>): HtmlBrowser {
  const cookies = new Map<string, string>()

  function remember(response: Response): void {
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';', 1)
      const name = pair.slice(0, pair.indexOf('='))
      if (/;\s*max-age=0/i.test(line)) cookies.delete(name)
      else cookies.set(name, pair.slice(name.length + 1))
    }
  }

  async function ask(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers)
    if (cookies.size > 0 && !headers.has('cookie'))
      headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await server.fetch(path, { ...init, headers })
    remember(response)
    return response
  }

  async function open(start: string, init: RequestInit = {}): Promise<Landing> {
    const hops: string[] = []
    let path = start
    let response = await ask(path, init)
    while (response.status === 303 || response.status === 302) {
      const target = new URL(response.headers.get('location') ?? '', server.issuer)
      hops.push(target.href)
      if (hops.length > MOST_HOPS) throw new Error(`Expected the redirects to end: ${hops.join(' ')}`)
      if (!target.href.startsWith(`${server.issuer}/`))
        return { status: response.status, path, html: '', headers: response.headers, forms: [], away: target, hops }
      path = target.href.slice(server.issuer.length)
      response = await ask(path, {})
    }
    const html = await response.text()
    const { status, headers } = response
    return { status, path, html, headers, forms: await formsIn(html), away: undefined, hops }
  }

  return {
    cookies,
    open,
    async submit(page, fields, headers = {}) {
      const wanted = Object.keys(fields)
      const form = page.forms.find(({ names, fields: hidden }) =>
        wanted.every((name) => names.includes(name) || name in hidden),
      )
      if (!form)
        throw new Error(`Expected a form with ${wanted.join(', ')} on ${page.path} (${page.status}): ${page.html}`)
      const body = new URLSearchParams({ ...form.fields, ...fields })
      const target = new URL(form.action, server.issuer)
      const same = { origin: target.origin, 'sec-fetch-site': 'same-origin' }
      return await open(target.href.slice(server.issuer.length), {
        method: 'POST',
        body,
        headers: { ...same, ...headers },
      })
    },
  }
}

async function formsIn(html: string): Promise<readonly Form[]> {
  const forms: { action: string; fields: Record<string, string>; names: string[] }[] = []
  const field = (element: HTMLRewriterTypes.Element) => {
    const name = element.getAttribute('name')
    const form = forms.at(-1)
    if (name === null || !form) return
    form.names.push(name)
    if (element.getAttribute('type') === 'hidden' || element.hasAttribute('readonly'))
      form.fields[name] = unescaped(element.getAttribute('value') ?? '')
  }
  const rewriter = new HTMLRewriter()
    .on('form', {
      element: (element) =>
        void forms.push({ action: unescaped(element.getAttribute('action') ?? ''), fields: {}, names: [] }),
    })
    .on('form input, form button', { element: field })
  await rewriter.transform(new Response(html)).text()
  return forms
}

function unescaped(text: string): string {
  const entities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" }
  return text.replace(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] ?? '')
}
