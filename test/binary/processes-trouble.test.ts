/** Several processes as one server, when one of them is no longer itself; and what has to be renewed in each. */
import { expect, setDefaultTimeout, test } from 'bun:test'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { testCertificates } from '../harness/certificates.ts'
import { builtExecutable, type Start } from '../harness/executable.ts'
import { temporaryFolder } from '../harness/storage-sqlite.ts'
import { until } from '../harness/until.ts'
import { setUp } from './operate.ts'
import { EVERYWHERE, furtherOf, isThere, operator, serveAs } from './processes.ts'

setDefaultTimeout(30_000)

async function ready(folder: string): Promise<Start> {
  const start = { executable: await builtExecutable(), folder }
  await setUp(start)
  return start
}

test('a change does not wait for a process that hangs: it is replaced before the answer', async () => {
  using folder = temporaryFolder()
  await using server = await serveAs(3, await ready(folder.path))
  const [hanging = 0] = furtherOf(server)
  process.kill(hanging, 'SIGSTOP')
  const client = { name: 'Job', grants: ['client_credentials'] }
  expect(await operator(folder.path, 'POST', '/clients', client)).toMatchObject({ status: 201 })
  expect(isThere(hanging)).toBe(false)
  expect(server.log()).toContain('did not take over a change and is replaced')
  expect(await until(() => furtherOf(server).length === 2)).toBe(true)
})

test('a process that hangs while nothing is changed is replaced as well', async () => {
  using folder = temporaryFolder()
  await using server = await serveAs(2, await ready(folder.path))
  // The first round of the janitor makes a key, which is a change.
  expect(await until(() => server.log().includes('key.created'))).toBe(true)
  const [hanging = 0] = furtherOf(server)
  process.kill(hanging, 'SIGSTOP')
  expect(await until(() => !isThere(hanging))).toBe(true)
  expect(server.log()).toContain('does not answer and is replaced')
})

test('its port is refused to another server, and it does not take the port of another', async () => {
  using folder = temporaryFolder()
  using elsewhere = temporaryFolder()
  const [start, other] = [await ready(folder.path), await ready(elsewhere.path)]
  await using server = await serveAs(2, start)
  const env = { LEVERET_LISTEN_PORT: new URL(server.url).port }
  for (const processes of [1, 2]) {
    expect(serveAs(processes, { ...other, env })).rejects.toThrow('another program listens there')
  }
})

test('a new certificate is shown by every process when the reload is answered, and no request is lost', async () => {
  const certificates = await testCertificates()
  const [first, second] = await Promise.all([certificates.issue('first'), certificates.issue('second')])
  using folder = temporaryFolder()
  const start = await ready(folder.path)
  const [cert, key] = [join(folder.path, 'server.pem'), join(folder.path, 'server.key')]
  const use = (files: typeof first) => Promise.all([copyFile(files.certFile, cert), copyFile(files.keyFile, key)])
  await use(first)
  await using server = await serveAs(3, { ...start, env: { LEVERET_TLS_CERT: cert, LEVERET_TLS_KEY: key } })
  const port = Number(new URL(server.url).port)
  const shown = async () => {
    const names = Array.from({ length: EVERYWHERE }, () => shownName(port, certificates.ca))
    return [...new Set(await Promise.all(names))]
  }
  expect(await shown()).toEqual(['first'])
  let swapping = true
  const statuses = new Set<number>()
  const client = (async () => {
    const init = { keepalive: false, tls: { ca: certificates.ca } }
    while (swapping) statuses.add((await fetch(`https://localhost:${port}/healthz`, init)).status)
  })()
  await use(second)
  expect(await operator(folder.path, 'POST', '/control/reload')).toMatchObject({ status: 204 })
  expect(await shown()).toEqual(['second'])
  swapping = false
  await client
  expect([...statuses]).toEqual([200])
})

/** The common name of the certificate that a new connection is shown. */
async function shownName(port: number, ca: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connect({ host: 'localhost', port, ca, servername: 'localhost' }, () => {
    resolve(String(socket.getPeerCertificate().subject.CN))
    socket.end()
  })
  socket.on('error', reject)
  return promise
}
