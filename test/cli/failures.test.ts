/** What is said when a command cannot do its work: one sentence that names what was meant, exit code 1. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
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

test('a password that is refused, with the name of what is wrong', async () => {
  const { code, err } = await place.run(['user', 'add', 'dave'], { input: 'short\n' })
  expect(code).toBe(1)
  expect(err).toContain('\n  password: Must be at least 12 characters long\n')
})
