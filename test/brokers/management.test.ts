/** The management UI of brokers from 4.0 on in a real browser: logged in by a code flow or by a form that posts the token. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { brokerConfig, type ManagementUi } from '../../src/core/rabbitmq/config.ts'
import type { Broker } from '../../src/core/rabbitmq/records.ts'
import { atLeast } from '../../src/core/rabbitmq/versions.ts'
import { startBrowser, type TestBrowser } from '../harness/browser.ts'
import { type BrokerNode, describeBroker, freePort, startBroker } from '../harness/broker.ts'
import { ALICE } from '../harness/oauth.ts'
import { OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'
import { until } from '../harness/until.ts'

setDefaultTimeout(180_000)

const UI = 'rabbitmq-ui'
/** The UI asks for a new token a minute before the end of the one it has. */
const SHORT = 65_000
const LONG = 600_000

async function openServer(): Promise<TestServer> {
  const port = freePort()
  const config = { publicUrl: `https://localhost:${port}`, listen: { port }, session: { bindIp: 'off' } }
  const server = await startTestServer({ tls: true, now: Date.now(), config })
  const { core } = server.instance
  await core.users.create(ALICE, OPERATOR)
  const rights = { configure: ['*'], write: ['*'], read: ['*'], tags: ['management'] }
  await core.rules.create({ subjectKind: 'user', subject: ALICE.username, vhost: 'prod', ...rights }, OPERATOR)
  return server
}

/** A broker with what `leveret broker config` says of its UI. */
async function openNode(server: TestServer, broker: Broker, ui: ManagementUi): Promise<BrokerNode> {
  return await startBroker(async (folder) => {
    const made = brokerConfig({
      broker,
      issuer: server.url,
      jwksUrl: `${server.url}/auth/oauth/jwks`,
      discoveryUrl: `${server.url}/.well-known/openid-configuration`,
      caFile: `${folder}/ca.pem`,
      ui,
    })
    return {
      conf: `${made['rabbitmq.conf']}\ndefault_vhost = prod\n`,
      plugins: made.enabledPlugins.match(/[a-z]\w*/g) ?? [],
      files: { 'ca.pem': server.ca ?? '' },
    }
  })
}

async function expectAlice(page: Page): Promise<void> {
  await page.waitForSelector('#logout')
  await page.waitForSelector('text=User alice')
  expect(await page.textContent('body')).toContain('prod')
}

describeBroker('management UI', (version) => {
  if (!atLeast(version, '4.0')) {
    console.warn(`skipped: the management UI of RabbitMQ ${version} knows UAA alone (bun run test:brokers)`)
    return
  }
  const stack = new AsyncDisposableStack()
  let server: TestServer
  let broker: Broker
  let browser: TestBrowser

  beforeAll(async () => {
    server = stack.use(await openServer())
    const made = { name: 'main', resourceServerId: 'rabbitmq', version, tokenTtl: SHORT }
    broker = await server.instance.core.brokers.create(made, OPERATOR)
    browser = stack.use(await startBrowser())
  })
  afterAll(() => stack.disposeAsync())

  test('a code flow logs in, the token is renewed silently, and a logout is one at both', async () => {
    await using node = await openNode(server, broker, { kind: 'code', clientId: UI })
    const management = `http://localhost:${node.management}`
    const redirectUris = [`${management}/js/oidc-oauth/login-callback.html`]
    const addresses = { redirectUris, postLogoutRedirectUris: [`${management}/`] }
    await server.instance.core.clients.create({ id: UI, name: 'RabbitMQ', confidential: false, ...addresses }, OPERATOR)
    await server.instance.reload(server.configWith({ oauth: { corsOrigins: [management] } }))

    const { page } = await browser.open({ ignoreHTTPSErrors: true })
    const renewals: string[] = []
    page.on('request', (request) => {
      if (request.postData()?.includes('grant_type=refresh_token')) renewals.push(request.url())
    })
    const begin = async () => {
      await page.click('#loginWindow, #login button, #outer button')
      await page.waitForURL((url) => url.origin === server.url)
    }
    await page.goto(management)
    await begin()
    await page.fill('[name=username]', ALICE.username)
    await page.fill('[name=password]', ALICE.password)
    await page.click('[type=submit]')
    await page.click('[name=decision][value=allow]')
    await expectAlice(page)

    expect(await until(() => renewals.length > 0, 30_000)).toBe(true)
    expect(renewals[0]).toBe(`${server.url}/auth/oauth/token`)
    await page.reload()
    await expectAlice(page)

    const back = page.waitForResponse((response) => {
      return response.url().startsWith(management) && response.request().isNavigationRequest()
    })
    await page.click('#logout input')
    await back
    await begin()
    expect(new URL(page.url()).pathname).toBe('/auth/login')
  })

  test('a person opens it out of their account, with a token that a form posts', async () => {
    await using node = await openNode(server, broker, { kind: 'portal', url: `${server.url}/account/brokers` })
    const management = `http://localhost:${node.management}`
    await server.instance.core.brokers.update('main', { managementUrl: management, tokenTtl: LONG }, OPERATOR)
    const { page, complaints } = await browser.open({ ignoreHTTPSErrors: true })
    await page.goto(`${server.url}/account/brokers`)
    await page.fill('[name=username]', ALICE.username)
    await page.fill('[name=password]', ALICE.password)
    await page.click('[type=submit]')
    await page.getByRole('button', { name: 'Open in RabbitMQ management: prod on main' }).click()
    await expectAlice(page)
    expect(new URL(page.url()).origin).toBe(management)
    expect(complaints.filter((each) => each.includes(server.url))).toEqual([])
  })
})
