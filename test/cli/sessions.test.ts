import { expect, test } from 'bun:test'
import { workplace } from '../harness/command-line.ts'

test('sessions of a user are shown and ended', async () => {
  await using place = await workplace()
  await place.json(['init'])
  await place.run(['user', 'add', 'alice', '--no-password'])
  const say = async (...words: string[]) => await place.run(['user', 'sessions', ...words])
  expect((await say('list', 'alice')).out).toBe('No sessions\n')
  expect(await place.json(['user', 'sessions', 'list', 'alice'])).toEqual({ sessions: [] })
  expect((await say('end', 'alice', 's_5d1f')).err).toBe('leveret: The user has no such session\n')
  expect((await say('end-all', 'alice')).out).toBe('Signed alice out everywhere\n')
  expect((await say('list', 'nobody')).err).toBe('leveret: There is no user "nobody"\n')
})
