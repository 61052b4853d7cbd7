import { describe, expect, test } from 'bun:test'
import { chmod } from 'node:fs/promises'
import { join } from 'node:path'
import { type Workplace, workplace } from '../harness/command-line.ts'

const PASSWORD = 'correct horse battery staple'

async function initialised(): Promise<Workplace> {
  const place = await workplace()
  await place.json(['init'])
  return place
}

describe('users', () => {
  test('are added, listed, changed and removed', async () => {
    await using place = await initialised()
    const words = [
      'user',
      'add',
      'alice',
      '--email',
      'alice@corp.internal',
      '--display-name',
      'Alice',
      '--group',
      'admin',
    ]
    expect(await place.json(words, { input: `${PASSWORD}\n` })).toMatchObject({ username: 'alice', activated: true })
    expect(await place.json(['user', 'add', 'bot', '--technical', '--no-password'])).toMatchObject({
      technicalUser: true,
      activated: false,
    })
    expect((await place.run(['user', 'list'])).out).toMatch(
      /^USER +EMAIL +STATE .*\nadmin .*\nalice +alice@corp.internal +active .*\nbot +- +no password yet /,
    )
    expect(await place.json(['user', 'list', '--prefix', 'al'])).toMatchObject([{ username: 'alice' }])
    expect(await place.json(['user', 'disable', 'alice'])).toMatchObject({ disabled: true })
    expect((await place.run(['user', 'show', 'alice@corp.internal'])).out).toMatch(
      /state: +disabled\n[^]*groups: +admin\n/,
    )
    expect(await place.json(['user', 'enable', 'alice'])).toMatchObject({ disabled: false })
    expect((await place.run(['user', 'remove', 'bot'])).out).toBe('Removed bot\n')
    expect((await place.run(['user', 'show', 'bot'])).err).toBe('leveret: There is no user "bot"\n')
  })

  test('get their password from the input, a private file or a terminal, and from nowhere else', async () => {
    await using place = await initialised()
    const file = join(place.folder, 'pw')
    await Bun.write(file, `${PASSWORD}\n`)
    const fromFile = ['user', 'add', 'a', '--password-file', file]
    expect((await place.run(fromFile)).err).toContain(`${file} has mode 644, open to others`)
    await chmod(file, 0o600)
    expect((await place.run(fromFile)).code).toBe(0)
    expect((await place.run(['user', 'add', 'b'], { answers: [PASSWORD, PASSWORD] })).code).toBe(0)
    expect((await place.run(['user', 'set-password', 'b'], { answers: [PASSWORD, 'other'] })).err).toContain(
      'the passwords differ',
    )
    expect((await place.run(['user', 'set-password', 'b'], { input: `${PASSWORD} 2` })).out).toBe(
      'Set the password of b\n',
    )
    expect((await place.run(['user', 'add', 'c'])).err).toContain(
      'there is no password on the input: pipe it in, or name a file with --password-file',
    )
    expect((await place.run(['user', 'add', 'c', '--password', PASSWORD])).code).toBe(2)
  })

  test('refused by the server give its sentence and exit code 1', async () => {
    await using place = await initialised()
    const { code, err } = await place.run(['user', 'add', 'x', '--json'], { input: 'short' })
    expect(code).toBe(1)
    expect(JSON.parse(err)).toMatchObject({ code: 'invalid_request' })
    expect((await place.run(['user', 'add', 'admin'], { input: PASSWORD })).code).toBe(1)
  })

  test('are unlocked', async () => {
    await using place = await initialised()
    expect((await place.run(['user', 'unlock', 'admin'])).out).toBe('Forgot the failed logins of admin\n')
  })
})

test('groups are added, filled, shown, emptied and removed', async () => {
  await using place = await initialised()
  await place.json(['group', 'add', 'billing', '--description', 'Billing team', '--role', 'accountant'])
  await place.json(['group', 'add-member', 'billing', 'admin'])
  expect(await place.json(['group', 'show', 'billing'])).toMatchObject({ roles: ['accountant'], members: ['admin'] })
  expect((await place.run(['group', 'list'])).out).toContain('billing  accountant  Billing team')
  await place.json(['group', 'remove-member', 'billing', 'admin'])
  expect(await place.json(['group', 'show', 'billing'])).toMatchObject({ members: [] })
  expect((await place.run(['group', 'remove', 'billing'])).out).toBe('Removed group billing\n')
  expect((await place.run(['group', 'remove', 'admin'])).code).toBe(1)
})

test('keys are listed, rotated and withdrawn', async () => {
  await using place = await initialised()
  const [first] = await place.json<{ kid: string; state: string }[]>(['key', 'list'])
  expect(first?.state).toBe('active')
  const next = await place.json<{ kid: string; state: string }>(['key', 'rotate', '--now'])
  expect(next.state).toBe('active')
  expect(next.kid).not.toBe(first?.kid ?? '')
  expect((await place.run(['key', 'list'])).out).toContain('previous')
  await place.json(['key', 'retire', first?.kid ?? ''])
  expect((await place.run(['key', 'list'])).out).not.toContain(first?.kid ?? '')
})

describe('rules', () => {
  test('are added by patterns or preset, listed, explained and removed', async () => {
    await using place = await initialised()
    await place.json(['group', 'add', 'billing'])
    await place.json(['user', 'add', 'alice', '--group', 'billing', '--no-password'])
    const patterns = ['--configure', 'billing.*', '--write', 'billing.*', '--write', 'amq.default', '--read', '*']
    const added = await place.json<{ id: string }>([
      'rule',
      'add',
      '--group',
      'billing',
      '--vhost',
      'prod',
      ...patterns,
    ])
    expect(added).toMatchObject({ subjectKind: 'group', configure: ['billing.*'], read: ['*'], tags: [] })
    const preset = ['--user', 'alice', '--vhost', 'test', '--preset', 'producer', '--prefix', 'orders.']
    expect(await place.json(['rule', 'add', ...preset])).toMatchObject({ write: ['amq.default', 'orders.*'] })
    expect((await place.run(['rule', 'list', '--vhost', 'prod'])).out).toContain('group billing')
    expect((await place.run(['rule', 'show', added.id])).out).toContain('broker:    every broker')

    const explain = ['rule', 'explain', '--user', 'alice', '--vhost', 'prod']
    const granted = await place.run(explain)
    expect(granted.code).toBe(0)
    expect(granted.out).toContain('alice gets a token for vhost "prod".')
    expect(granted.out).toContain(added.id)
    const allowed = await place.run([...explain, '--action', 'write', '--resource', 'queue:billing.in'])
    expect(allowed).toMatchObject({ code: 0, err: '' })
    expect(allowed.out).toContain(
      'alice may write on queue:billing.in in vhost "prod",\nby scope rabbitmq.write:prod/billing.',
    )
    const refused = await place.run([...explain, '--action', 'configure', '--resource', 'queue:orders'])
    expect(refused.code).toBe(1)
    expect(refused.out).toContain('alice may not configure on queue:orders in vhost "prod".')
    expect(refused.out).toContain('The broker would say: ')

    await place.json(['rule', 'remove', added.id])
    const gone = await place.run(explain)
    expect(gone.code).toBe(1)
    expect(gone.out).toContain('alice gets no token for vhost "prod": no rule gives anything there.')
    expect(gone.out).toContain('It is for vhost "test", not for "prod"')
  })

  test('that the server refuses show every fault', async () => {
    await using place = await initialised()
    const { code, err } = await place.run([
      'rule',
      'add',
      '--user',
      'a',
      '--vhost',
      'prod',
      '--read',
      '*',
      '--tag',
      'boss',
    ])
    expect(code).toBe(1)
    expect(err).toContain('tags[0]: ')
  })
})

describe('brokers', () => {
  test('are registered, changed and forgotten', async () => {
    await using place = await initialised()
    const words = ['broker', 'add', 'prod-cluster', '--id', 'rmq-prod', '--version', '4.0', '--token-ttl', '10m']
    expect(await place.json(words)).toMatchObject({ resourceServerId: 'rmq-prod', tokenTtlSeconds: 600 })
    expect(await place.json(['broker', 'update', 'prod-cluster', '--version', '4.3'])).toMatchObject({ version: '4.3' })
    expect((await place.run(['broker', 'list'])).out).toMatch(/prod-cluster +rmq-prod +4\.3 +600s/)
    expect((await place.run(['broker', 'show', 'prod-cluster'])).out).toContain('token life:         600s')
    const management = ['broker', 'update', 'prod-cluster', '--management-url']
    await place.json([...management, 'https://rabbit.corp.internal:15671/'])
    expect((await place.run(['broker', 'show', 'prod-cluster'])).out).toMatch(
      /^management UI: +https:\/\/rabbit\.corp\.internal:15671$/m,
    )
    expect((await place.run([...management, 'http://rabbit.corp.internal'])).err).toContain('Use https')
    expect(await place.json([...management, ''])).toMatchObject({ managementUrl: null })
    expect((await place.run(['broker', 'remove', 'prod-cluster'])).out).toBe('Removed broker prod-cluster\n')
  })

  test('have a configuration, a file each or all in one', async () => {
    await using place = await workplace()
    await place.json(['init', '--public-url', 'https://login.corp.internal'])
    const all = (await place.run(['broker', 'config', 'rabbitmq'])).out
    expect(all).toContain('auth_oauth2.resource_server_id = rabbitmq\n')
    expect(all.split('\n').filter((line) => !/^(?:#.*|[a-z0-9_.]+ = .+|)$/.test(line))).toEqual([])
    const conf = (await place.run(['broker', 'config', 'rabbitmq', '--only', 'rabbitmq.conf'])).out
    expect(all).toStartWith(conf.trimEnd())
    expect((await place.run(['broker', 'config', 'rabbitmq', '--only', 'enabled_plugins'])).out).toMatch(
      /^\[.*oauth2.*\]\.\n$/,
    )
    const ui = ['--broker-version', '4.3', '--ui-client', 'rabbitmq-ui']
    expect((await place.run(['broker', 'config', 'rabbitmq', ...ui])).out).toContain(
      'management.oauth_client_id = rabbitmq-ui\n',
    )
    await place.json(['broker', 'update', 'rabbitmq', '--management-url', 'https://rabbit.corp.internal:15671'])
    const portal = (await place.run(['broker', 'config', 'rabbitmq', '--broker-version', '4.3'])).out
    expect(portal).toContain('management.oauth_provider_url = https://login.corp.internal/account/brokers\n')
    expect((await place.run(['broker', 'config', 'rabbitmq', ...ui])).out).not.toContain('oauth_provider_url')
    const newer = (await place.run(['broker', 'config', 'rabbitmq', '--broker-version', '4.3'])).out
    expect(newer).toContain('RabbitMQ 4.3')
    expect((await place.run(['broker', 'config', 'rabbitmq', '--broker-version', '9.9'])).code).toBe(1)
  })

  test('have a doctor who takes a token from a file, the input or the command line', async () => {
    await using place = await initialised()
    const token = (await place.run(['token', 'get', '--user', 'admin', '--vhost', 'prod'])).out.trim()
    const file = join(place.folder, 'token')
    await Bun.write(file, `${token}\n`)
    const examined = async (given: string, more = {}) => {
      const { out, ...how } = await place.run(['broker', 'doctor', 'rabbitmq', '--token', given], more)
      return { ...how, out: out.replace(/ \d+ more seconds$/m, ' some more seconds') }
    }
    const fine = await examined(file)
    expect(fine.code).toBe(0)
    expect(fine.out).toEndWith('\nThe broker takes this token.\n')
    expect(await examined('-', { input: token })).toEqual(fine)
    expect(await examined(token)).toEqual(fine)
    const other = await place.run(['broker', 'doctor', 'rabbitmq', '--token', file, '--vhost', 'test'])
    expect(other.code).toBe(1)
    expect(other.out).toMatch(/FAULT .*\n +broker: .*vhost/)
    const absent = await place.run(['broker', 'doctor', 'rabbitmq', '--token', 'nowhere'])
    expect(absent.err).toContain('there is no file nowhere, and it is no token either')
  })
})
