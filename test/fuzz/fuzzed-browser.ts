/** A browser in which alice is logged in, with logins on their way in it, to be thrown at the pages. */
import { readParameters } from '../../src/core/oauth/parameters.ts'
import { Problem } from '../../src/core/problem.ts'
import { csrfOf } from '../../src/http/cookies.ts'
import { htmlBrowser, type Landing } from '../harness/html-browser.ts'
import { OPERATOR, type TestServer } from '../harness/server.ts'
import { KNOWN, type StandIn } from './inputs.ts'

export type OfBrowser = Extract<StandIn, `${string}-of-browser`>

export interface FuzzedBrowser {
  /** Brings back what the requests before have ended, as far as alice may still log in. */
  renew(): Promise<void>
  /** Logins on their way may have ended. */
  spent(): void
  /** The Cookie header. */
  cookie(): string
  /** What stands for the stand-ins of this text. */
  realIn(text: string): Readonly<Record<OfBrowser, string>>
}

type Form = Readonly<Record<string, string>>

const SESSION = 'leveret'
const REQUEST = {
  client_id: 'service',
  response_type: 'code',
  redirect_uri: 'https://app.example/callback',
  scope: 'openid',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWBuF3mCFIHSs',
  code_challenge_method: 'S256',
}

export function fuzzedBrowser(server: TestServer): FuzzedBrowser {
  const browser = htmlBrowser(server)
  const { core } = server.instance
  let [consent, login, userCode]: [Form, Form, string] = [{}, {}, '']
  let fresh = false

  async function logIn(): Promise<void> {
    if (await core.browserSessions.find(browser.cookies.get(SESSION))) return
    const user = await core.users.get(KNOWN.username)
    const login = { amr: ['pwd'], authTime: core.world.now(), userAgent: 'Fuzz/1.0' }
    const begun = user && (await core.browserSessions.begin({ user, ...login }, OPERATOR))
    if (begun) browser.cookies.set(SESSION, begun.cookie)
  }

  async function begin(prompt: string): Promise<Form> {
    const page: Landing = await browser.open(`/auth/oauth/authorize?${new URLSearchParams({ ...REQUEST, prompt })}`)
    return page.forms.find(({ fields }) => 'interaction' in fields)?.fields ?? {}
  }

  async function device(): Promise<string> {
    const client = await core.clients.get('service')
    const parameters = readParameters([['scope', 'openid']])
    return client ? (await core.devices.begin(parameters, client, OPERATOR)).userCode : ''
  }

  async function renewed(): Promise<void> {
    await logIn()
    consent = await begin('consent')
    login = await begin('login')
    userCode = await device()
  }

  /** The one that fits what it is sent with. */
  function csrfFor(text: string): string {
    if (text.includes('consent-of-browser')) return consent['csrf'] ?? ''
    return text.includes('login-of-browser') ? (login['csrf'] ?? '') : csrfOf(browser.cookies.get(SESSION) ?? '')
  }

  return {
    realIn: (text) => ({
      'csrf-of-browser': csrfFor(text),
      'consent-of-browser': consent['interaction'] ?? '',
      'login-of-browser': login['interaction'] ?? '',
      'user-code-of-browser': userCode,
    }),
    spent() {
      fresh = false
    },
    cookie: () => [...browser.cookies].map((pair) => pair.join('=')).join('; '),
    async renew() {
      if (fresh) return
      fresh = true
      // Without its storage there is what there was before.
      await renewed().catch((error: unknown) => {
        if (!(error instanceof Problem)) throw error
      })
    },
  }
}
