/** What time does to tokens: refreshing an open connection, expiring, rotating keys. */
import { expect, test } from 'bun:test'
import type { ChannelModel } from 'amqplib'
import { atLeast } from '../../src/core/rabbitmq/versions.ts'
import { OPERATOR } from '../harness/server.ts'
import { until } from '../harness/until.ts'
import { connect, failure, type Scene } from './setup.ts'

const SHORT = 3

export function lifetimeTests(scene: () => Scene): void {
  test('update-secret keeps a connection working beyond the end of its first token; without it, it does not', async () => {
    const { node, sign, claims, broker } = scene()
    const short = await claims(SHORT)
    const password = await sign(short)
    await using refreshed = await connect(node, { password })
    await using left = await connect(node, { password })
    await refreshed.updateSecret(Buffer.from(await sign(await claims())), 'refresh')
    const closed = closing(left)
    await until(() => Date.now() / 1000 > short.exp + 1)

    const channel = await refreshed.createChannel()
    expect((await channel.assertQueue('app-refreshed')).queue).toBe('app-refreshed')
    if (atLeast(broker.version, '4.2.6')) {
      expect(await closed).toContain('CONNECTION_FORCED - credential expired')
      return
    }
    const stale = await left.createChannel()
    stale.on('error', () => {})
    expect(await failure(stale.assertQueue('app-stale'))).toContain('Provided JWT token has expired')
  })

  test('update-secret cannot change the user from 4.0 on', async () => {
    const { node, sign, claims, broker } = scene()
    await using connection = await connect(node, { password: await sign(await claims()) })
    const closed = closing(connection)
    const other = await sign({ ...(await claims()), sub: 'bob', client_id: 'bob' })
    const update = connection.updateSecret(Buffer.from(other), 'refresh').then(() => 'taken')
    const outcome = await Promise.race([update, closed])
    if (atLeast(broker.version, '4.0')) expect(outcome).toContain('New secret was refused by one of the backends')
    else expect(outcome).toBe('taken')
  })

  test('keys are rotated without a refused login', async () => {
    const { node, server, token } = scene()
    const { keys } = server.instance.core
    const opens = async (password: string) => {
      await using connection = await connect(node, { password })
      return await connection.createChannel()
    }
    const before = await token('alice')
    const kid = kidOf(before)
    expect(await opens(before)).toBeDefined()

    await keys.rotate('ES256', { now: false }, OPERATOR)
    const meanwhile = await token('alice')
    expect(kidOf(meanwhile)).toBe(kid)
    expect(await opens(meanwhile)).toBeDefined()

    await keys.rotate('ES256', { now: true }, OPERATOR)
    const after = await token('alice')
    expect(kidOf(after)).not.toBe(kid)
    for (const password of [after, meanwhile, before, after]) expect(await opens(password)).toBeDefined()
  })
}

/** The words with which the broker closes it. */
function closing(connection: ChannelModel): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  connection.on('close', (error: unknown) => resolve(String(error)))
  return promise
}

function kidOf(token: string): unknown {
  const header: { kid?: unknown } = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
  return header.kid
}
