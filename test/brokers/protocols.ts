/** The same tokens over MQTT and the management API, and the matcher port beside the broker's own. */
import { expect, test } from 'bun:test'
import { connectAsync } from 'mqtt'
import { wildcardMatch } from '../../src/core/rabbitmq/matcher.ts'
import { failure, type Scene } from './setup.ts'

export function protocolTests(scene: () => Scene): void {
  const mqtt = (password: string, vhost: string) => {
    const url = `mqtt://127.0.0.1:${scene().node.mqtt}`
    return connectAsync(url, { username: `${vhost}:alice`, password, reconnectPeriod: 0, protocolVersion: 4 })
  }

  test('MQTT: a token opens its vhost, subscribes and publishes', async () => {
    const client = await mqtt(await scene().token('alice'), 'prod')
    const got = Promise.withResolvers<string>()
    client.on('message', (topic, message) => got.resolve(`${topic} ${message.toString()}`))
    await client.subscribeAsync('sensors/+', { qos: 1 })
    await client.publishAsync('sensors/door', 'open', { qos: 1 })
    expect(await got.promise).toBe('sensors/door open')
    await client.endAsync()
  })

  test('MQTT: another vhost and a broken token are refused', async () => {
    const token = await scene().token('alice')
    expect(await failure(mqtt(token, 'test'))).toContain('Not authorized')
    expect(await failure(mqtt(`${token}x`, 'prod'))).toMatch(/Bad username or password|Not authorized/)
  })

  const api = (path: string, authorization: string) =>
    fetch(`http://127.0.0.1:${scene().node.management}/api${path}`, { headers: { authorization } })

  test('management API: a token with a tag sees its vhost and no other', async () => {
    const token = await scene().token('alice')
    for (const authorization of [`Bearer ${token}`, `Basic ${btoa(`x:${token}`)}`]) {
      const vhosts = (await (await api('/vhosts', authorization)).json()) as readonly { readonly name: string }[]
      expect(vhosts.map(({ name }) => name)).toEqual(['prod'])
    }
    expect((await api('/queues/prod', `Bearer ${token}`)).status).toBe(200)
    expect([401, 404]).toContain((await api('/queues/test', `Bearer ${token}`)).status)
  })

  test('management API: a token without a tag is refused', async () => {
    const answer = await api('/overview', `Bearer ${await scene().token('carol')}`)
    expect(answer.status).toBe(401)
    expect(await answer.text()).toContain('Not management user')
  })

  test("the matcher port agrees with the broker's own module", async () => {
    const texts = ['', 'a', 'ab', 'abab', 'a/b', 'a b', 'a+b', 'été', 'a.b.c', '100%']
    const patterns = ['*', '**', 'a*', 'a**', '*b', 'a*b', '*a*', 'a%2Fb', 'a+b', '%C3%A9t*', '100%', '100%25', 'a.*.c']
    const cases = texts.flatMap((text) => patterns.map((pattern) => [text, pattern] as const))
    const erlang = cases.map(([text, pattern]) => `wildcard:match(${binary(text)}, ${binary(pattern)})`).join(', ')
    const answer = await scene().node.ctl('eval', `[${erlang}].`)
    const theirs = (answer.match(/true|false/g) ?? []).map((word) => word === 'true')
    const ours = cases.map(([text, pattern]) => wildcardMatch(text, pattern))
    expect(theirs).toEqual(ours)
  })
}

function binary(text: string): string {
  return `<<${[...Buffer.from(text)].join(',')}>>`
}
