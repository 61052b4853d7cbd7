/** Attacks on second factors, on the executable. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { TOTP } from 'otpauth'
import { appOf, codeOf, wrong } from '../harness/core-factors.ts'
import { startMailServer, type TestMailServer } from '../harness/mail-server.ts'
import { type Answer, type Form, type Provider, startProvider } from '../harness/provider.ts'
import { until } from '../harness/until.ts'

setDefaultTimeout(60_000)

const FREE = 5
const PASSWORD = 'vexing-Quartz-41-sphinx'
const GRANT = 'http://auth0.com/oauth/grant-type/mfa-'
const STEP = 30_000

let smtp: TestMailServer
let provider: Provider
beforeAll(async () => {
  smtp = await startMailServer()
  const mail = `[mail]\nhost = "127.0.0.1"\nport = ${smtp.port}\ntls = "off"\nusername = "mailer"\npassword = { env = "MAIL" }\n`
  const config = `${mail}[oauth]\nfirstPartyPassword = true\n[throttle]\nfreeAttempts = ${FREE}\n`
  provider = await startProvider({ config, env: { MAIL: 'post' } })
})
afterAll(async () => {
  await provider[Symbol.asyncDispose]()
  await smtp[Symbol.asyncDispose]()
})

const token = (form: Form) => provider.post('/auth/oauth/token', form)

/** The password is right; what is left is the second factor. */
async function mfaToken(username: string): Promise<string> {
  const { body } = await token({ grant_type: 'password', username, password: PASSWORD, scope: 'openid' })
  expect(body['error']).toBe('mfa_required')
  return String(body['mfa_token'])
}

async function ask(path: string, json: object, bearer?: string): Promise<Answer['body']> {
  const headers = {
    'content-type': 'application/json',
    ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
  }
  const answer = await provider.fetch(path, { method: 'POST', headers, body: JSON.stringify(json) })
  return (await answer.json()) as Answer['body']
}

/** What `send` answers, and the code in the mail that it sends. */
async function mailedBy<T>(send: () => Promise<T>): Promise<readonly [T, string]> {
  const before = smtp.mails.length
  const sent = await send()
  expect(await until(() => smtp.mails.length > before)).toBe(true)
  return [sent, /^ {4}(\d{6})\r$/m.exec(smtp.mails.at(-1) ?? '')?.[1] ?? '']
}

/** Somebody new who must have a second factor and has none yet. */
async function demanded(username: string): Promise<string> {
  await provider.user({ username, password: PASSWORD })
  await provider.operate('POST', `/users/${username}:demand-factor`, { demanded: true })
  return mfaToken(username)
}

/** Somebody with an authenticator app and recovery codes. The code of the step before is used up. */
async function withApp(username: string): Promise<{ readonly app: TOTP; readonly recovery: string }> {
  const mfa_token = await demanded(username)
  const { barcode_uri, recovery_codes } = await ask('/mfa/associate', { authenticator_types: ['otp'] }, mfa_token)
  const app = appOf(String(barcode_uri))
  const shown = await token({ grant_type: `${GRANT}otp`, mfa_token, otp: codeOf(app, Date.now() - STEP) })
  expect(shown.status).toBe(200)
  return { app, recovery: String((recovery_codes as readonly string[])[0]) }
}

/** Somebody with codes by mail. */
async function withMail(username: string): Promise<void> {
  const mfa_token = await demanded(username)
  const [begun, binding_code] = await mailedBy(() => ask('/mfa/associate', { authenticator_types: ['oob'] }, mfa_token))
  const oob_code = String(begun['oob_code'])
  expect((await token({ grant_type: `${GRANT}oob`, mfa_token, oob_code, binding_code })).status).toBe(200)
}

async function challenged(username: string) {
  const mfa_token = await mfaToken(username)
  const [{ oob_code }, code] = await mailedBy(() => ask('/mfa/challenge', { mfa_token, challenge_type: 'oob' }))
  return { mfa_token, oob_code: String(oob_code), binding_code: code }
}

describe('row 28 (CVE-2024-4629): of 200 guesses at once, with as many mfa_tokens as one likes, few are looked at', () => {
  const kinds: Readonly<Record<string, (username: string) => Promise<Form>>> = {
    otp: async (username) => ({ otp: wrong(codeOf((await withApp(username)).app, Date.now())) }),
    'recovery-code': async (username) => {
      await withApp(username)
      return { recovery_code: 'aaaa-aaaa-aaaa-aaaa' }
    },
    oob: async (username) => {
      await withMail(username)
      const { oob_code, binding_code } = await challenged(username)
      return { oob_code, binding_code: wrong(binding_code) }
    },
  }
  test.each(Object.keys(kinds))('at %s', async (kind) => {
    const username = `guessed-${kind}`
    const guess = (await kinds[kind]?.(username)) ?? {}
    const tokens: string[] = []
    for (let count = 0; count < 50; count += 1) tokens.push(await mfaToken(username))
    const guesses = Array.from({ length: 200 }, (_, index) =>
      token({ grant_type: GRANT + kind, mfa_token: tokens[index % 50], ...guess }),
    )
    expect(new Set((await Promise.all(guesses)).map(({ status }) => status))).toEqual(new Set([400, 429]))
    const query = new URLSearchParams({ event: 'factor.verified', target: `user:${username}`, limit: '500' })
    const { body } = await provider.operate('GET', `/audit?${query}`)
    const events = body['items'] as readonly {
      readonly outcome: string
      readonly detail: { readonly reason?: string }
    }[]
    const looked = events.filter(({ outcome, detail }) => outcome === 'refused' && detail.reason === undefined)
    expect(looked.length).toBeGreaterThan(0)
    expect(looked.length).toBeLessThanOrEqual(FREE + 1)
  })
})

test('row 24 (GHSA-hp74-gm6m-2qm5): a code of another user, or already used, completes nothing', async () => {
  const [alice, bob] = [await withApp('step-alice'), await withApp('step-bob')]
  const complete = (mfa_token: string, otp: string) => token({ grant_type: `${GRANT}otp`, mfa_token, otp })
  const first = await mfaToken('step-alice')
  expect((await complete(first, codeOf(bob.app, Date.now()))).body['error']).toBe('invalid_grant')
  const code = codeOf(alice.app, Date.now())
  expect((await complete(first, code)).status).toBe(200)
  expect((await complete(await mfaToken('step-alice'), code)).body['error']).toBe('invalid_grant')
  const recovery = { grant_type: `${GRANT}recovery-code`, recovery_code: alice.recovery }
  const stolen = await token({ ...recovery, mfa_token: await mfaToken('step-bob') })
  expect(stolen.body['error']).toBe('invalid_grant')
  expect((await token({ ...recovery, mfa_token: await mfaToken('step-alice') })).status).toBe(200)
})

test('row 24: a password alone adds no second factor beside the one that is there', async () => {
  await withApp('kept')
  const answer = await ask('/mfa/associate', { authenticator_types: ['otp'] }, await mfaToken('kept'))
  expect(answer['error']).toBe('access_denied')
})

test('row 26 (CVE-2022-23555): a code by mail dies with its use, and with the address', async () => {
  await withMail('moved')
  const used = await challenged('moved')
  expect((await token({ grant_type: `${GRANT}oob`, ...used })).status).toBe(200)
  const again = { ...used, mfa_token: await mfaToken('moved') }
  expect((await token({ grant_type: `${GRANT}oob`, ...again })).body['error']).toBe('invalid_grant')
  const late = await challenged('moved')
  await provider.operate('PATCH', '/users/moved', { email: 'moved@elsewhere.example' })
  expect((await token({ grant_type: `${GRANT}oob`, ...late })).body['error']).toBe('invalid_grant')
})
