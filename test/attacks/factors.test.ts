/** Attacks on second factors, over HTTP. */
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { appOf, codeOf, wrong } from '../harness/core-factors.ts'
import { startMailServer, type TestMailServer } from '../harness/mail-server.ts'
import { bodyOf, OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'
import { until } from '../harness/until.ts'

const FREE = 5
const PASSWORD = 'vexing-Quartz-41-sphinx'
const GRANT = 'http://auth0.com/oauth/grant-type/mfa-'

let smtp: TestMailServer
let server: TestServer
beforeAll(async () => {
  smtp = await startMailServer()
  const mail = { host: '127.0.0.1', port: smtp.port, tls: 'off', username: 'mailer', password: { env: 'MAIL' } }
  server = await startTestServer({
    config: { mail, throttle: { freeAttempts: FREE }, oauth: { firstPartyPassword: true } },
    env: { MAIL: 'post' },
    secrets: [PASSWORD],
  })
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await smtp[Symbol.asyncDispose]()
})

const token = (fields: Record<string, string>) =>
  server.fetch('/auth/oauth/token', { method: 'POST', body: new URLSearchParams(fields) })

async function mfaToken(username: string): Promise<string> {
  const answer = await token({ grant_type: 'password', username, password: PASSWORD, scope: 'openid' })
  return String((await bodyOf(answer))['mfa_token'])
}

/** What `send` answers, and the code in the mail that it sends. */
async function mailedBy<T>(send: () => Promise<T>): Promise<readonly [T, string]> {
  const before = smtp.mails.length
  const sent = await send()
  expect(await until(() => smtp.mails.length > before)).toBe(true)
  return [sent, /^ {4}(\d{6})\r$/m.exec(smtp.mails.at(-1) ?? '')?.[1] ?? '']
}

/** Somebody with an authenticator app, a mailbox and recovery codes. */
async function enrolled(username: string) {
  const { core } = server.instance
  const email = `${username}@corp.example`
  const user = await core.users.create({ username, email, password: PASSWORD }, OPERATOR)
  const { id, uri } = await core.factors.enrolTotp(user)
  const app = appOf(uri)
  await core.factors.confirmTotp(user, { id, code: codeOf(app, server.clock.now()) }, OPERATOR)
  const [{ handle }, code] = await mailedBy(() => core.factors.enrolMail(user, OPERATOR))
  await core.factors.confirmMail(user, handle, code, OPERATOR)
  const [recovery = ''] = await core.factors.newRecoveryCodes(user, OPERATOR)
  server.clock.advance(30_000)
  return { user, app, recovery }
}

describe('row 28 (CVE-2024-4629): of 200 guesses at once, with as many mfa_tokens as one likes, few are looked at', () => {
  test.each(['otp', 'oob', 'recovery-code'])('at %s', async (kind) => {
    const username = `guessed-${kind}`
    const { user, app } = await enrolled(username)
    const tokens: string[] = []
    for (let count = 0; count < 50; count += 1) tokens.push(await mfaToken(username))
    const [{ handle }] = await mailedBy(() => server.instance.core.factors.challengeMail(user, OPERATOR))
    const codes = {
      otp: wrong(codeOf(app, server.clock.now())),
      binding_code: '000000',
      recovery_code: 'aaaa-aaaa-aaaa-aaaa',
    }
    const guess = (index: number) =>
      token({ grant_type: GRANT + kind, mfa_token: tokens[index % 50] ?? '', oob_code: handle, ...codes })
    const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => guess(index)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([400, 429]))
    const { rows } = await server.instance.core.audit.list({
      limit: 500,
      event: 'factor.verified',
      target: `user:${username}`,
    })
    const looked = rows.filter(({ detail }) => detail['reason'] === undefined)
    expect(looked.length).toBeGreaterThan(0)
    expect(looked.length).toBeLessThanOrEqual(FREE + 1)
  })
})

test('row 24 (GHSA-hp74-gm6m-2qm5): a code of another step, of another user or already used completes nothing', async () => {
  const [alice, bob] = [await enrolled('step-alice'), await enrolled('step-bob')]
  const complete = (mfa_token: string, otp: string) => token({ grant_type: `${GRANT}otp`, mfa_token, otp })
  const first = await mfaToken('step-alice')
  expect((await complete(first, codeOf(bob.app, server.clock.now()))).status).toBe(400)
  const code = codeOf(alice.app, server.clock.now())
  expect((await complete(first, code)).status).toBe(200)
  expect((await complete(await mfaToken('step-alice'), code)).status).toBe(400)
  const recovery = { grant_type: `${GRANT}recovery-code`, recovery_code: alice.recovery }
  expect((await token({ ...recovery, mfa_token: await mfaToken('step-bob') })).status).toBe(400)
  expect((await token({ ...recovery, mfa_token: await mfaToken('step-alice') })).status).toBe(200)
})

test('row 26 (CVE-2022-23555): a code by mail dies with the address, and with its use', async () => {
  const { user } = await enrolled('moved')
  const { core } = server.instance
  const oob = (mfa_token: string, oob_code: string, binding_code: string) =>
    token({ grant_type: `${GRANT}oob`, mfa_token, oob_code, binding_code })
  const [{ handle }, code] = await mailedBy(() => core.factors.challengeMail(user, OPERATOR))
  expect((await oob(await mfaToken('moved'), handle, code)).status).toBe(200)
  expect((await oob(await mfaToken('moved'), handle, code)).status).toBe(400)
  const [second, late] = await mailedBy(() => core.factors.challengeMail(user, OPERATOR))
  await core.users.update(user.id, { email: 'moved@elsewhere.example' }, OPERATOR)
  expect((await oob(await mfaToken('moved'), second.handle, late)).status).toBe(400)
})
