/** The example of the plugin author's guide is run, not only read. */
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { pinOf } from '../../src/host/files.ts'
import { createPluginHost } from '../../src/host/host.ts'
import { exampleOfGuide, temporaryFolder } from '../harness/plugins.ts'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

test('the login source of plugins/README.md logs people in', async () => {
  const { name, text } = await exampleOfGuide()
  await using folder = await temporaryFolder()
  const path = await folder.write(name, text)
  const password = await Bun.password.hash('correct horse', { algorithm: 'bcrypt', cost: 4 })
  await folder.write('people.json', JSON.stringify({ anna: { id: 'p-1', password, teams: ['billing'] } }))
  await using host = await createPluginHost({
    builtin: [],
    external: [{ path, sha256: await pinOf(path), optional: false }],
    folder: join(folder.path, 'plugins'),
    dataDir: folder.path,
    env: {},
    log: silent,
    now: () => 0,
    signal: new AbortController().signal,
    probeDeadline: 20_000,
  })
  const credentials = {
    get: async () => undefined,
    put: async () => undefined,
    replace: async () => false,
    delete: async () => undefined,
  }
  const section = { type: 'team-file', id: 'teams', file: 'people.json' }
  const source = await host.openLogin(section, { path: 'login[0]', credentials })
  const verify = (username: string, word: string) =>
    source?.password?.verify({ username, password: word, signal: new AbortController().signal })
  expect(await verify('anna', 'correct horse')).toEqual({
    ok: true,
    identity: { externalId: 'p-1', username: 'anna', groups: ['billing'] },
  })
  expect(await verify('anna', 'wrong')).toEqual({ ok: false, why: 'credentials' })
  expect(await verify('berta', 'correct horse')).toEqual({ ok: false, why: 'credentials' })
})
