/** Codes by mail through a real SMTP server, and what happens while it is away. */
import { expect, test } from 'bun:test'
import { outgoingMails } from '../../src/core/mail/records.ts'
import { startMailServer } from '../harness/mail-server.ts'
import { bodyOf, OPERATOR, startTestServer } from '../harness/server.ts'
import { until } from '../harness/until.ts'

const PERSON = { username: 'alice', email: 'alice@corp.example', password: 'correct horse battery' }

function serverWith(port: number, mail: Readonly<Record<string, unknown>> = {}) {
  const section = {
    host: '127.0.0.1',
    port,
    tls: 'off',
    username: 'mailer',
    password: { env: 'MAIL_PASSWORD' },
    from: 'Login <login@corp.example>',
  }
  return startTestServer({ config: { mail: { ...section, ...mail } }, env: { MAIL_PASSWORD: 'post' } })
}

test('a code arrives, from the configured address and to the user alone', async () => {
  await using smtp = await startMailServer()
  await using server = await serverWith(smtp.port)
  const { core } = server.instance
  const alice = await core.users.create(PERSON, OPERATOR)
  const { handle } = await core.factors.enrolMail(alice, OPERATOR)
  expect(await until(() => smtp.mails.length === 1)).toBe(true)
  const [mail = ''] = smtp.mails
  expect(smtp.recipients).toEqual(['alice@corp.example'])
  expect(mail).toContain('From: Login <login@corp.example>')
  expect(mail).toContain('Auto-Submitted: auto-generated')
  expect(mail).not.toContain('http')
  const code = /^ {4}(\d{6})\r$/m.exec(mail)?.[1] ?? ''
  expect(await core.factors.confirmMail(alice, handle, code, OPERATOR)).toBe(true)
  expect(server.logs()).not.toContain(code)
})

test('an address that looks like several is one', async () => {
  await using smtp = await startMailServer()
  await using server = await serverWith(smtp.port)
  const { core } = server.instance
  const email = '"a@evil.example,b"@corp.example'
  const mallory = await core.users.create({ ...PERSON, username: 'mallory', email: 'm@corp.example' }, OPERATOR)
  await core.factors.enrolMail({ ...mallory, email }, OPERATOR)
  await core.factors.enrolMail({ ...mallory, email: 'm,x@corp.example' }, OPERATOR)
  expect(await until(() => smtp.mails.length > 0)).toBe(true)
  expect(smtp.recipients.filter((address) => !address.endsWith('@corp.example'))).toEqual([])
})

test('while the mail server is away the server is degraded and serves, and the mail comes when it is back', async () => {
  const gone = await startMailServer()
  const { port } = gone
  await gone[Symbol.asyncDispose]()
  await using server = await serverWith(port)
  const ready = await server.asOperator('/readyz')
  expect(ready.status).toBe(200)
  expect(await bodyOf(ready)).toMatchObject({
    status: 'degraded',
    checks: expect.arrayContaining([expect.objectContaining({ name: 'mail', ok: false })]),
  })

  const { core } = server.instance
  const alice = await core.users.create(PERSON, OPERATOR)
  await core.factors.enrolMail(alice, OPERATOR)
  expect(await until(() => server.logs().includes('mail not sent'))).toBe(true)
  await using smtp = await startMailServer(port)
  server.clock.advance(15_000)
  await core.janitor.runOnce()
  expect(smtp.mails).toHaveLength(1)
  expect((await core.storage.find(outgoingMails, { limit: 10 })).rows).toEqual([])
  server.clock.advance(2_000)
  expect(await bodyOf(await server.asOperator('/readyz'))).toMatchObject({ status: 'ready' })
})

test('the mail server is not asked for its health as often as we are', async () => {
  await using smtp = await startMailServer()
  await using server = await serverWith(smtp.port)
  for (let second = 0; second < 5; second += 1) {
    expect((await server.fetch('/readyz')).status).toBe(200)
    server.clock.advance(2_000)
  }
  expect(smtp.connections()).toBe(1)
})

test('a server that offers no TLS gets no mail when TLS is demanded', async () => {
  await using smtp = await startMailServer()
  await using server = await serverWith(smtp.port, { tls: 'starttls' })
  const { core } = server.instance
  await core.factors.enrolMail(await core.users.create(PERSON, OPERATOR), OPERATOR)
  expect(await until(() => server.logs().includes('mail not sent'))).toBe(true)
  expect(smtp.mails).toEqual([])
})
