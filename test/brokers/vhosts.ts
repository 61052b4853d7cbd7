/** Which vhost a token opens, which resources, and which tokens are refused. */
import { expect, test } from 'bun:test'
import { generateKeyPair, SignJWT } from 'jose'
import { LOGIN_REFUSED, resourceRefused, topicRefused, vhostRefused } from '../../src/core/rabbitmq/broker-words.ts'
import { diagnose } from '../../src/core/rabbitmq/doctor.ts'
import { connect, failure, logged, type Scene, VHOSTS } from './setup.ts'

export function vhostTests(scene: () => Scene): void {
  test('a token opens its vhost; a queue is declared, published to by name and consumed from', async () => {
    const { node, token } = scene()
    await using connection = await connect(node, { password: await token('alice') })
    const channel = await connection.createConfirmChannel()
    await channel.assertQueue('app-orders')
    channel.sendToQueue('app-orders', Buffer.from('one'))
    await channel.waitForConfirms()
    const message = await channel.get('app-orders', { noAck: true })
    expect(message && message.content.toString()).toBe('one')
  })

  test('a queue is bound to a topic exchange and gets what is published with an allowed routing key', async () => {
    const { node, token } = scene()
    await using connection = await connect(node, { password: await token('alice') })
    const channel = await connection.createConfirmChannel()
    await channel.assertExchange('events', 'topic')
    await channel.assertQueue('app-events')
    await channel.bindQueue('app-events', 'events', 'eu.*')
    const got = Promise.withResolvers<string>()
    await channel.consume('app-events', (message) => got.resolve(String(message?.content)), { noAck: true })
    channel.publish('events', 'eu.de', Buffer.from('two'))
    expect(await got.promise).toBe('two')
  })

  test('another vhost is refused', async () => {
    const { node, token } = scene()
    const refused = await failure(connect(node, { password: await token('alice'), vhost: 'test' }))
    expect(refused).toContain('Expected ConnectionOpenOk; got <ConnectionClose')
    const words = vhostRefused('test', 'alice').replace('NOT_ALLOWED - ', '')
    expect(await logged(node, words)).toBe(words)
  })

  for (const vhost of VHOSTS) {
    test(`a token for vhost ${vhost} opens that and none that it could be taken for`, async () => {
      const { node, token } = scene()
      const password = await token('carol', vhost)
      await using connection = await connect(node, { password, vhost: encodeURIComponent(vhost) })
      expect(await connection.createChannel()).toBeDefined()
      expect(await failure(connect(node, { password, vhost: 'prod' }))).toContain('ConnectionClose')
    })
  }

  for (const { name, action, permission, kind, resource } of [
    { name: 'declaring', action: 'assertQueue', permission: 'configure', kind: 'queue', resource: 'other' },
    { name: 'consuming', action: 'consume', permission: 'read', kind: 'queue', resource: 'other' },
    { name: 'deleting', action: 'deleteQueue', permission: 'configure', kind: 'queue', resource: 'other' },
  ] as const) {
    test(`${name} a foreign queue is refused in the broker's words`, async () => {
      const { node, token, broker } = scene()
      await using connection = await connect(node, { password: await token('alice') })
      const channel = await connection.createChannel()
      channel.on('error', () => {})
      const attempt = action === 'consume' ? channel.consume(resource, () => {}) : channel[action](resource)
      const refused = { version: broker.version, user: 'alice', vhost: 'prod', permission, kind, name: resource }
      expect(await failure(attempt)).toContain(resourceRefused(refused))
    })
  }

  test('publishing to a queue by name is refused without write on the default exchange', async () => {
    const { node, token, broker } = scene()
    await using connection = await connect(node, { password: await token('carol') })
    const channel = await connection.createConfirmChannel()
    const closed = Promise.withResolvers<unknown>()
    channel.on('error', closed.resolve)
    channel.sendToQueue('app-orders', Buffer.from('no'))
    const refused = {
      user: 'carol',
      vhost: 'prod',
      permission: 'write',
      kind: 'exchange',
      name: 'amq.default',
    } as const
    expect(String(await closed.promise)).toContain(resourceRefused({ ...refused, version: broker.version }))
  })

  test("another routing key is refused in the broker's words", async () => {
    const { node, token, broker } = scene()
    await using connection = await connect(node, { password: await token('alice') })
    const channel = await connection.createConfirmChannel()
    const closed = Promise.withResolvers<unknown>()
    channel.on('error', closed.resolve)
    await channel.assertExchange('events', 'topic')
    channel.publish('events', 'us.ny', Buffer.from('no'))
    const refused = { user: 'alice', vhost: 'prod', permission: 'write', kind: 'exchange', name: 'events' } as const
    expect(String(await closed.promise)).toContain(topicRefused({ ...refused, version: broker.version }, 'us.ny'))
  })

  const faulty: readonly (readonly [name: string, make: (scene: Scene) => Promise<string>])[] = [
    ['for another audience', async ({ sign, claims }) => sign({ ...(await claims()), aud: ['other'] })],
    ['that has expired', async ({ sign, claims }) => sign(await claims(-10))],
    ['with a signature of another key', forged],
    ['of an unknown key', async ({ claims }) => signElsewhere(await claims(), 'unknown-key')],
    ['that is none', async () => 'not.a.token'],
  ]
  for (const [name, make] of faulty) {
    test(`a token ${name} is refused, and the doctor says what the log does`, async () => {
      const { node, broker, server } = scene()
      const token = await make(scene())
      const before = (await node.logs()).length
      expect(await failure(connect(node, { password: token }))).toContain(LOGIN_REFUSED)
      const jwks = await (await server.fetch('/auth/oauth/jwks')).text()
      const findings = await diagnose({ token, broker, jwks, now: Date.now(), vhost: 'prod' })
      const says = findings.find(({ ok, brokerSays }) => !ok && brokerSays !== undefined)?.brokerSays ?? 'nothing'
      const reason = says.replace(/ at timestamp.*/, '')
      expect(await logged(node, reason, before)).toBe(reason)
    })
  }
}

async function forged({ server, claims }: Scene): Promise<string> {
  const kid = server.instance.core.keys.list().find((key) => key.state === 'active' && key.algorithm === 'ES256')?.kid
  return signElsewhere(await claims(), kid ?? '')
}

async function signElsewhere(claims: object, kid: string): Promise<string> {
  const { privateKey } = await generateKeyPair('ES256')
  return new SignJWT({ ...claims }).setProtectedHeader({ alg: 'ES256', kid, typ: 'at+jwt' }).sign(privateKey)
}
