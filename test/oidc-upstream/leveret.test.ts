/** One Leveret logs people in through another one, in and out of both again. */
import { expect, test } from 'bun:test'
import { type HtmlBrowser, htmlBrowser } from '../harness/html-browser.ts'
import { OPERATOR, startTestServer } from '../harness/server.ts'
import { answerIn, openDesk } from '../oauth-front/desk.ts'

const ANNA = { username: 'anna', password: 'vexing-Quartz-41-sphinx' }

/** A place on this machine that a public URL can name before the server is there. */
async function place() {
  const probe = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response() })
  const { port } = probe
  await probe.stop(true)
  const issuer = `http://127.0.0.1:${port}`
  return { issuer, config: { publicUrl: issuer, listen: { host: '127.0.0.1', port } } }
}

/** A server that knows anna, and a client there for `downstream`. */
async function startUpstream(downstream: string) {
  const { issuer, config } = await place()
  const server = await startTestServer({ now: Date.now(), config })
  const { core } = server.instance
  await core.groups.create({ name: 'team-billing' }, OPERATOR)
  const profile = { email: 'anna@example.org', displayName: 'Anna A', claims: { email_verified: true } }
  await core.users.create({ ...ANNA, ...profile, groups: ['team-billing'] }, OPERATOR)
  const { client, secret = '' } = await core.clients.create(
    {
      name: 'The other server',
      redirectUris: [`${downstream}/auth/oauth/callback`],
      postLogoutRedirectUris: [`${downstream}/auth/logout`],
      scopes: ['openid', 'profile', 'email', 'groups'],
      consent: 'skip',
    },
    OPERATOR,
  )
  return { server, issuer, client, secret }
}

/** Presses "Log in with …"; where that leads. */
async function away(browser: HtmlBrowser, start: string): Promise<string> {
  const login = await browser.open(start)
  const [, href = ''] = /href="([^"]*\/auth\/login\/up\?[^"]*)"/.exec(login.html) ?? []
  return (await browser.open(href.replaceAll('&amp;', '&'))).away?.href ?? ''
}

test('people of one server log in at another with their groups, and out of both', async () => {
  const here = await place()
  const up = await startUpstream(here.issuer)
  await using _up = up.server
  const source = {
    type: 'oidc',
    id: 'up',
    label: 'Upstairs',
    issuer: up.issuer,
    allowHttp: true,
    clientId: up.client.id,
    clientSecret: { env: 'UP_SECRET' },
    scopes: ['openid', 'profile', 'email', 'groups'],
    groupsPrefix: 'team-',
  }
  const local = { type: 'local', id: 'local', memoryKib: 8192, iterations: 1 }
  const config = { ...here.config, login: [local, source] }
  await using desk = await openDesk({ config, env: { UP_SECRET: up.secret }, now: Date.now() })
  const [browser, upstairs] = [desk.browser(), htmlBrowser(up.server)]
  const below = (issuer: string, url: string) => url.slice(issuer.length)

  const question = await upstairs.open(below(up.issuer, await away(browser, desk.request())))
  const back = await upstairs.submit(question, ANNA)
  const consent = await browser.open(below(here.issuer, back.away?.href ?? ''))
  const { code, iss } = answerIn(await browser.submit(consent, { decision: 'allow' }))
  expect([typeof code, iss]).toEqual(['string', here.issuer])
  const { users } = desk.server.instance.core
  const anna = await users.get('anna')
  expect(anna).toMatchObject({ source: 'up', email: 'anna@example.org', displayName: 'Anna A' })
  expect(await users.groupsOf(anna?.id ?? '')).toEqual(['billing'])

  const out = await browser.submit(await browser.open('/auth/logout'), { action: 'logout' })
  const ended = await upstairs.open(below(up.issuer, out.away?.href ?? ''))
  expect(ended.away?.href).toStartWith(`${here.issuer}/auth/logout?`)
  expect(upstairs.cookies.get('leveret') ?? '').toBe('')
  expect((await browser.open(below(here.issuer, ended.away?.href ?? ''))).status).toBe(200)
  expect((await upstairs.open('/account')).path).toStartWith('/auth/login')
})
