import { describe, expect, test } from 'bun:test'
import { chmod, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigError } from '../../src/config/fault.ts'
import { loadConfig, parseConfig } from '../../src/config/load.ts'
import { readSecret, readSecrets } from '../../src/config/secret.ts'

const least = { publicUrl: 'https://login.corp.internal', masterKey: { env: 'KEY' } }
const at = { env: {}, folder: '/etc/leveret', where: 'test' }

function parse(raw: Record<string, unknown>, env: Record<string, string> = {}) {
  return parseConfig({ ...least, ...raw }, { ...at, env })
}

function faultsOf(raw: Record<string, unknown>, env: Record<string, string> = {}): string[] {
  try {
    parse(raw, env)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.map(({ path, message }) => `${path}: ${message}`)
    throw error
  }
  return []
}

async function fileWith(text: string): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'leveret-config-')), 'leveret.toml')
  await writeFile(file, text)
  return file
}

test.each(['login.corp.internal', 'corp.internal'])('passkeys may be bound to %s', (rpId) => {
  expect(faultsOf({ factors: { rpId } })).toEqual([])
})

test('passkeys are bound to no other host, and a mail server gets both name and password', () => {
  for (const rpId of ['evil.internal', 'rp.internal', 'x.login.corp.internal'])
    expect(faultsOf({ factors: { rpId } })).toEqual([
      `factors.rpId: must be "login.corp.internal" or a domain above it, not "${rpId}"`,
    ])
  expect(faultsOf({ mail: { host: 'mail', username: 'login' } })).toEqual([
    'mail.password: is required because mail.username is set',
  ])
})

describe('parseConfig()', () => {
  test('fills defaults, turns units into numbers and makes paths absolute', () => {
    const { config, warnings } = parse({ tls: { cert: 'tls/a.pem', key: '/tls/a.key' }, limits: { body: '1MiB' } })
    expect(config.session).toMatchObject({ identityTokenTtl: 86_400_000, accessTokenTtl: 300_000, bindIp: 'exact' })
    expect(config.tls).toEqual({ cert: '/etc/leveret/tls/a.pem', key: '/tls/a.key' })
    expect(config.limits.body).toBe(1_048_576)
    expect(config.dataDir).toBe('/etc/leveret/leveret-data')
    expect(config.login).toEqual([{ type: 'local', id: 'local', provision: true }])
    expect(warnings).toEqual([])
  })

  test('reports every fault at once, with its path and what would be right', () => {
    const faults = faultsOf({
      publicUrl: 'https://login.corp.internal/?x=1',
      masterKey: 'hunter2-hunter2-hunter2',
      sesion: {},
      listen: { prot: 1, port: 70_000, tokens: 'log' },
      session: { bindIp: 'on', accessTokenTtl: '5 minutes', maxIdentityTokens: 0 },
      patterns: { group: '[a-z' },
      trustedProxies: ['10.0.0.0/8', '10.0.0.0/33'],
      login: [{ provision: 'maybe' }],
      storage: 'sqlite',
    })
    expect(faults).toEqual([
      'sesion: unknown key; did you mean "session"?',
      'publicUrl: must be an absolute http or https URL without query, fragment or slash at the end, such as "https://login.corp.internal", not "https://login.corp.internal/?x=1"',
      'masterKey: must be the place of a secret, never the secret itself: { file = "/path" } or { env = "NAME" }',
      'trustedProxies[1]: must be an address or network such as "10.0.0.0/8" or "::1", not "10.0.0.0/33"',
      'listen.prot: unknown key; did you mean "port"?',
      'listen.tokens: unknown key here; did you mean "audit.tokens"?',
      'listen.port: must be a whole number from 0 to 65535, not 70000',
      'storage: must be a table, not "sqlite"',
      'login[0].type: is required: text that is not empty',
      'login[0].provision: must be true or false, not "maybe"',
      'session.accessTokenTtl: must be a duration such as "5m", "24h" or "30d", not "5 minutes"',
      'session.bindIp: must be one of "off", "exact", "subnet", not "on"',
      'session.maxIdentityTokens: must be a whole number of at least 1, not 0',
      'patterns.group: must be a regular expression, not "[a-z"',
    ])
  })

  test('finds faults between keys beside faults in other tables', () => {
    const faults = faultsOf({
      tls: { cert: 'a.pem' },
      keys: { keepFor: '24h', publishAhead: '30d' },
      listen: { tcp: false },
      login: [{ type: 'local' }, { type: 'local' }],
      throttle: { firstDelay: '10m' },
      passwords: { minLength: 100, maxLength: 64 },
      log: { level: 'loud' },
    })
    expect(faults).toEqual([
      'log.level: must be one of "debug", "info", "warn", "error", not "loud"',
      'tls.key: is required because tls.cert is set',
      'listen.unix: is required because listen.tcp is false',
      'login[1].id: must differ from every other login source, not "local" again',
      'keys.keepFor: must be longer than the longest token lives, 1d, not "1d"',
      'keys.publishAhead: must be shorter than keys.rotateEvery, 30d',
      'passwords.maxLength: must be at least passwords.minLength, 100',
      'throttle.maxDelay: must be at least throttle.firstDelay, 10m',
    ])
  })

  test.each([
    'http://x/',
    'https://u:p@x',
    'https://x#a',
    'ftp://x',
    'x',
    'https://',
    'https://x/a/',
    'https://x/a b',
    'HTTPS://X',
  ])('refuses %p as public URL', (publicUrl) => expect(faultsOf({ publicUrl })).toHaveLength(1))

  test.each(['https://x', 'http://localhost:8080', 'https://x.example/auth/v1', 'http://[::1]:8080'])(
    'takes %p as public URL',
    (publicUrl) => expect(faultsOf({ publicUrl })).toEqual([]),
  )

  test('warns of plain http, but not on this machine', () => {
    expect(parse({ publicUrl: 'http://login.corp.internal' }).warnings[0]).toContain(
      'plain http on "login.corp.internal"',
    )
    expect(parse({ publicUrl: 'http://127.0.0.1:8080' }).warnings).toEqual([])
  })
})

describe('the environment', () => {
  test('gives any key by its own name and wins over the file', () => {
    const { config } = parse(
      { session: { accessTokenTtl: '5m', defaultVhost: 'prod' } },
      {
        LEVERET_PUBLIC_URL: 'https://other.example',
        LEVERET_SESSION_ACCESS_TOKEN_TTL: '10m',
        LEVERET_LISTEN_PORT: '0',
        LEVERET_LISTEN_TCP: 'true',
        LEVERET_TRUSTED_PROXIES: '10.0.0.0/8, ::1',
        LEVERET_RABBITMQ_HTTP_AUTH_ALLOW: '["127.0.0.1"]',
        LEVERET_RABBITMQ_HTTP_AUTH_SECRET: 'shared',
        LEVERET_MASTER_KEY_FILE: 'master.key',
        LEVERET_STORAGE_TYPE: 'postgres',
        LEVERET_STORAGE_MAX_CONNECTIONS: '7',
        LEVERET_LOGIN: '[{"type":"local"},{"type":"ldap"}]',
        LEVERET_LOGIN_1_ID: 'corp',
        LEVERET_TLS_CERT: '',
      },
    )
    expect(config).toMatchObject({
      publicUrl: 'https://other.example',
      masterKey: { file: '/etc/leveret/master.key' },
      trustedProxies: ['10.0.0.0/8', '::1'],
      session: { accessTokenTtl: 600_000, defaultVhost: 'prod' },
      listen: { port: 0, tcp: true },
      rabbitmq: { httpAuth: { allow: ['127.0.0.1'], secret: { env: 'LEVERET_RABBITMQ_HTTP_AUTH_SECRET' } } },
      storage: { type: 'postgres', maxConnections: 7 },
      login: [{ id: 'local' }, { id: 'corp', type: 'ldap' }],
      tls: {},
    })
  })

  test('is named in the fault it caused', () => {
    expect(
      faultsOf({}, { LEVERET_LISTEN_PORT: 'http', LEVERET_LOGIN_0_TYPE: 'local', LEVERET_LOGIN_0_ID: 'A' }),
    ).toEqual([
      'listen.port: must be a whole number from 0 to 65535, not "http" (from LEVERET_LISTEN_PORT)',
      'login[0].id: must be lower-case letters, digits and hyphens, not "A" (from LEVERET_LOGIN_0_ID)',
    ])
  })

  test.each([
    ['auto', 'auto'],
    ['3', 3],
  ])('gives %s processes where a number or a word may stand', (LEVERET_LISTEN_PROCESSES, processes) => {
    expect(parse({}, { LEVERET_LISTEN_PROCESSES }).config.listen).toMatchObject({ processes })
  })

  test('gives no processes of another kind, nor several without a port to share', () => {
    const expected = 'listen.processes: must be a whole number of at least 1, or "auto", not '
    expect(faultsOf({}, { LEVERET_LISTEN_PROCESSES: 'all' })).toEqual([
      `${expected}"all" (from LEVERET_LISTEN_PROCESSES)`,
    ])
    expect(faultsOf({ listen: { processes: 0 } })).toEqual([`${expected}0`])
    expect(faultsOf({ listen: { processes: 2, tcp: false, unix: 'sock' } })).toEqual([
      'listen.processes: must be 1 because listen.tcp is false: a unix socket cannot be shared',
    ])
  })

  test('does not hide a fault of the file on its way', () => {
    expect(faultsOf({ listen: 3 }, { LEVERET_LISTEN_PORT: '1' })).toEqual(['listen: must be a table, not 3'])
  })

  test('with a variable that means nothing is warned of, except what others put there', () => {
    const { warnings } = parse(
      { masterKey: { env: 'LEVERET_SECRET_OF_MINE' } },
      {
        LEVERET_LISTEN_PROT: '1',
        LEVERET_SECRET_OF_MINE: 'x',
        LEVERET_SERVICE_HOST: '10.1.1.1',
        LEVERET_PORT_8080_TCP: 'tcp://10.1.1.1:8080',
        LEVERET_CONFIG: 'a.toml',
        OTHER: 'x',
      },
    )
    expect(warnings).toEqual(['LEVERET_LISTEN_PROT is no setting; did you mean LEVERET_LISTEN_PORT?'])
  })

  test('alone is enough', async () => {
    const env = { LEVERET_PUBLIC_URL: 'http://localhost:1', LEVERET_MASTER_KEY: 'k' }
    const { config } = await loadConfig({ folder: '/srv', env })
    expect(config).toMatchObject({ dataDir: '/srv/leveret-data', masterKey: { env: 'LEVERET_MASTER_KEY' } })
  })
})

describe('loadConfig()', () => {
  test('names the line of a syntax error', async () => {
    const file = await fileWith('publicUrl = "https://x"\n\n[listen]\nport = = 1\nhost = "x"\n')
    const failure = await loadConfig({ file, env: {} }).catch((error: unknown) => error)
    expect(String(failure)).toContain(`Cannot use ${file}:\n  line 4: Expected a value but found '='`)
  })

  test('names the line of a key that stands there twice', async () => {
    const file = await fileWith('a = [\n 1,\n 2\n]\nb = 1\nb = 2\n')
    expect(String(await loadConfig({ file, env: {} }).catch((error: unknown) => error))).toContain('line 6: ')
  })

  test('says what to do when there is no file', async () => {
    const failure = await loadConfig({ file: '/nowhere/leveret.toml', env: {} }).catch((error: unknown) => error)
    expect(String(failure)).toContain('there is no such file; "leveret init" writes one')
  })

  test('reads a file, paths starting at its folder', async () => {
    const file = await fileWith('publicUrl = "https://x"\nmasterKey = { file = "m.key" }\ndataDir = "../data"\n')
    const { config } = await loadConfig({ file, env: {} })
    expect(config.masterKey).toEqual({ file: join(file, '../m.key') })
    expect(config.dataDir).toBe(join(file, '../../data'))
  })
})

describe('secrets', () => {
  test('come from a file that only its owner reads, without the newline at the end', async () => {
    const file = await fileWith('s3cret\n')
    await chmod(file, 0o600)
    expect(await readSecret({ file }, 'masterKey', {})).toBe('s3cret')
  })

  test.each([0o644, 0o660, 0o604, 0o622])('are refused from a file of mode %o, without showing them', async (mode) => {
    const file = await fileWith('s3cret\n')
    await chmod(file, mode)
    const failure = String(await readSecret({ file }, 'masterKey', {}).catch((error: unknown) => error))
    expect(failure).toContain(`masterKey: ${file} has mode ${mode.toString(8)}, open to others: set it to 600`)
    expect(failure).not.toContain('s3cret')
  })

  test.each([
    [{ file: '/nowhere/key' }, 'masterKey: /nowhere/key cannot be read: there is no such file, or no permission'],
    [{ file: '/' }, 'masterKey: / is no file'],
    [{ env: 'ABSENT' }, 'masterKey: environment variable ABSENT is not set'],
    [{ env: 'BLANK' }, 'masterKey: environment variable BLANK is empty'],
  ])('that cannot be had give a sentence: %p', async (ref, sentence) => {
    const failure = await readSecret(ref, 'masterKey', { BLANK: '\n' }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ConfigError)
    expect(String(failure)).toContain(sentence)
  })

  test('inside a plugin section are found at any depth', async () => {
    const section = { type: 'postgres', url: { env: 'URL' }, pools: [{ password: { env: 'PW' } }], env: 'plain' }
    expect(await readSecrets(section, 'storage', { URL: 'postgres://x', PW: 'p' })).toEqual({
      type: 'postgres',
      url: 'postgres://x',
      pools: [{ password: 'p' }],
      env: 'plain',
    })
  })
})
