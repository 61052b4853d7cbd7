/** Tokens of OAuth clients on the real broker: of services for themselves, and of people by a code flow. */
import { expect, test } from 'bun:test'
import { htmlBrowser } from '../harness/html-browser.ts'
import { goThrough } from '../harness/oauth-person.ts'
import { bodyOf, OPERATOR } from '../harness/server.ts'
import { connect, failure, type Scene } from './setup.ts'

const CALLBACK = 'https://app.example/callback'

export function clientTests(current: () => Scene): void {
  async function tokens(basic: string, form: Readonly<Record<string, string>>) {
    const headers = { authorization: basic }
    const body = new URLSearchParams(form)
    const answer = await current().server.fetch('/auth/oauth/token', { method: 'POST', headers, body })
    const got = await bodyOf(answer)
    if (answer.status !== 200) throw new Error(`No token: ${answer.status} ${JSON.stringify(got)}`)
    return { access: String(got['access_token']), refresh: String(got['refresh_token']) }
  }

  test('a service gets a token for one vhost in one call, and works with it under its own name', async () => {
    const { server, node } = current()
    const { clients, rules } = server.instance.core
    const { client, secret = '' } = await clients.create(
      { id: 'invoicer', name: 'Invoicer', grants: ['client_credentials'] },
      OPERATOR,
    )
    const own = ['invoices-*']
    await rules.create(
      { subjectKind: 'client', subject: client.id, vhost: 'prod', configure: own, write: own, read: own },
      OPERATOR,
    )
    const basic = `Basic ${btoa(`${client.id}:${secret}`)}`
    const { access: password } = await tokens(basic, { grant_type: 'client_credentials', scope: 'vhost:prod' })
    await using connection = await connect(node, { password })
    const channel = await connection.createChannel()
    expect((await channel.assertQueue('invoices-2024')).queue).toBe('invoices-2024')
    expect(await node.ctl('list_connections', 'user', 'vhost')).toContain('invoicer\tprod')
    expect(await failure(channel.assertQueue('orders'))).toContain('ACCESS_REFUSED')
    expect(await failure(connect(node, { password, vhost: 'test' }))).toContain('ConnectionClose')
  })

  test('a person gets one by a code flow, and a refreshed one goes on where it ended', async () => {
    const { server, node } = current()
    const { client, secret = '' } = await server.instance.core.clients.create(
      { name: 'Dashboard', redirectUris: [CALLBACK], requirePkce: false, consent: 'skip' },
      OPERATOR,
    )
    const query = { client_id: client.id, redirect_uri: CALLBACK, response_type: 'code', scope: 'openid vhost:prod' }
    const person = htmlBrowser({ ...server, issuer: server.url })
    const back = await goThrough(person, `/auth/oauth/authorize?${String(new URLSearchParams(query))}`)
    const code = back.searchParams.get('code') ?? ''
    const basic = `Basic ${btoa(`${client.id}:${secret}`)}`
    const first = await tokens(basic, { grant_type: 'authorization_code', code, redirect_uri: CALLBACK })
    const second = await tokens(basic, { grant_type: 'refresh_token', refresh_token: first.refresh })
    for (const { access: password } of [first, second]) {
      await using connection = await connect(node, { password })
      const channel = await connection.createChannel()
      expect((await channel.assertQueue('app-1')).queue).toBe('app-1')
      expect(await node.ctl('list_connections', 'user', 'vhost')).toContain('alice\tprod')
    }
  })
}
