/** A whole server with a directory beside the users that it keeps itself. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { chmod } from 'node:fs/promises'
import { workplace } from '../harness/command-line.ts'
import { bodyOf, OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'
import { BASE, describeSlapd, SERVICE, type Slapd, startSlapd } from '../harness/slapd.ts'
import { until } from '../harness/until.ts'
import { searching, type Section } from './source.ts'

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const LOCAL = { type: 'local', id: 'local', memoryKib: 8192, iterations: 1 }

describeSlapd('a server with a directory', () => {
  let slapd: Slapd
  beforeAll(async () => {
    slapd = await startSlapd()
  })
  afterAll(() => slapd?.[Symbol.asyncDispose]())

  const section = (more = {}): Section => ({
    type: 'ldap',
    id: 'corp',
    ...searching(slapd),
    connectTimeoutMs: 1_500,
    operationTimeoutMs: 1_500,
    loginDeadlineMs: 2_000,
    groups: { prefix: 'API_PERM' },
    ...more,
  })
  async function start(more = {}): Promise<TestServer> {
    const config = { login: [LOCAL, section(more)] }
    const server = await startTestServer({ config, env: { SVC: SERVICE.bindPassword } })
    const { core } = server.instance
    await core.brokers.create({ name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }, OPERATOR)
    const rule = { subjectKind: 'group', subject: 'READ', vhost: 'prod', preset: 'owner' } as const
    await core.groups.create({ name: 'READ' }, OPERATOR)
    await core.rules.create(rule, OPERATOR)
    await core.rules.create({ ...rule, subjectKind: 'user', subject: server.admin.username }, OPERATOR)
    return server
  }
  const post = (server: TestServer, path: string, init: RequestInit & { readonly json?: unknown } = {}) => {
    const { json, ...rest } = init
    const body = json === undefined ? {} : { body: JSON.stringify(json) }
    const headers = { 'content-type': 'application/json', ...Object(init.headers) }
    return server.fetch(path, { method: 'POST', ...rest, headers, ...body })
  }
  const logIn = (server: TestServer, username: string, password = `${username} secret`) =>
    post(server, '/auth/session/login', { json: { username, password } })
  const exchange = (server: TestServer, token: string) =>
    post(server, '/auth/session/token', { headers: { authorization: `Bearer ${token}` } })

  test('logs people in, makes their records and gives what the rules give to their groups', async () => {
    await using server = await start()
    const token = await server.login({ username: 'alice', password: 'alice secret' })
    expect((await exchange(server, token)).status).toBe(200)
    const answer = await bodyOf(await server.asOperator('/users/alice'))
    expect(answer).toMatchObject({ source: 'corp', email: 'alice@corp.example', groups: ['READ', 'WRITE'] })
    expect(answer['claims']).toMatchObject({ given_name: 'Alice' })
    for (const wrong of [
      await logIn(server, 'alice', 'wrong'),
      await logIn(server, 'ghost'),
      await logIn(server, 'locked'),
    ]) {
      expect([wrong.status, (await bodyOf(wrong))['code']]).toEqual([401, 'invalid_credentials'])
    }
    const { items } = await bodyOf(await server.asOperator('/audit?target=user:locked'))
    expect(JSON.stringify(items)).toContain('"reason":"locked"')
    expect(server.logs()).not.toMatch(/alice secret|svc secret/)
  })

  test('goes on without it, says so, and counts nothing against anybody', async () => {
    await using server = await start()
    await server.login({ username: 'alice', password: 'alice secret' })
    slapd.freeze()
    try {
      const attempts = await Promise.all(Array.from({ length: 8 }, () => logIn(server, 'alice')))
      for (const refused of attempts) {
        expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, expect.any(String)])
      }
      expect((await logIn(server, server.admin.username, server.admin.password)).status).toBe(200)
      expect(await bodyOf(await server.fetch('/readyz'))).toMatchObject({ status: 'degraded' })
      server.clock.advance(5_000)
      expect(await (await server.fetch('/metrics')).text()).toContain('leveret_check_ok{check="login:corp"} 0\n')
    } finally {
      slapd.thaw()
    }
    expect(await server.instance.core.throttle.status('alice')).toEqual([])
    const isBack = async (): Promise<boolean> => {
      server.clock.advance(MINUTE)
      return (await logIn(server, 'alice')).status === 200
    }
    expect(await until(isBack)).toBe(true)
    expect(await bodyOf(await server.fetch('/readyz'))).toMatchObject({ status: 'ready' })
  })

  test('gives no further tokens to who has left, when it next asks', async () => {
    await using server = await start()
    const token = await server.login({ username: 'n30', password: 'n30 secret' }).catch(() => '')
    expect(token).toBe('')
    await slapd.change(
      `dn: cn=API_PERM_READ,ou=Group,${BASE}\nchangetype: modify\nadd: member\nmember: cn=n30,ou=User,${BASE}\n`,
    )
    const member = await server.login({ username: 'n30', password: 'n30 secret' })
    expect((await exchange(server, member)).status).toBe(200)
    await slapd.change(`dn: cn=n30,ou=User,${BASE}\nchangetype: delete\n`)
    server.clock.advance(6 * MINUTE)
    expect((await exchange(server, member)).status).toBe(401)
  })

  test('disables who has left, in its rounds, and takes it back', async () => {
    await using server = await start({ resync: '1h' })
    const { core } = server.instance
    const alice = await server.login({ username: 'alice', password: 'alice secret' })
    const carol = await server.login({ username: 'carol', password: 'carol secret' })
    const lock = (change: string) => slapd.change(`dn: cn=Carol,ou=User,${BASE}\nchangetype: modify\n${change}\n`)
    await lock('add: nsAccountLock\nnsAccountLock: TRUE')
    server.clock.advance(HOUR)
    await core.resync.runOnce()
    expect(await core.users.get('carol')).toMatchObject({ disabled: true, disabledBySource: true })
    expect((await exchange(server, carol)).status).toBe(401)
    expect((await exchange(server, alice)).status).toBe(200)

    slapd.freeze()
    try {
      server.clock.advance(HOUR)
      await core.resync.runOnce()
    } finally {
      slapd.thaw()
    }
    expect(await core.users.get('alice')).toMatchObject({ disabled: false })
    await lock('delete: nsAccountLock')
    server.clock.advance(HOUR)
    await core.resync.runOnce()
    expect(await core.users.get('carol')).toMatchObject({ disabled: false, disabledBySource: false })
    expect((await logIn(server, 'carol')).status).toBe(200)
  })

  test('moves users over to the directory: the old password ends, the same record goes on', async () => {
    await using server = await start()
    const { core } = server.instance
    const before = await core.users.create({ username: 'bob', password: 'vexing-Quartz-41-sphinx' }, OPERATOR)
    const token = await server.login({ username: 'bob', password: 'vexing-Quartz-41-sphinx' }).catch(() => 'none')
    const move = (source: string, name = 'bob') =>
      server.asAdmin(`/users/${name}:move`, { method: 'POST', json: { source } })
    const moved = await move('corp')
    expect([moved.status, (await bodyOf(moved))['id']]).toEqual([200, before.id])
    expect((await exchange(server, token)).status).toBe(401)
    expect((await logIn(server, 'bob', 'vexing-Quartz-41-sphinx')).status).toBe(401)
    expect((await logIn(server, 'bob')).status).toBe(200)
    await core.users.create({ username: 'nobody-there' }, OPERATOR)
    expect((await move('corp', 'nobody-there')).status).toBe(409)
    expect((await move('crop')).status).toBe(400)
  })

  test.each([
    ['10s', {}, /login\[1\]\.resync: must be at least 30s/],
    [
      '1h',
      { userDnTemplate: `cn={username},ou=User,${BASE}` },
      /login\[1\]\.resync: this source cannot tell who is gone/,
    ],
  ])('does not start with rounds that cannot be: %s %o', async (resync, more, fault) => {
    const { ['bindDn']: _dn, ['bindPassword']: _password, ...direct } = section(more)
    const login = [LOCAL, { ...direct, resync }]
    expect(startTestServer({ config: { login } })).rejects.toThrow(fault)
  })

  describe('shown by leveret doctor', () => {
    async function place() {
      const opened = await workplace()
      await opened.json(['init'])
      const file = `${opened.folder}/leveret.toml`
      const toml = `
[[login]]
type = "ldap"
id = "corp"
urls = ["${slapd.ldaps}"]
baseDn = "${BASE}"
bindDn = "${SERVICE.bindDn}"
bindPassword = { env = "SVC" }
tls = { caFile = "${slapd.caFile}" }
`
      await Bun.write(file, `${await Bun.file(file).text()}\n${toml}`)
      return opened
    }
    const env = { SVC: SERVICE.bindPassword }

    test('step by step, each with its time', async () => {
      await using opened = await place()
      const { code, out, err } = await opened.run(['doctor', 'corp', '--user', 'carol'], { env })
      expect([code, err]).toEqual([0, ''])
      const steps = [...out.matchAll(/^ok +(\d+\.\d) ms {2}(.+)\n +(.+)$/gm)].map(([, , step, detail]) => [
        step,
        detail,
      ])
      expect(steps).toEqual([
        [`connect ${slapd.ldaps}`, 'TLS'],
        [`bind ${SERVICE.bindDn}`, 'accepted'],
        [
          expect.stringMatching(/^search dc=corp,dc=example \(sub\) .*\(uid=carol\)/),
          `1 entry: cn=Carol,ou=User,${BASE}`,
        ],
        [expect.stringMatching(/^search .*member=cn=Carol/), `1 entry: cn=staff,ou=Group,${BASE}`],
        [expect.stringMatching(/^search .*member=cn=staff/), expect.stringMatching(/^2 entries/)],
        [expect.stringMatching(/^search .*member=cn=allowed_to_login/), 'nothing'],
      ])
      expect(out).toMatch(/would be: +carol\n[^]*groups: +staff, allowed_to_login, API_PERM_READ\n/)
    })

    test('with a password, and with what is wrong', async () => {
      await using opened = await place()
      const file = `${opened.folder}/pw`
      await Bun.write(file, 'carol secret\n')
      await chmod(file, 0o600)
      const right = await opened.json(['doctor', 'corp', '--user', 'carol', '--password-file', file], { env })
      expect(right).toMatchObject({ verdict: { ok: true, identity: { username: 'carol' } } })
      const wrong = await opened.run(['doctor', 'corp', '--user', 'alice', '--password-file', file], { env })
      expect(wrong.code).toBe(1)
      expect(wrong.out).toMatch(/FAULT +\d+\.\d ms {2}bind cn=Alice[^]*result code 49[^]*Refused: credentials/)
      expect(wrong.out).not.toContain('carol secret')
      const ghost = await opened.run(['doctor', 'corp', '--user', 'ghost'], { env })
      expect([ghost.code, ghost.out]).toEqual([1, expect.stringContaining('Refused: credentials (no such entry)')])
    })

    test('is told what it needs', async () => {
      await using opened = await place()
      expect((await opened.run(['doctor', 'corp'], { env })).code).toBe(2)
      expect((await opened.run(['doctor', '--user', 'alice'], { env })).code).toBe(2)
      const local = await opened.run(['doctor', 'local', '--user', 'alice'], { env })
      expect(local.err).toContain('Login source "local" is none that can be gone through step by step; these are: corp')
    })

    test('and the command line moves a user', async () => {
      await using opened = await place()
      await opened.run(['user', 'add', 'dave'], { env, input: 'vexing-Quartz-41-sphinx\n' })
      const moved = await opened.run(['user', 'move', 'dave', '--source', 'corp'], { env })
      expect(moved.out).toBe('Moved dave to corp; its identity tokens have ended\n')
      expect(await opened.json(['user', 'show', 'dave'], { env })).toMatchObject({ source: 'corp' })
    })
  })

  test('leaves no connection behind when it ends', async () => {
    await using server = await start()
    await Promise.all(Array.from({ length: 10 }, (_each, index) => logIn(server, `n${40 + index}`)))
    await server[Symbol.asyncDispose]()
    expect(await until(async () => (await slapd.connections()) === 0)).toBe(true)
  })
})
