/** What is said when a command cannot do its work: one sentence that names what was meant, exit code 1. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Workplace, workplace } from '../harness/command-line.ts'

let place: Workplace
beforeAll(async () => {
  place = await workplace()
  await place.json(['init', '--port', '0'])
})
afterAll(() => place[Symbol.asyncDispose]())

const REMOTE = ['token', 'get', '--url', 'https://login.example', '--user', 'alice']

test.each([
  [['user', 'show', 'nope'], 'There is no user "nope"'],
  [['user', 'remove', 'nope'], 'There is no user "nope"'],
  [['group', 'show', 'nope'], 'There is no group "nope"'],
  [['group', 'add-member', 'nope', 'admin'], 'There is no group "nope"'],
  [['group', 'add-member', 'admin', 'nope'], 'There is no user "nope"'],
  [['rule', 'show', 'nope'], 'There is no rule "nope"'],
  [['rule', 'explain', '--user', 'nope', '--vhost', 'prod'], 'There is no user "nope"'],
  [['broker', 'show', 'nope'], 'There is no broker "nope"'],
  [['broker', 'config', 'nope'], 'There is no broker "nope"'],
  [['key', 'retire', 'nope'], 'There is no key "nope" in use'],
  [['token', 'get', '--user', 'nope', '--vhost', 'prod'], 'There is no user "nope"'],
  [['backup', '/nowhere/copy.db'], 'Cannot write a backup to /nowhere/copy.db: the folder /nowhere does not exist'],
  [[...REMOTE, '--ca', 'nowhere.pem'], '--ca: nowhere.pem cannot be read'],
  [
    [...REMOTE, '--password-file', 'nowhere.pw'],
    '--password-file: nowhere.pw cannot be read: there is no such file, or no permission',
  ],
  [
    ['token', '--watch', '--user', 'admin', '--vhost', 'prod', '--out', '/nowhere/token'],
    'cannot write /nowhere/token: its folder does not exist',
  ],
])('%p', async (words, sentence) => {
  expect(await place.run(words)).toEqual({ code: 1, out: '', err: `leveret: ${sentence}\n` })
})

test('a data folder that is gone, and it is not made anew without its master key', async () => {
  await using other = await workplace()
  await other.json(['init', '--port', '0'])
  const data = join(other.folder, 'leveret-data')
  await rm(data, { recursive: true })
  const { code, err } = await other.run(['user', 'list'])
  expect({ code, err }).toMatchObject({ code: 1, err: expect.stringContaining('masterKey: ') })
  expect(existsSync(data)).toBe(false)
})

test.each([
  [{ host: '192.0.2.1', port: '0' }, 'Cannot listen on 192.0.2.1, port 0: this machine has no such address'],
  [
    { host: 'nowhere.invalid', port: '0' },
    'Cannot listen on nowhere.invalid, port 0: this machine has no such address',
  ],
])('an address that cannot be bound: %p', async ({ host, port }, sentence) => {
  const env = { LEVERET_LISTEN_HOST: host, LEVERET_LISTEN_PORT: port }
  expect(await place.run(['serve'], { env })).toEqual({ code: 1, out: '', err: `leveret: ${sentence}\n` })
})

test('a port that is taken', async () => {
  using taken = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data: () => undefined } })
  const { code, err } = await place.run(['serve'], { env: { LEVERET_LISTEN_PORT: String(taken.port) } })
  const sentence = `Cannot listen on 127.0.0.1, port ${taken.port}: another program listens there`
  expect({ code, err }).toEqual({ code: 1, err: `leveret: ${sentence}\n` })
})

test('a password that is refused, with the name of what is wrong', async () => {
  const { code, err } = await place.run(['user', 'add', 'dave'], { input: 'short\n' })
  expect(code).toBe(1)
  expect(err).toContain('\n  password: Must be at least 12 characters long\n')
})
