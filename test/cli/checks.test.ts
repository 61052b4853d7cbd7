import { describe, expect, test } from 'bun:test'
import { chmod, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Workplace, workplace } from '../harness/command-line.ts'

interface Diagnosis {
  readonly findings: readonly { readonly rule: string; readonly ok: boolean; readonly text: string }[]
}

async function initialised(...words: readonly string[]): Promise<Workplace> {
  const place = await workplace()
  await place.json(['init', ...words])
  return place
}

async function faultsOf(place: Workplace): Promise<string[]> {
  const { code, out } = await place.run(['doctor', '--json'])
  const { findings } = JSON.parse(out) as Diagnosis
  const faults = findings.filter(({ ok }) => !ok)
  expect(code).toBe(faults.length === 0 ? 0 : 1)
  return faults.map(({ rule, text }) => `${rule}: ${text}`)
}

async function configured(place: Workplace, change: (text: string) => string): Promise<void> {
  const file = join(place.folder, 'leveret.toml')
  await Bun.write(file, change(await Bun.file(file).text()))
}

describe('leveret doctor', () => {
  test('finds nothing wrong after init', async () => {
    await using place = await initialised('--port', '0')
    expect(await faultsOf(place)).toEqual([])
    expect((await place.run(['doctor'])).out).toEndWith('\nEverything is in order.\n')
  })

  test('reports every fault of the configuration', async () => {
    await using place = await initialised()
    await configured(place, (text) =>
      text.replace('bindIp = "exact"', 'bindIp = "on"').replace('port = 8080', 'prot = 1'),
    )
    expect(await faultsOf(place)).toEqual([
      'configuration: listen.prot: unknown key; did you mean "port"?',
      'configuration: session.bindIp: must be one of "off", "exact", "subnet", not "on"',
    ])
  })

  test('sees modes that are too open', async () => {
    await using place = await initialised('--port', '0', '--tls')
    const data = join(place.folder, 'leveret-data')
    await Promise.all([
      chmod(data, 0o755),
      chmod(join(data, 'master.key'), 0o644),
      chmod(join(data, 'tls/key.pem'), 0o644),
    ])
    expect(await faultsOf(place)).toEqual([
      `data folder: ${data} has mode 755: others may read it (chmod 700 ${data})`,
      expect.stringContaining(`master.key has mode 644, open to others: set it to 600`),
      `certificate key: ${data}/tls/key.pem has mode 644: everybody may read it (chmod 600 ${data}/tls/key.pem)`,
      expect.stringContaining('server: It cannot be opened: masterKey:'),
    ])
  })

  test('sees a master key that is none', async () => {
    await using place = await initialised('--port', '0')
    await Bun.write(join(place.folder, 'leveret-data/master.key'), 'hunter2')
    const faults = await faultsOf(place)
    expect(faults[0]).toContain('must be 32 random bytes in base64')
    expect(faults.join()).not.toContain('hunter2')
  })

  test('sees a certificate for another name, another key, and no certificate at all', async () => {
    await using place = await initialised('--port', '0', '--tls')
    await configured(place, (text) => text.replace('https://localhost:0', 'https://login.corp.internal'))
    expect(await faultsOf(place)).toEqual([
      expect.stringMatching(/^certificate name: .* not for "login.corp.internal"/),
    ])
    await using other = await initialised('--tls')
    const key = 'leveret-data/tls/key.pem'
    await Bun.write(join(place.folder, key), await Bun.file(join(other.folder, key)).text())
    expect((await faultsOf(place))[0]).toContain('key.pem is not the private key of')
    await Bun.write(join(place.folder, 'leveret-data/tls/cert.pem'), 'no certificate')
    expect((await faultsOf(place))[0]).toContain('The files of [tls] cannot be used')
  })

  test('sees proxies that are trusted too much or not at all, plain http, and a port that is taken', async () => {
    await using place = await initialised('--port', '0')
    using taken = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } })
    await configured(place, (text) =>
      text
        .replace('http://localhost:0', 'http://login.corp.internal')
        .replace('# trustedProxies = ["10.0.0.0/8"]', 'trustedProxies = ["0.0.0.0/0"]')
        .replace('port = 0', `port = ${taken.port}`),
    )
    expect(await faultsOf(place)).toEqual([
      expect.stringContaining('configuration: publicUrl is plain http on "login.corp.internal"'),
      expect.stringContaining(`listener: 127.0.0.1, port ${taken.port} cannot be bound`),
      'proxies: trustedProxies has 0.0.0.0/0: everybody may then claim any address',
      expect.stringContaining('public URL: http://login.corp.internal is plain http'),
    ])
    await configured(place, (text) => text.replace('http://', 'https://').replace('["0.0.0.0/0"]', '[]'))
    expect((await faultsOf(place))[1]).toContain('a proxy must speak TLS; trustedProxies does not name it')
  })

  test('says when there is no broker or no rule', async () => {
    await using place = await initialised('--port', '0')
    const [rule] = await place.json<{ id: string }[]>(['rule', 'list'])
    await place.json(['rule', 'remove', rule?.id ?? ''])
    expect(await faultsOf(place)).toEqual(['rabbitmq: There are no rules, so nobody gets a token: leveret rule add'])
    await place.json(['broker', 'remove', 'rabbitmq'])
    expect(await faultsOf(place)).toEqual([
      'rabbitmq: There are no brokers, so there are no tokens: leveret broker add',
    ])
  })
})

describe('leveret config', () => {
  test('check says what is there', async () => {
    await using place = await initialised()
    const { out } = await place.run(['config', 'check'])
    expect(out).toBe(`${place.folder}/leveret.toml is valid: storage "sqlite", login sources local\n`)
  })

  test('check reads the master key, and says what is wrong with it but not what it is', async () => {
    await using place = await initialised()
    const file = join(place.folder, 'leveret-data/master.key')
    const faults = async () => {
      const { code, out, err } = await place.run(['config', 'check'])
      expect([code, out]).toEqual([1, ''])
      return err.trimEnd().split('\n').slice(1)
    }
    await chmod(file, 0o644)
    expect(await faults()).toEqual([
      `  masterKey: ${file} has mode 644, open to others: set it to 600 (chmod 600 ${file})`,
    ])
    await chmod(file, 0o600)
    for (const text of ['hunter2', `${Buffer.alloc(31, 7).toString('base64')}\n`]) {
      await Bun.write(file, text)
      const [fault = ''] = await faults()
      expect(fault).toContain('masterKey: Cannot use the master key: it must be 32 random bytes in base64')
      expect(fault).not.toContain(text.trim())
    }
    await Bun.write(file, '\n')
    expect(await faults()).toEqual([`  masterKey: ${file} is empty`])
    await rm(file)
    expect((await faults())[0]).toContain(`masterKey: ${file} cannot be read: there is no such file`)
    await configured(place, (text) => text.replace(/masterKey = .*/, 'masterKey = { env = "MASTER" }'))
    expect(await faults()).toEqual(['  masterKey: environment variable MASTER is not set'])
  })

  test('check looks into the sections of plugins, and tells every fault in them', async () => {
    await using place = await initialised()
    const sources = `
[[login]]
type = "lokal"
id = "staff"
[[login]]
type = "local"
id = "guests"
memorykib = 3
iterations = "many"
`
    const faults = async () => {
      const { code, err } = await place.run(['config', 'check'])
      expect(code).toBe(1)
      return err.trimEnd().split('\n').slice(1)
    }
    const inSections = [
      '  login[2].memorykib: unknown key; did you mean "memoryKib"?',
      '  login[2].iterations: must be a whole number from 1 to 64, not "many"',
    ]
    await configured(place, (text) => text + sources)
    const unknown = '  login[1].type: no login plugin has the type "lokal"; did you mean "local"?'
    expect(await faults()).toEqual([unknown, ...inSections])

    // Whose type "lokal" is cannot be known while a plugin is missing.
    await Bun.write(join(place.folder, 'acme.ts'), 'process.exit(1)')
    await configured(place, (text) => `${text}[[plugins]]\npath = "./acme.ts"\nsha256 = "${'0'.repeat(64)}"\n`)
    expect(await faults()).toEqual([expect.stringMatching(/^ {2}plugins\[0\]: .*its SHA-256 is/), ...inSections])
    await configured(place, (text) => text.replace('sha256 =', 'optional = true\nsha256 ='))
    expect(await faults()).toEqual(inSections)
  })

  test('check warns of variables that mean nothing, on standard error', async () => {
    await using place = await initialised()
    const { code, err } = await place.run(['config', 'check'], { env: { LEVERET_LOG_LEVLE: 'debug' } })
    expect({ code, err }).toEqual({
      code: 0,
      err: 'leveret: warning: LEVERET_LOG_LEVLE is no setting; did you mean LEVERET_LOG_LEVEL?\n',
    })
  })

  test('show prints what counts, without secrets', async () => {
    await using place = await initialised()
    const env = {
      LEVERET_STORAGE_URL: 'postgres://leveret:hunter2@db/leveret',
      LEVERET_STORAGE_BIND_PASSWORD: 'hunter2',
      LEVERET_RABBITMQ_HTTP_AUTH_SECRET: 'hunter2',
    }
    const { out } = await place.run(['config', 'show'], { env })
    expect(out).not.toContain('hunter2')
    const shown = await place.json<object>(['config', 'show'], { env })
    expect(Bun.TOML.parse(out)).toEqual(shown)
    expect(shown).toMatchObject({
      storage: { url: 'postgres://leveret:(hidden)@db/leveret', bindPassword: '(hidden)' },
      rabbitmq: { httpAuth: { secret: { env: 'LEVERET_RABBITMQ_HTTP_AUTH_SECRET' } } },
      masterKey: { file: join(place.folder, 'leveret-data/master.key') },
      session: { accessTokenTtl: '5m' },
      limits: { body: '64KiB' },
    })
  })

  test('reload says when no server runs', async () => {
    await using place = await initialised()
    const { code, err } = await place.run(['config', 'reload'])
    expect({ code, err }).toEqual({ code: 1, err: `leveret: no server runs on ${place.folder}/leveret-data\n` })
  })
})

describe('leveret plugin', () => {
  const SOURCE = `export default { apiVersion: 1, kind: 'login', type: 'acme', config: { type: 'object', properties: {} },
    async open() { return { password: { verify: async () => ({ ok: false, why: 'credentials' }) }, async [Symbol.asyncDispose]() {} } } }`

  test('list names the built-in ones', async () => {
    await using place = await initialised()
    expect(await place.json(['plugin', 'list'])).toContainEqual({
      kind: 'login',
      type: 'local',
      origin: 'built-in',
      ok: true,
      message: '',
    })
  })

  test('pin prints lines that make the configuration take a plugin, until it changes', async () => {
    await using place = await initialised()
    await Bun.write(join(place.folder, 'acme.ts'), SOURCE)
    expect((await place.run(['plugin', 'check', 'acme.ts'])).out).toContain('can be used: login plugin "acme"')
    const { out } = await place.run(['plugin', 'pin', 'acme.ts'])
    await configured(place, (text) => text + out)
    expect(await place.json(['plugin', 'list'])).toContainEqual(
      expect.objectContaining({ type: 'acme', ok: true, optional: false }),
    )
    await Bun.write(join(place.folder, 'acme.ts'), `${SOURCE}\n`)
    const changed = await place.run(['plugin', 'list'])
    expect(changed.code).toBe(1)
    expect(changed.out).toMatch(/acme\.ts +Cannot use plugin .*its SHA-256 is .*pin it anew with "leveret plugin pin"/)
    const pinned = await place.run(['plugin', 'check', 'acme.ts', '--sha256', '0'.repeat(64)])
    expect(pinned.code).toBe(1)
  })

  test('check and pin say why a file is no plugin', async () => {
    await using place = await workplace()
    await Bun.write(join(place.folder, 'broken.ts'), 'export default {')
    for (const command of ['check', 'pin']) {
      const { code, out } = await place.run(['plugin', command, 'broken.ts'])
      expect(code).toBe(1)
      expect(out).toMatch(/^Cannot use plugin \S+broken\.ts: .+\n$/)
    }
  })
})
