/** A whole server whose public URL a browser on this machine can really open: `http://localhost` on a free port. */
import type { BrowserContext } from 'playwright-core'
import { freePort } from './broker.ts'
import { startTestServer, type TestServer, type TestServerOptions } from './server.ts'
import { visitorOf } from './visitor.ts'

export interface BrowserServer extends TestServer {
  /** Logs a browser in without its login page. */
  signIn(context: BrowserContext, username?: string): Promise<void>
}

/** Browsers give `localhost` what they give https: passkeys work. */
export async function startBrowserServer({
  config,
  path = '',
  ...options
}: TestServerOptions = {}): Promise<BrowserServer> {
  const port = freePort()
  const origin = `http://localhost:${port}`
  const server = await startTestServer({
    ...options,
    path,
    config: { publicUrl: origin + path, listen: { host: '127.0.0.1', port }, ...config },
    // Cookies and challenges end by the clock of the browser too.
    now: options.now ?? Date.now(),
  })
  return {
    ...server,
    url: origin + path,
    issuer: origin + path,
    async signIn(context, username) {
      const visitor = await visitorOf({ ...server, issuer: origin }, username)
      await context.addCookies([
        { name: 'leveret', value: visitor.cookie(), url: origin, httpOnly: true, sameSite: 'Lax' },
      ])
    },
  }
}
