/** Fifty at once with one thing that counts once: exactly one wins, on every engine and across nodes. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import { type Answer, type OAuthServer, type RegisteredClient, startOAuthServer } from '../harness/oauth.ts'
import { codeOfAlice } from '../harness/oauth-code.ts'
import { allowDevice } from '../harness/oauth-person.ts'
import { htmlBrowser } from '../harness/html-browser.ts'
import { describePostgres, startPostgres } from '../harness/postgres.ts'
import { startTestServer } from '../harness/server.ts'

setDefaultTimeout(60_000)

const CALLERS = 50
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'

/** The only answer with tokens; all others are the same refusal. */
function onlyWinner(answers: readonly Answer[]): Answer {
  const [winner, ...more] = answers.filter(({ status }) => status === 200)
  const refusals = new Set(answers.flatMap(({ status, body }) => (status === 200 ? [] : [body['error']])))
  expect({ more, refusals }).toEqual({ more: [], refusals: new Set(['invalid_grant']) })
  if (!winner) throw new Error('Nobody got anything')
  return winner
}

interface Nodes extends AsyncDisposable {
  readonly oauth: OAuthServer
  /** Where the token endpoint answers; every other caller asks another. */
  readonly urls: readonly string[]
}

function racesOn(start: () => Promise<Nodes>): void {
  let nodes: Nodes | undefined
  beforeAll(async () => {
    nodes = await start()
  })
  afterAll(() => nodes?.[Symbol.asyncDispose]())
  const opened = () => {
    if (!nodes) throw new Error('The servers are not up')
    return nodes
  }
  const app = () =>
    opened().oauth.client({
      grants: ['authorization_code', 'refresh_token', 'password'],
      scopes: ['openid', 'offline_access'],
    })

  async function race({ basic }: RegisteredClient, form: Readonly<Record<string, string>>): Promise<readonly Answer[]> {
    const ask = async (url: string | undefined) => {
      const body = new URLSearchParams(form)
      const answer = await fetch(`${url}/auth/oauth/token`, { method: 'POST', body, headers: { authorization: basic } })
      return { status: answer.status, headers: answer.headers, body: (await answer.json()) as Answer['body'] }
    }
    const { urls } = opened()
    return await Promise.all(Array.from({ length: CALLERS }, (_, index) => ask(urls[index % urls.length])))
  }

  test('a code is redeemed once, and what came of it ends because others showed it too', async () => {
    const client = await app()
    const winner = onlyWinner(await race(client, await codeOfAlice(opened().oauth, client)))
    expect(await opened().oauth.introspect(client, winner.body['access_token'])).toEqual({ active: false })
  })

  test('a refresh token is rotated once, and its family ends because others showed it too', async () => {
    const client = await app()
    const first = await opened().oauth.tokensOfAlice(client)
    const form = { grant_type: 'refresh_token', refresh_token: String(first.body['refresh_token']) }
    const winner = onlyWinner(await race(client, form))
    const next = { ...form, refresh_token: String(winner.body['refresh_token']) }
    expect((await opened().oauth.token(client, next)).body['error']).toBe('invalid_grant')
  })

  test('a device code is redeemed once', async () => {
    const { oauth } = opened()
    const client = await oauth.client({ grants: [DEVICE], redirectUris: [] })
    const headers = { authorization: client.basic }
    const { body } = await oauth.post('/auth/oauth/device_authorization', { scope: 'openid' }, headers)
    await allowDevice(htmlBrowser(oauth.server), String(body['user_code']))
    onlyWinner(await race(client, { grant_type: DEVICE, device_code: String(body['device_code']) }))
  })
}

describe('one node on SQLite', () => {
  racesOn(async () => {
    const oauth = await startOAuthServer()
    return { oauth, urls: [oauth.server.url], [Symbol.asyncDispose]: () => oauth[Symbol.asyncDispose]() }
  })
})

describePostgres('two nodes on PostgreSQL', () => {
  racesOn(async () => {
    await using stack = new AsyncDisposableStack()
    const postgres = stack.use(await startPostgres())
    const storage = { type: 'postgres', ...postgres.config(await postgres.createDatabase()) }
    const oauth = stack.use(await startOAuthServer({ config: { storage } }))
    const other = stack.use(await startTestServer({ config: { storage }, now: oauth.server.clock.now() }))
    const disposal = stack.move()
    return { oauth, urls: [oauth.server.url, other.url], [Symbol.asyncDispose]: () => disposal.disposeAsync() }
  })
})
