/** A backup is taken while the server is written to; a server starts on the copy and has what was acknowledged before. */
import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { builtExecutable, runExecutable, serveExecutable } from '../harness/executable.ts'
import { temporaryFolder } from '../harness/storage-sqlite.ts'
import { until } from '../harness/until.ts'
import { logIn, PASSWORD, sender, setUp } from './operate.ts'

const CALLERS = 8

test('leveret backup copies a server under writes, and the copy starts', async () => {
  using folder = temporaryFolder()
  const start = { executable: await builtExecutable(), folder: folder.path }
  const token = await setUp(start)
  const acknowledged: string[] = []
  let before: readonly string[] = []
  {
    await using server = await serveExecutable(start)
    const send = sender(server.url)
    let going = true
    const callers = Array.from({ length: CALLERS }, async (_, caller) => {
      for (let count = 0; going; count++) {
        const username = `u${caller}-${count}`
        expect(await send('POST', '/users', token, { username })).toMatchObject({ status: 201 })
        acknowledged.push(username)
      }
    })
    expect(await until(() => acknowledged.length > 200)).toBe(true)
    before = [...acknowledged]
    expect(await runExecutable(start, 'backup', 'copy.db')).toMatchObject({ code: 0, err: '' })
    const during = acknowledged.length - before.length
    going = false
    await Promise.all(callers)
    expect(during).toBeGreaterThan(0)
  }
  const file = join(folder.path, 'leveret.toml')
  const text = await Bun.file(file).text()
  await Bun.write(file, text.replace('type = "sqlite"', `type = "sqlite"\npath = "${folder.path}/copy.db"`))
  await using copy = await serveExecutable(start)
  const send = sender(copy.url)
  for (const name of before) expect(await send('GET', `/users/${name}`, token)).toMatchObject({ status: 200 })
  expect(await logIn(send, { username: 'worker', password: PASSWORD })).toMatch(/^eyJ/)
}, 60_000)
