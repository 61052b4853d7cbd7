/** The examples as processes of the compiled executable, kept to their permissions by the kernel. */
import { beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import { pinOf } from '../../src/host/files.ts'
import { startDirectoryApi } from '../harness/directory-api.ts'
import { copyOfExample, peopleJson, ROUNDS } from '../harness/examples.ts'
import { builtExecutable, runExecutable, serveExecutable } from '../harness/executable.ts'
import { UNPROTECTED } from '../harness/hostile-plugins.ts'
import { type Folder, temporaryFolder, writeConfiguration } from '../harness/plugins.ts'

setDefaultTimeout(60_000)
/** Where the kernel cannot, the examples run all the same. */
const sandbox = UNPROTECTED === undefined ? 'require' : 'auto'

let executable: string
beforeAll(async () => {
  executable = await builtExecutable()
})

async function serverWith(folder: Folder, example: string, section: string) {
  const path = await copyOfExample(folder, example)
  const plugin = `[[plugins]]\npath = "${example}"\nsha256 = "${await pinOf(path)}"\nsandbox = "${sandbox}"`
  await writeConfiguration(folder, `${plugin}\n[[login]]\ntype = "${example}"\n${section}`)
  const place = { executable, folder: folder.path }
  for (const words of [
    ['broker', 'add', 'main', '--id', 'rabbitmq', '--version', '3.10'],
    ['rule', 'add', '--user', 'anna', '--vhost', 'prod', '--preset', 'owner'],
  ])
    expect((await runExecutable(place, ...words)).err).toBe('')
  return serveExecutable(place)
}

async function login(url: string, password: string): Promise<number> {
  const { status } = await fetch(`${url}/auth/session/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ username: 'anna', password, vhost: 'prod' }),
  })
  return status
}

test('somebody logs in through TypeScript in a process of its own', async () => {
  await using folder = await temporaryFolder()
  await using api = startDirectoryApi([{ id: 'u1', login: 'anna', password: 'right', teams: [], active: true }])
  await using server = await serverWith(folder, 'directory-api', `url = "${api.url}"\nkey = "${api.key}"`)
  expect([await login(server.url, 'right'), await login(server.url, 'wrong')]).toEqual([200, 401])
  expect(await server.stop()).toBe(0)
})

test('somebody logs in through Python', async () => {
  await using folder = await temporaryFolder()
  await folder.write('data/people.json', peopleJson({ anna: { id: 'p-1', password: 'right' } }))
  await using server = await serverWith(folder, 'people-python', `file = "people.json"\nrounds = ${ROUNDS}`)
  expect([await login(server.url, 'right'), await login(server.url, 'wrong')]).toEqual([200, 401])
  expect(await server.stop()).toBe(0)
})
