import { expect, test } from 'bun:test'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtExecutable, runExecutable } from '../harness/executable.ts'

test('the executable sets up a server with a certificate of its own authority', async () => {
  await using stack = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'leveret-init-'))
  stack.defer(() => rm(folder, { recursive: true, force: true }))
  const start = { executable: await builtExecutable(), folder }
  expect(await runExecutable(start, 'init', '--tls', '--yes')).toMatchObject({ code: 0, err: '' })
  const [cert, ca] = await Promise.all(
    ['cert', 'ca'].map(
      async (name) => new X509Certificate(await Bun.file(join(folder, `leveret-data/tls/${name}.pem`)).text()),
    ),
  )
  expect(ca && cert?.verify(ca.publicKey)).toBe(true)
  const token = await runExecutable(start, 'token', 'get', '--user', 'admin', '--vhost', 'prod')
  expect(token).toMatchObject({ code: 0, err: '', out: expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+\n$/) })
}, 60_000)
