import { expect, test } from 'bun:test'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { testCertificates } from '../harness/certificates.ts'
import { startTestServer, type TestServer } from '../harness/server.ts'

/** The common name of the certificate that a new connection is shown. */
async function shownName({ port, ca }: TestServer): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const socket = connectTls({ host: 'localhost', port, ca: ca ?? '', servername: 'localhost' }, () => {
    resolve(String(socket.getPeerCertificate().subject.CN))
    socket.end()
  })
  socket.on('error', reject)
  return promise
}

test('a new certificate is shown to new connections, and no request is lost meanwhile', async () => {
  const certificates = await testCertificates()
  const second = await certificates.issue('second')
  await using server = await startTestServer({ tls: true, ownCertificate: true })
  const files = server.config.tls
  expect(await shownName(server)).toBe('localhost')

  let swapping = true
  const statuses: number[] = []
  const client = (async () => {
    while (swapping) statuses.push((await server.fetch('/healthz')).status)
  })()
  await copyFile(second.certFile, files.cert ?? '')
  await copyFile(second.keyFile, files.key ?? '')
  await server.instance.reload(server.configWith({}))
  expect(await shownName(server)).toBe('second')
  swapping = false
  await client
  expect(statuses.length).toBeGreaterThan(0)
  expect(statuses.every((status) => status === 200)).toBe(true)
})

test('a certificate that does not fit its key changes nothing', async () => {
  const certificates = await testCertificates()
  const other = await certificates.issue('other')
  await using server = await startTestServer({ tls: true, ownCertificate: true })
  await copyFile(other.certFile, server.config.tls.cert ?? '')
  expect(server.instance.reload(server.configWith({ session: { identityTokenTtl: '1h' } }))).rejects.toThrow('tls')
  expect(await shownName(server)).toBe('localhost')
  await Bun.write(join(server.dataDir, 'server.pem'), 'nonsense')
  expect(server.instance.reload(server.configWith({}))).rejects.toThrow('tls')
  expect((await server.fetch('/healthz')).status).toBe(200)
})

test('over https browsers are told to stay with it, and the issuer is the public URL', async () => {
  await using server = await startTestServer({ tls: true })
  const answer = await server.fetch('/.well-known/openid-configuration')
  expect(answer.headers.get('strict-transport-security')).toContain('max-age')
  expect(await answer.json()).toMatchObject({ issuer: 'https://login.example' })
})
