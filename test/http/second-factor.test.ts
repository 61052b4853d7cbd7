/** Whoever needs a second factor shows it wherever a password is taken. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { TOTP } from 'otpauth'
import { appOf, codeOf, wrong } from '../harness/core-factors.ts'
import { bodyOf, OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'

const PASSWORD = 'correct horse battery'
let server: TestServer
beforeAll(async () => {
  server = await startTestServer({
    config: { rabbitmq: { httpAuth: { allow: ['127.0.0.1'] } }, factors: { demandGroups: ['finance'] } },
  })
  const { brokers, rules, groups } = server.instance.core
  await brokers.create({ name: 'main', resourceServerId: 'rabbitmq', version: '3.10' }, OPERATOR)
  await groups.create({ name: 'finance' }, OPERATOR)
  await rules.create({ subjectKind: 'user', subject: 'alice', vhost: 'prod', preset: 'owner' }, OPERATOR)
  await server.instance.core.users.create({ username: 'alice', password: PASSWORD }, OPERATOR)
  await server.instance.core.users.create({ username: 'fiona', password: PASSWORD, groups: ['finance'] }, OPERATOR)
})
afterAll(() => server[Symbol.asyncDispose]())

const session = async (fields: object) => {
  const headers = { 'content-type': 'application/json' }
  const body = JSON.stringify({ username: 'alice', password: PASSWORD, ...fields })
  const answer = await server.fetch('/auth/session/login', { method: 'POST', headers, body })
  return { status: answer.status, body: await bodyOf(answer) }
}
const broker = async (username: string) => {
  const body = new URLSearchParams({ username, password: PASSWORD })
  return (await server.fetch('/rabbitmq/auth/user', { method: 'POST', body })).text()
}

async function enrol(): Promise<{ readonly app: TOTP; readonly recoveryCode: string }> {
  const { factors, users } = server.instance.core
  const alice = await users.get('alice')
  if (!alice) throw new Error('Expected alice')
  const { id, uri } = await factors.enrolTotp(alice)
  const app = appOf(uri)
  await factors.confirmTotp(alice, { id, code: codeOf(app, server.clock.now()) }, OPERATOR)
  server.clock.advance(30_000)
  const [recoveryCode = ''] = await factors.newRecoveryCodes(alice, OPERATOR)
  return { app, recoveryCode }
}

test('the session login takes a code beside the password, each once; the broker takes no password alone', async () => {
  expect((await session({})).status).toBe(200)
  expect(await broker('alice')).toStartWith('allow')
  const { app, recoveryCode } = await enrol()
  expect(await session({})).toMatchObject({ status: 403, body: { code: 'second_factor_required' } })
  expect(await broker('alice')).toBe('deny')
  const otp = codeOf(app, server.clock.now())
  expect(await session({ otp: wrong(otp) })).toMatchObject({ status: 401, body: { code: 'invalid_credentials' } })
  expect(await session({ otp, password: 'wrong' })).toMatchObject({
    status: 401,
    body: { code: 'invalid_credentials' },
  })
  expect((await session({ otp })).status).toBe(200)
  expect((await session({ otp })).status).toBe(401)
  expect((await session({ recoveryCode })).status).toBe(200)
  expect((await session({ recoveryCode })).status).toBe(401)
})

test('who must have one and has none gets no further with a password', async () => {
  expect(await session({ username: 'fiona' })).toMatchObject({ status: 403, body: { code: 'second_factor_required' } })
  expect(await broker('fiona')).toBe('deny')
})

test('an administrator ends the waiting after wrong codes', async () => {
  for (let guess = 0; guess < 8; guess += 1) await session({ otp: '000000' })
  expect(await session({ otp: '000000' })).toMatchObject({ status: 429 })
  expect((await server.asOperator('/users/alice:unlock', { method: 'POST' })).status).toBe(204)
  expect(await session({ otp: '000000' })).toMatchObject({ status: 401 })
})
