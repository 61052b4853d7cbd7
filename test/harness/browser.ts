/** The distribution's Chromium, driven by playwright-core, with a profile of its own that goes with it. */
import { describe } from 'bun:test'
import { readFileSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, type CDPSession, chromium, type Page } from 'playwright-core'
import type { ClientEnv } from './kdc.ts'

const CHROMIUM = Bun.which('chromium')
/** Nothing but the page is loaded: no updates, no telemetry, no sandbox that a container does not give. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
/** A context of a test is a private window, which by default proves nothing without being asked to. */
const NEGOTIATES = ['--auth-server-allowlist=localhost', '--enable-features=EnableAmbientAuthenticationInIncognito']
const AXE = readFileSync(Bun.resolveSync('axe-core/axe.min.js', import.meta.dir), 'utf8')

/** A `describe` for what needs a browser: fails where it must be there, else says why it is skipped. */
export function describeInBrowser(name: string, body: () => void): void {
  if (CHROMIUM !== null || process.env['CI']) {
    describe(name, body)
    return
  }
  const reason = 'chromium is not installed (apt-get install chromium)'
  console.warn(`skipped: ${name}: ${reason}`)
  describe.skip(`${name}: ${reason}`, body)
}

export interface TestBrowser extends AsyncDisposable {
  /** A page in a context of its own: no cookie is shared with another. */
  open(options?: BrowserContextOptions): Promise<TestPage>
}

export interface TestPage {
  readonly page: Page
  /** What the browser complained about: violations of a policy, scripts that failed, files that are missing. */
  readonly complaints: readonly string[]
}

/** With `tickets` it answers servers on this machine with what a client of Kerberos has there. */
export async function startBrowser({ tickets }: { readonly tickets?: ClientEnv } = {}): Promise<TestBrowser> {
  const browser: Browser = await chromium.launch({
    executablePath: CHROMIUM ?? 'chromium',
    args: [...ARGUMENTS, ...(tickets ? NEGOTIATES : [])],
    ...(tickets && { env: { ...process.env, ...tickets } }),
  })
  return {
    async open(options = {}) {
      const context = await browser.newContext(options)
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
      })
      page.on('pageerror', (error) => void complaints.push(String(error)))
      return { page, complaints }
    },
    [Symbol.asyncDispose]: () => browser.close(),
  }
}

/** What axe finds wrong with a page that keeps people out, as `rule: element`. */
export async function seriousFaults(page: Page): Promise<readonly string[]> {
  // Evaluated by the debugger, which the policy of the page does not hold back.
  await page.evaluate(AXE)
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<AxeResults> } }
    const { violations } = await axe.run()
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
  })
}
interface AxeResults {
  readonly violations: readonly {
    readonly id: string
    readonly impact?: string
    readonly nodes: readonly { readonly html: string }[]
  }[]
}

/** A passkey device in the browser of this page; it checks its person without asking. */
export async function addVirtualAuthenticator(page: Page): Promise<CDPSession> {
  const session = await page.context().newCDPSession(page)
  await session.send('WebAuthn.enable')
  await session.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return session
}
