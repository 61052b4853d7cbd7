import { describe, expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Program, type Workplace, workplace } from '../harness/command-line.ts'

interface Done {
  readonly ca: string | null
  readonly administrator: { readonly username: string; readonly password: string }
}

/** A port that was free a moment ago. */
async function freePort(): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  const server = createServer().listen(0, '127.0.0.1', () => {
    const address = server.address()
    server.close(() => resolve(String(typeof address === 'object' ? address?.port : '')))
  })
  return promise
}

async function serving(place: Workplace): Promise<Program> {
  const server = place.start(['serve'], { LEVERET_LOG_FORMAT: 'json' })
  await server.saw('out', /Listening on http\S+\n/)
  return server
}

async function configured(place: Workplace, change: (text: string) => string): Promise<void> {
  const file = join(place.folder, 'leveret.toml')
  await Bun.write(file, change(await Bun.file(file).text()))
}

async function shell(folder: string, script: string): Promise<string> {
  const child = Bun.spawn(['sh', '-c', script], { cwd: folder, stdout: 'pipe', stderr: 'pipe' })
  return new Response(child.stdout).text()
}

describe('leveret init and serve', () => {
  test.each([[[]], [['--tls']]])('%p: the printed lines log in, get a token and look at the session', async (words) => {
    await using place = await workplace()
    const init = await place.run(['init', '--yes', '--port', await freePort(), ...words])
    await using _server = await serving(place)
    const lines = init.out.split('\n').flatMap((line) => (/^ {2}(ID=|curl )/.test(line) ? [line.trim()] : []))
    expect(lines).toHaveLength(3)
    const answers = (await shell(place.folder, lines.join('\n'))).trim().split('\n')
    expect(answers.map((answer) => JSON.parse(answer) as unknown)).toMatchObject([
      { token_type: 'bearer', expires_in: 300, vhost: 'prod', broker: 'rabbitmq' },
      { username: 'admin', vhost: 'prod', groups: ['admin'] },
    ])
  })
})

describe('leveret serve', () => {
  test('is spoken to by the other commands, ready to the health check, and ends with 0 on SIGTERM', async () => {
    await using place = await workplace()
    await place.json(['init', '--port', await freePort()])
    expect(await place.run(['healthcheck'])).toMatchObject({ code: 1 })
    await using server = await serving(place)
    const socket = join(place.folder, 'leveret-data/control.sock')
    expect((await stat(socket)).mode & 0o777).toBe(0o600)
    expect(await place.run(['healthcheck'])).toEqual({ code: 0, out: 'ready\n', err: '' })
    await place.json(['group', 'add', 'billing'])
    await server.saw('err', /group\.created/)
    expect(await place.run(['serve'])).toMatchObject({ code: 1, err: expect.stringContaining('a server runs on') })
    expect((await place.run(['doctor'])).out).toContain('It runs and answers on its control socket')
    expect(await place.json(['backup', 'copy.db'])).toEqual({ file: join(place.folder, 'copy.db') })
    expect((await place.run(['backup', 'copy.db'])).code).toBe(1)
    server.kill('SIGTERM')
    expect(await server.exited).toBe(0)
    expect(await place.run(['healthcheck'])).toMatchObject({ code: 1 })
    expect(await place.json(['group', 'list'])).toMatchObject([{ name: 'admin' }, { name: 'billing' }])
  })

  test('ends with 0 on SIGINT, and starts on a backup', async () => {
    await using place = await workplace()
    await place.json(['init', '--port', '0'])
    await using first = await serving(place)
    await place.json(['group', 'add', 'kept'])
    await place.json(['backup', 'copy.db'])
    first.kill('SIGINT')
    expect(await first.exited).toBe(0)
    await configured(place, (text) =>
      text.replace('type = "sqlite"', `type = "sqlite"\npath = "${place.folder}/copy.db"`),
    )
    await using _second = await serving(place)
    expect(await place.json(['group', 'show', 'kept'])).toMatchObject({ name: 'kept' })
  })

  test('works after it was killed, though its socket was left behind', async () => {
    await using place = await workplace()
    await place.json(['init', '--port', '0'])
    await using first = await serving(place)
    first.kill('SIGKILL')
    await first.exited
    expect(await place.json(['group', 'list'])).toMatchObject([{ name: 'admin' }])
    await using _second = await serving(place)
    expect((await place.run(['healthcheck'])).code).toBe(0)
  })

  test('reads its configuration anew on SIGHUP and "config reload", and keeps the old one on a fault', async () => {
    await using place = await workplace()
    await place.json(['init', '--port', '0'])
    await using server = await serving(place)
    const life = async () => {
      await place.json(['broker', 'add', `b${crypto.randomUUID().slice(0, 8)}`, '--version', '4.0'])
      const brokers = await place.json<{ name: string; tokenTtlSeconds: number }[]>(['broker', 'list'])
      return brokers
        .filter(({ name }) => name !== 'rabbitmq')
        .map(({ tokenTtlSeconds }) => tokenTtlSeconds)
        .toSorted((a, b) => a - b)
        .at(-1)
    }
    expect(await life()).toBe(300)

    await configured(place, (text) => text.replace('"5m"', '"7m"'))
    server.kill('SIGHUP')
    await server.saw('err', /configuration reloaded/)
    expect(await life()).toBe(420)

    await configured(place, (text) => text.replace('"7m"', '"9 minutes"'))
    server.kill('SIGHUP')
    const log = await server.saw('err', /not reloaded, the old one stays.*\n/)
    expect(log).toContain('session.accessTokenTtl: must be a duration such as')
    const refused = await place.run(['config', 'reload'])
    expect(refused.code).toBe(1)
    expect(refused.err).toContain('session.accessTokenTtl: must be a duration such as')

    await configured(place, (text) => text.replace('"9 minutes"', '"10m"'))
    expect(await place.run(['config', 'reload'])).toMatchObject({ code: 0, err: '' })
    expect(await life()).toBe(600)

    await configured(place, (text) => text.replace('host = "127.0.0.1"', 'host = "127.0.0.2"'))
    const fixed = await place.run(['config', 'reload'])
    expect(fixed.code).toBe(1)
    expect(fixed.err).toContain('listen')
  })

  test('says in one sentence why it cannot start', async () => {
    await using place = await workplace()
    await place.json(['init', '--port', '0'])
    await configured(place, (text) => text.replace('type = "sqlite"', 'type = "sqlit"'))
    const { code, err } = await place.run(['serve'])
    expect(code).toBe(1)
    expect(err).toContain('storage.type: no storage plugin has the type "sqlit"; did you mean "sqlite"?')
  })
})

test('token --watch keeps a token file until it is stopped, from the own storage and from a server', async () => {
  await using place = await workplace()
  const { administrator, ca } = await place.json<Done>(['init', '--tls', '--port', await freePort()])
  const own = place.start(['token', '--watch', '--user', 'admin', '--vhost', 'prod', '--exec', 'cat; echo .'])
  await own.saw('out', /^eyJ[\w-]+\.[\w-]+\.[\w-]+\.\n/)
  own.kill('SIGTERM')
  expect(await own.exited).toBe(0)

  const server = await serving(place)
  const url = (await place.json<{ publicUrl: string }>(['config', 'show'])).publicUrl
  const remote = ['--url', url, '--user', administrator.username]
  const untrusted = await place.run(['token', 'get', ...remote], { input: administrator.password })
  expect(untrusted.err).toContain('its certificate is not trusted')
  const trusting = [...remote, '--ca', ca ?? '']
  const got = await place.run(['token', 'get', ...trusting], { input: administrator.password })
  expect(got.out).toMatch(/^eyJ/)
  const wrong = await place.run(['token', 'get', ...trusting], { input: 'not the password' })
  expect(wrong).toMatchObject({ code: 1, out: '' })
  server.kill('SIGTERM')
  expect(await server.exited).toBe(0)
  const away = await place.run(['token', 'get', ...trusting], { input: administrator.password })
  expect(away.err).toContain(`${url} cannot be reached`)
})
