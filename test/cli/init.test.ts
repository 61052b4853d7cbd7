import { expect, test } from 'bun:test'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { mkdir, readdir, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { workplace } from '../harness/command-line.ts'

interface Done {
  readonly config: string
  readonly dataDir: string
  readonly publicUrl: string
  readonly ca: string | null
  readonly administrator: { readonly username: string; readonly password: string }
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8)
}

test('init writes a commented configuration that is valid as it is, a private data folder and a master key', async () => {
  await using place = await workplace()
  const { code, out, err } = await place.run(['init', '--yes'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  const data = join(place.folder, 'leveret-data')
  expect(await modeOf(data)).toBe('700')
  expect(await modeOf(join(data, 'master.key'))).toBe('600')
  expect(Buffer.from(await Bun.file(join(data, 'master.key')).text(), 'base64')).toHaveLength(32)
  expect((await Bun.file(join(place.folder, 'leveret.toml')).text()).match(/^# /gm)?.length).toBeGreaterThan(8)
  expect(out).toContain('First administrator: admin')
  expect(out.match(/One-time password: +([a-z2-9-]{23})\n/)).not.toBeNull()
  expect(out).toContain(`leveret serve --config ${place.folder}/leveret.toml`)
  expect((await place.run(['config', 'check'])).code).toBe(0)
})

test.each([
  [['--tls'], true],
  [['--public-url', 'https://login.corp.internal'], true],
  [[], false],
])('init %p says how a broker is configured, if one can be: %p', async (words, can) => {
  await using place = await workplace()
  const { out } = await place.run(['init', ...words])
  const [, line] = /^ {2}leveret (broker config .*)$/m.exec(out) ?? []
  expect(line !== undefined).toBe(can)
  if (line === undefined) expect(out).toContain('Brokers fetch key sets over https only')
  else expect((await place.run(line.split(' '))).code).toBe(0)
})

test('init makes an administrator whose password it tells once, a broker, and a rule that leads to a token', async () => {
  await using place = await workplace()
  const { administrator } = await place.json<Done>(['init'])
  expect(administrator.username).toBe('admin')
  expect(await place.json(['user', 'show', 'admin'])).toMatchObject({ activated: true, groups: ['admin'] })
  expect(await place.json(['broker', 'list'])).toMatchObject([{ name: 'rabbitmq', version: '3.10' }])
  expect(await place.json(['rule', 'list'])).toMatchObject([{ subject: 'admin', vhost: 'prod', preset: 'owner' }])
  expect(await place.json(['token', 'get', '--user', 'admin', '--vhost', 'prod'])).toMatchObject({ vhost: 'prod' })
  const files = await Array.fromAsync(new Bun.Glob('**/*').scan(place.folder))
  const texts = await Promise.all(files.map((file) => Bun.file(join(place.folder, file)).text()))
  expect(texts.filter((text) => text.includes(administrator.password))).toEqual([])
})

test('init takes names and addresses from its options', async () => {
  await using place = await workplace()
  await place.json([
    'init',
    '--config',
    'etc/l.toml',
    '--public-url',
    'https://login.corp.internal/auth',
    '--port',
    '9443',
    '--host',
    '0.0.0.0',
    '--admin',
    'root',
    '--vhost',
    'test',
    '--broker',
    'b1',
    '--broker-version',
    '4.3',
  ]) // prettier-ignore
  const at = ['--config', 'etc/l.toml']
  expect(await place.json(['config', 'show', ...at])).toMatchObject({
    publicUrl: 'https://login.corp.internal/auth',
    dataDir: join(place.folder, 'etc/leveret-data'),
    listen: { host: '0.0.0.0', port: 9443 },
    session: { defaultVhost: 'test', defaultBroker: 'b1', accessTokenTtl: '5m' },
  })
  expect(await place.json(['broker', 'show', 'b1', ...at])).toMatchObject({ version: '4.3' })
  expect(await place.json(['user', 'show', 'root', ...at])).toMatchObject({ username: 'root' })
})

test('init never overwrites a configuration, and leaves nothing else behind', async () => {
  await using place = await workplace()
  const file = join(place.folder, 'leveret.toml')
  await Bun.write(file, 'mine')
  const { code, err } = await place.run(['init'])
  expect({ code, err }).toEqual({ code: 1, err: `leveret: ${file} exists already; init never overwrites\n` })
  expect(await Bun.file(file).text()).toBe('mine')
  expect(await readdir(place.folder)).toEqual(['leveret.toml'])
})

test('init never writes into a data folder that holds something', async () => {
  await using place = await workplace()
  await mkdir(join(place.folder, 'leveret-data'))
  await Bun.write(join(place.folder, 'leveret-data/leveret.db'), 'mine')
  const { code, err } = await place.run(['init'])
  expect(code).toBe(1)
  expect(err).toContain('is not empty; init never overwrites')
  expect(await readdir(place.folder)).toEqual(['leveret-data'])
  expect(await readdir(join(place.folder, 'leveret-data'))).toEqual(['leveret.db'])
})

test('init does not follow a link that dangles where the configuration goes', async () => {
  await using place = await workplace()
  await symlink('/nowhere/else.toml', join(place.folder, 'leveret.toml'))
  const { code, err } = await place.run(['init'])
  expect(code).toBe(1)
  expect(err).toContain('leveret.toml: it exists already')
})

test('init that fails half way leaves nothing, so that a second try works', async () => {
  await using place = await workplace()
  const failed = await place.run(['init', '--broker-version', '2.8'])
  expect(failed.code).toBe(1)
  expect(failed.err).toContain('Use one of 3.10')
  expect(await readdir(place.folder)).toEqual([])
  expect((await place.run(['init'])).code).toBe(0)
})

test.each([
  [['--public-url', 'login.corp.internal'], 'publicUrl: must be an absolute http or https URL'],
  [['--port', '70000'], '--port must be a port number'],
])('init refuses %p before it writes anything', async (words, sentence) => {
  await using place = await workplace()
  const { code, err } = await place.run(['init', ...words])
  expect(code).toBe(2)
  expect(err).toContain(sentence)
  expect(await readdir(place.folder)).toEqual([])
})

test('init asks on a terminal, and writes nothing after a no', async () => {
  await using place = await workplace()
  const no = await place.run(['init'], { answers: ['n'] })
  expect(no.code).toBe(1)
  expect(no.err).toContain('Go on? [Y/n]')
  expect(await readdir(place.folder)).toEqual([])
  expect((await place.run(['init'], { answers: [''] })).code).toBe(0)
})

test('init --tls makes an authority, and a certificate from it that a client accepts for each of its names', async () => {
  await using place = await workplace()
  const done = await place.json<Done>([
    'init',
    '--tls',
    '--port',
    '8443',
    '--tls-name',
    'login.corp.internal',
    '--tls-name',
    '10.1.2.3',
  ])
  expect(done.publicUrl).toBe('https://localhost:8443')
  const tls = join(place.folder, 'leveret-data/tls')
  expect(done.ca).toBe(join(tls, 'ca.pem'))
  expect(await modeOf(join(tls, 'key.pem'))).toBe('600')
  const [ca, cert, key] = await Promise.all(
    ['ca', 'cert', 'key'].map((name) => Bun.file(join(tls, `${name}.pem`)).text()),
  )
  const leaf = new X509Certificate(cert ?? '')
  expect(leaf.verify(new X509Certificate(ca ?? '').publicKey)).toBe(true)
  expect(leaf.checkPrivateKey(createPrivateKey(key ?? ''))).toBe(true)
  expect(leaf.checkHost('login.corp.internal')).toBe('login.corp.internal')
  expect([leaf.checkIP('10.1.2.3'), leaf.checkIP('::1'), leaf.checkHost('other.example')]).toEqual([
    '10.1.2.3',
    '::1',
    undefined,
  ])
  using server = Bun.serve({
    port: 0,
    tls: { cert: cert ?? '', key: key ?? '' },
    fetch: () => new Response('hello'),
  })
  const url = `https://localhost:${server.port}/`
  expect(await (await fetch(url, { tls: { ca: ca ?? '' } })).text()).toBe('hello')
  expect(fetch(url)).rejects.toThrow()
})
