import { expect, test } from 'bun:test'
import { workplace } from '../harness/command-line.ts'

test('second factors of a user are shown, demanded and taken away', async () => {
  await using place = await workplace()
  await place.json(['init'])
  await place.run(['user', 'add', 'alice', '--no-password'])
  const say = async (...words: string[]) => (await place.run(['user', 'factors', ...words])).out
  expect(await say('list', 'alice')).toBe('No second factors\n')
  expect(await say('demand', 'alice')).toBe('alice needs a second factor\n')
  expect(await say('list', 'alice')).toBe('A second factor is demanded of this user.\nNo second factors\n')
  expect(await place.json(['user', 'factors', 'list', 'alice'])).toEqual({ demanded: true, factors: [] })
  expect(await say('demand', 'alice', '--off')).toBe('alice needs no second factor of their own\n')
  expect(await say('reset', 'alice')).toBe('Took every second factor of alice away\n')
  expect((await place.run(['user', 'factors', 'reset', 'nobody'])).err).toBe('leveret: There is no user "nobody"\n')
})
