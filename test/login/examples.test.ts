/** The example sources keep the login contract: inside the server and as processes. */
import { afterAll, beforeAll } from 'bun:test'
import { join } from 'node:path'
import { Value } from '@sinclair/typebox/value'
import type { LoginSourceContext } from '#plugin'
import directoryApi from '../../plugins/examples/directory-api/main.ts'
import { configSchema } from '../../src/host/manifest.ts'
import { processPlugin } from '../../src/host/process/plugin.ts'
import { selfCommand } from '../../src/host/self.ts'
import { type LoginSubject, loginConformance } from '../conformance/login-source.ts'
import { type DirectoryApi, startDirectoryApi } from '../harness/directory-api.ts'
import { peopleJson, ROUNDS } from '../harness/examples.ts'
import { type Folder, temporaryFolder } from '../harness/plugins.ts'

const EXAMPLES = join(import.meta.dir, '../../plugins/examples')
const ACCOUNTS = {
  right: { username: 'anna', password: 'Correct horse', externalId: 'p-1', groups: ['billing', 'ops'] },
  other: { username: 'bert', password: 'Another staple', externalId: 'p-2', groups: ['sales'] },
  lonely: { username: 'caro', password: 'Lonely staple', externalId: 'p-3', groups: [] },
  foreign: { username: 'jürgen', password: 'pässwörd 秘密', externalId: 'p-4', groups: [] },
  crowded: {
    username: 'dora',
    password: 'Crowded staple',
    externalId: 'p-5',
    groups: Array.from({ length: 2_000 }, (_, index) => `team-${index}`),
  },
}

/** Opens a plugin of the process tier as the host would, with what the kit lends. */
function inProcess(type: string, command: readonly string[], config: () => object) {
  return async (context: LoginSourceContext) => {
    const launch = async () => ({ command, env: {} })
    const plugin = processPlugin({ kind: 'login', type, config: configSchema('the test', {}), launch })
    if (plugin.kind !== 'login') throw new Error('Cannot be: it is declared as a login source')
    return plugin.open(config(), context)
  }
}

let api: DirectoryApi
let folder: Folder
beforeAll(async () => {
  const people = Object.values({ ...ACCOUNTS, emil: { ...ACCOUNTS.right, username: 'emil', externalId: 'p-6' } })
  api = startDirectoryApi(
    people.map(({ username: login, password, externalId: id, groups: teams }) => ({
      id,
      login,
      password,
      teams,
      active: login !== 'emil',
    })),
  )
  folder = await temporaryFolder()
  const known = Object.values(ACCOUNTS).map(({ username, password, externalId: id, groups: teams }) => [
    username,
    { id, password, teams },
  ])
  await folder.write('people.json', peopleJson(Object.fromEntries(known)))
})
afterAll(async () => {
  await api[Symbol.asyncDispose]()
  await folder[Symbol.asyncDispose]()
})

const broken = (how: Parameters<DirectoryApi['behave']>[0]) => async () => {
  api.behave(how)
  return { [Symbol.asyncDispose]: async () => api.behave('well') }
}
const changed = (change: { active: boolean } | { teams: string[] }) => async () => {
  const before = api.people.get('anna')
  if (before) api.people.set('anna', { ...before, ...change })
  return { [Symbol.asyncDispose]: async () => void (before && api.people.set('anna', before)) }
}
const section = () => ({ url: api.url, key: api.key, timeout: 300 })
const directory: Omit<LoginSubject, 'open'> = {
  accounts: {
    ...ACCOUNTS,
    refused: { disabled: { username: 'emil', password: 'Correct horse', why: 'disabled' } },
  },
  offers: ['refresh'],
  deadline: 5_000,
  faults: { 'out of order': broken('broken'), 'no answer': broken('silent'), nonsense: broken('nonsense') },
  changes: { disable: changed({ active: false }), leaveGroups: changed({ teams: [] }) },
  plugin: { plugin: directoryApi, config: { url: 'https://directory.example', key: 'x' } },
}

loginConformance('directory-api inside the server', {
  ...directory,
  open: (context) => directoryApi.open(Value.Parse(directoryApi.config, section()), context),
})

loginConformance('directory-api as a process', {
  ...directory,
  offers: ['refresh', 'health'],
  without: { health: 'a process is healthy as long as it runs; the directory is asked at logins only' },
  open: inProcess('directory-api', selfCommand('plugin-host', join(EXAMPLES, 'directory-api/main.ts')), section),
})

loginConformance('people-python', {
  accounts: ACCOUNTS,
  offers: ['refresh', 'health'],
  without: {
    refused: 'its file knows nobody who may not log in',
    disable: 'its file knows nobody who may not log in',
    faults: 'there is nothing behind it that could break',
    leaveGroups: 'a change of a file',
    plugin: 'it is no module',
  },
  open: inProcess('people-python', [join(EXAMPLES, 'people-python/people.py')], () => ({
    file: join(folder.path, 'people.json'),
    rounds: ROUNDS,
  })),
})
