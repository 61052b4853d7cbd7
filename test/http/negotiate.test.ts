/** How `POST /auth/session/login` speaks RFC 4559. The tickets here are words; real ones are in `test/kerberos`. */
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { pinOf } from '../../src/host/files.ts'
import { temporaryFolder } from '../harness/plugins.ts'
import { bodyOf, OPERATOR, startTestServer } from '../harness/server.ts'

const SOURCE = `
import { Type } from '@sinclair/typebox'
import { defineLoginSource } from 'leveret/plugin'
export default defineLoginSource({
  type: 'tickets',
  config: Type.Object({}),
  open: async () => ({
    negotiate: {
      step: async (token) => {
        const username = new TextDecoder().decode(token)
        if (username !== 'root2') return { verdict: { ok: false, why: 'credentials' } }
        const identity = { externalId: username, username, groups: ['staff'], amr: ['kerberos'] }
        return { verdict: { ok: true, identity }, reply: new TextEncoder().encode('proof') }
      },
    },
    async [Symbol.asyncDispose]() {},
  }),
})
`
const LOCAL = { type: 'local', id: 'local', memoryKib: 8192, iterations: 1 }

async function start(login: readonly object[] = [LOCAL, { type: 'tickets', id: 'tickets' }]) {
  await using stack = new AsyncDisposableStack()
  const folder = stack.use(await temporaryFolder())
  await folder.write('tickets.ts', SOURCE)
  const path = join(folder.path, 'tickets.ts')
  const plugins = [{ path, sha256: await pinOf(path) }]
  const server = stack.use(await startTestServer({ config: { plugins, login } }))
  const { core } = server.instance
  await core.brokers.create({ name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }, OPERATOR)
  await core.rules.create({ subjectKind: 'group', subject: 'staff', vhost: 'prod', preset: 'owner' }, OPERATOR)
  const disposal = stack.move()
  const send = async (authorization?: string, body?: unknown) => {
    const headers: Record<string, string> = {
      ...(authorization !== undefined && { authorization }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    }
    const text = body === undefined ? null : JSON.stringify(body)
    const answer = await server.fetch('/auth/session/login', { method: 'POST', headers, body: text })
    return { status: answer.status, asks: answer.headers.get('www-authenticate'), body: await bodyOf(answer) }
  }
  return { logIn: send, server, [Symbol.asyncDispose]: () => disposal.disposeAsync() }
}

const negotiate = (ticket: string) => `Negotiate ${Buffer.from(ticket).toString('base64')}`

test('a ticket logs in, and the server proves itself in turn', async () => {
  await using at = await start()
  expect(await at.logIn(negotiate('root2'))).toMatchObject({
    status: 200,
    asks: `Negotiate ${Buffer.from('proof').toString('base64')}`,
    body: { token_type: 'bearer', username: 'root2', vhost: 'prod', broker: 'main' },
  })
  const elsewhere = await at.logIn(negotiate('root2'), { vhost: 'test' })
  expect(elsewhere).toMatchObject({ status: 403, asks: null, body: { code: 'no_rule' } })
})

test('whoever says nothing is asked for a ticket, whoever types is not', async () => {
  await using at = await start()
  for (const [authorization, body] of [[], [undefined, {}], ['Negotiate'], ['negotiate  !!'], [negotiate('forged')]])
    expect(await at.logIn(authorization as string, body)).toMatchObject({ status: 401, asks: 'Negotiate' })
  const typed = await at.logIn(undefined, { username: 'root', password: 'wrong' })
  expect(typed).toMatchObject({ status: 401, asks: 'Bearer realm="leveret"' })
  expect(await at.logIn(undefined, { username: 'root' })).toMatchObject({
    status: 400,
    body: { faults: [{ path: '/password', message: 'Is required' }] },
  })
  const both = await at.logIn(negotiate('root2'), { username: 'root', password: 'wrong' })
  expect(both).toMatchObject({ status: 400, body: { code: 'invalid_request' } })
})

test('where no source takes tickets nobody hears of them', async () => {
  await using at = await start([LOCAL])
  expect(await at.logIn(negotiate('root2'))).toMatchObject({
    status: 400,
    asks: null,
    body: { faults: [{ path: '/username' }, { path: '/password' }] },
  })
})
