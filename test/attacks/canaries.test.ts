import { expect, test } from 'bun:test'
import { refuseSecrets } from '../harness/canaries.ts'
import { startTestServer } from '../harness/server.ts'

test('a server of the tests does not end well if it logged a secret that was planted in it', async () => {
  const server = await startTestServer({ listen: false, env: { SECRET: 'open sesame, please' } })
  server.instance.log.info('connected', { url: 'amqp://alice:open sesame, please@broker' })
  expect(server[Symbol.asyncDispose]()).rejects.toThrow('The log holds a secret of 19 letters')
})

test.each([
  ['a signed token', 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJlLXNpZ25hdHVyZQ'],
  ['a password hash', '$argon2id$v=19$m=8192,t=1,p=1$c2FsdA$aGFzaA'],
  ['a private key', '-----BEGIN PRIVATE KEY-----'],
])('%s is found in a log without having been planted', (what, text) => {
  expect(() => refuseSecrets(`{"message":"x","value":${JSON.stringify(text)}}`, [])).toThrow(what)
})
