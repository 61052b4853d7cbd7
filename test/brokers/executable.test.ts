/** The whole way of a token, from an empty folder: the executable, its printed configuration, a login, the real broker. */
import { expect, setDefaultTimeout, test } from 'bun:test'
import { join } from 'node:path'
import { describeBroker, freePort, startBroker } from '../harness/broker.ts'
import { builtExecutable, runExecutable, serveExecutable } from '../harness/executable.ts'
import { temporaryFolder } from '../harness/plugins.ts'
import { connect, failure } from './setup.ts'

setDefaultTimeout(180_000)

describeBroker('the executable on an empty machine', (version) => {
  test('sets itself and the broker up; a login leads to a token that opens vhost prod and is refused at vhost test', async () => {
    await using folder = await temporaryFolder()
    const start = { executable: await builtExecutable(), folder: folder.path }
    const run = async (...words: string[]): Promise<string> => {
      const { code, out, err } = await runExecutable(start, ...words)
      expect({ words, code, err }).toEqual({ words, code: 0, err: '' })
      return out
    }
    const init = ['init', '--tls', '--port', String(freePort()), '--broker-version', version, '--json']
    const { administrator, publicUrl } = JSON.parse(await run(...init)) as {
      administrator: { username: string; password: string }
      publicUrl: string
    }
    await using _server = await serveExecutable(start)
    const ca = await Bun.file(join(folder.path, 'leveret-data/tls/ca.pem')).text()

    await using node = await startBroker(async (place) => {
      const config = (only: string) =>
        run('broker', 'config', 'rabbitmq', '--ca-file', `${place}/ca.pem`, '--only', only)
      const plugins = await config('enabled_plugins')
      return {
        conf: `${await config('rabbitmq.conf')}\ndefault_vhost = prod\n`,
        advanced: (await config('advanced.config')) || '[].\n',
        plugins: plugins.match(/[a-z]\w*/g) ?? [],
        files: { 'ca.pem': ca },
      }
    })
    await node.ctl('add_vhost', 'test')

    const post = async (path: string, body: object, bearer = '') => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${bearer}` }
      const answer = await fetch(publicUrl + path, { method: 'POST', headers, body: JSON.stringify(body), tls: { ca } })
      return (await answer.json()) as Record<string, string>
    }
    const { id_token } = await post('/auth/session/login', { ...administrator, vhost: 'prod' })
    const { access_token: password = '' } = await post('/auth/session/token', {}, id_token)
    await using connection = await connect(node, { password })
    const channel = await connection.createChannel()
    expect((await channel.assertQueue('orders')).queue).toBe('orders')
    expect(await failure(connect(node, { password, vhost: 'test' }))).toContain('ConnectionClose')
  })
})
