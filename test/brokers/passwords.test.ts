/** The broker's HTTP auth backend: user names and passwords at the broker, rights from our rules. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { LOGIN_REFUSED, resourceRefused, topicRefused } from '../../src/core/rabbitmq/broker-words.ts'
import { describeBroker } from '../harness/broker.ts'
import { OPERATOR } from '../harness/server.ts'
import { connect, failure, openScene, PASSWORD, type Scene } from './setup.ts'

setDefaultTimeout(180_000)

describeBroker('passwords through the HTTP backend', () => {
  let scene: Scene
  beforeAll(async () => {
    scene = await openScene('passwords')
  })
  afterAll(() => scene?.[Symbol.asyncDispose]())
  const alice = { username: 'alice', password: PASSWORD }

  test('a password opens the vhosts of the rules; publish and consume', async () => {
    await using connection = await connect(scene.node, alice)
    const channel = await connection.createConfirmChannel()
    await channel.assertQueue('app-orders')
    channel.sendToQueue('app-orders', Buffer.from('one'))
    await channel.waitForConfirms()
    const message = await channel.get('app-orders', { noAck: true })
    expect(message && message.content.toString()).toBe('one')
  })

  test('a topic exchange takes the routing keys of the rules and refuses others', async () => {
    await using connection = await connect(scene.node, alice)
    const channel = await connection.createConfirmChannel()
    await channel.assertExchange('events', 'topic')
    channel.publish('events', 'eu.de', Buffer.from('yes'))
    await channel.waitForConfirms()
    const closed = Promise.withResolvers<unknown>()
    channel.on('error', closed.resolve)
    channel.publish('events', 'us.ny', Buffer.from('no'))
    const refused = { version: scene.broker.version, user: 'alice', vhost: 'prod', permission: 'write' } as const
    expect(String(await closed.promise)).toContain(
      topicRefused({ ...refused, kind: 'exchange', name: 'events' }, 'us.ny'),
    )
  })

  test('a foreign queue is refused', async () => {
    await using connection = await connect(scene.node, alice)
    const channel = await connection.createChannel()
    channel.on('error', () => {})
    const refused = { version: scene.broker.version, user: 'alice', vhost: 'prod', permission: 'configure' } as const
    expect(await failure(channel.assertQueue('other'))).toContain(
      resourceRefused({ ...refused, kind: 'queue', name: 'other' }),
    )
  })

  test('another vhost, a wrong password and an unknown user are refused', async () => {
    expect(await failure(connect(scene.node, { ...alice, vhost: 'test' }))).toContain('ConnectionClose')
    expect(await failure(connect(scene.node, { ...alice, password: 'wrong' }))).toContain(LOGIN_REFUSED)
    expect(await failure(connect(scene.node, { username: 'mallory', password: PASSWORD }))).toContain(LOGIN_REFUSED)
  })

  test('what an administrator takes away counts at once on an open connection', async () => {
    const { core } = scene.server.instance
    const user = await core.users.get('bob')
    await using connection = await connect(scene.node, { username: 'bob', password: PASSWORD, vhost: 'test' })
    const channel = await connection.createChannel()
    channel.on('error', () => {})
    expect(await channel.assertQueue('mine')).toBeDefined()
    await core.users.update(user?.id ?? '', { disabled: true }, OPERATOR)
    expect(await failure(channel.assertQueue('more'))).toContain('refused for user')
  })

  test('the management API takes the password and knows the tags', async () => {
    const headers = { authorization: `Basic ${btoa(`alice:${PASSWORD}`)}` }
    const answer = await fetch(`http://127.0.0.1:${scene.node.management}/api/whoami`, { headers })
    expect(await answer.json()).toMatchObject({ name: 'alice', tags: ['management'] })
  })
})
