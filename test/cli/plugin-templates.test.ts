/** What `plugin new` writes in Python keeps its contract; what it writes in TypeScript is tried where the guide is. */
import { expect, setDefaultTimeout, test } from 'bun:test'
import { workplace } from '../harness/command-line.ts'

setDefaultTimeout(180_000)

for (const [kind, passed] of [
  ['login', 31],
  ['storage', 145],
] as const)
  test(`a new ${kind} in Python passes every case of the kit that needs no more than it`, async () => {
    await using place = await workplace()
    await place.run(['plugin', 'new', 'acme', '--kind', kind, '--lang', 'python'])
    expect(await place.json(['plugin', 'test', 'acme'])).toMatchObject({ failed: 0, passed })
  })
