/** RFC 8705 section 2.1: a client proves who it is with a certificate, which only a trusted proxy may say. */
import { expect, test } from 'bun:test'
import { bodyOf, OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'

const SUBJECT = 'CN=invoicer,O=Corp'

async function start(config: object): Promise<TestServer> {
  const server = await startTestServer({ config: { ...config } })
  const input = { id: 'invoicer', name: 'Invoicer', authMethod: 'tls_client_auth', tlsSubject: SUBJECT } as const
  await server.instance.core.clients.create({ ...input, grants: ['client_credentials'] }, OPERATOR)
  return server
}
const ask = (server: TestServer, headers: Record<string, string>, path = 'token') =>
  server.fetch(`/auth/oauth/${path}`, {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_id: 'invoicer', token: 'x' }),
    headers,
  })
const HEADER = { 'x-client-subject': SUBJECT }

test('a trusted proxy says whose certificate it saw, at every endpoint that clients authenticate to', async () => {
  await using server = await start({
    trustedProxies: ['127.0.0.1'],
    oauth: { clientCertificateHeader: 'X-Client-Subject' },
  })
  expect((await ask(server, HEADER)).status).toBe(200)
  for (const path of ['introspect', 'revoke']) expect((await ask(server, HEADER, path)).status).toBe(200)
  const wrong = ['CN=invoicer', 'CN=Invoicer,O=Corp', `${SUBJECT}, ${SUBJECT}`, '']
  for (const subject of wrong) expect((await ask(server, { 'x-client-subject': subject })).status).toBe(401)
  expect((await ask(server, {})).status).toBe(401)
  const metadata = await bodyOf(await server.fetch('/.well-known/openid-configuration'))
  expect(metadata['token_endpoint_auth_methods_supported']).toContain('tls_client_auth')
})

test('nobody else is believed, and without the header nobody', async () => {
  await using untrusted = await start({ oauth: { clientCertificateHeader: 'X-Client-Subject' } })
  expect((await ask(untrusted, HEADER)).status).toBe(401)
  await using off = await start({ trustedProxies: ['127.0.0.1'] })
  expect((await ask(off, HEADER)).status).toBe(401)
  const metadata = await bodyOf(await off.fetch('/.well-known/openid-configuration'))
  expect(metadata['token_endpoint_auth_methods_supported']).not.toContain('tls_client_auth')
})
