/** Attacks on the device flow, on the executable. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from 'bun:test'
import type { HtmlBrowser, Landing } from '../harness/html-browser.ts'
import { ALICE, BOB, type Provider, type ProviderClient, startProvider } from '../harness/provider.ts'

setDefaultTimeout(60_000)

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const TELEVISION = { name: 'Television', confidential: false, authMethod: 'none', redirectUris: [] }

let provider: Provider
let television: ProviderClient
let other: ProviderClient
beforeAll(async () => {
  provider = await startProvider()
  television = await provider.client({ ...TELEVISION, grants: [DEVICE, 'refresh_token'] })
  other = await provider.client({ ...TELEVISION, name: 'Toaster', grants: [DEVICE] })
})
afterAll(() => provider[Symbol.asyncDispose]())

async function begun(client = television) {
  const form = { client_id: client.id, scope: 'openid profile' }
  const { body } = await provider.post('/auth/oauth/device_authorization', form)
  return { code: String(body['device_code']), userCode: String(body['user_code']) }
}
const poll = (code: string, client = television) => provider.token(client, { grant_type: DEVICE, device_code: code })

async function atDevice(browser: HtmlBrowser, who: typeof ALICE): Promise<Landing> {
  const login = await browser.open('/auth/device')
  return await provider.logIn(browser, login, who)
}
async function typed(userCode: string, who = ALICE): Promise<readonly [HtmlBrowser, Landing]> {
  const browser = provider.browser()
  return [browser, await browser.submit(await atDevice(browser, who), { user_code: userCode })]
}

test('row 18 (CVE-2023-2585): a device code is nothing for another client, and the page says who asks', async () => {
  const { code, userCode } = await begun()
  const [browser, page] = await typed(userCode)
  expect(page.html).toContain('Television')
  expect(page.html).not.toContain('Toaster')
  await browser.submit(page, { decision: 'allow' })
  expect((await poll(code, other)).body).toMatchObject({ error: 'invalid_grant' })
  expect((await poll(code)).status).toBe(200)
  expect((await poll(code)).body).toMatchObject({ error: 'invalid_grant' })
})

test('row 19 (CVE-2026-45337): what one person was shown another one cannot allow, nor allow again', async () => {
  const { code, userCode } = await begun()
  const [, alicesPage] = await typed(userCode)
  const [bob] = await typed((await begun()).userCode, BOB)
  expect((await bob.submit(alicesPage, { decision: 'allow' })).status).toBe(403)
  const [mallory, page] = await typed(userCode, BOB)
  const [alice, again] = await typed(userCode)
  await alice.submit(again, { decision: 'allow' })
  await mallory.submit(page, { decision: 'allow' })
  const { body } = await poll(code)
  const { body: who } = await provider.userinfo(body['access_token'])
  expect(who['sub']).toBe((await provider.operate('GET', '/users/alice')).body['id'])
})

test('row 19: a form that another site sends, or one without its token, allows nothing', async () => {
  const { code, userCode } = await begun()
  const [browser, page] = await typed(userCode)
  const elsewhere = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }
  expect((await browser.submit(page, { decision: 'allow' }, elsewhere)).status).toBe(403)
  expect((await browser.submit(page, { decision: 'allow', csrf: 'x' })).status).toBe(403)
  expect((await browser.open(`/auth/device?user_code=${userCode}&decision=allow`)).status).toBe(200)
  expect((await poll(code)).body).toMatchObject({ error: 'authorization_pending' })
})

test('row 17 (CVE-2026-43983): what was allowed is not given once the person is disabled or has another password', async () => {
  for (const [index, change] of [{ disabled: true }, { newPassword: 'jolly-Hydrant-88-umbra' }].entries()) {
    const who = { username: `leaver-${index}`, password: ALICE.password }
    const id = await provider.user(who)
    const { code, userCode } = await begun()
    const [browser, page] = await typed(userCode, who)
    await browser.submit(page, { decision: 'allow' })
    await ('disabled' in change
      ? provider.operate('PATCH', `/users/${id}`, change)
      : provider.operate('POST', `/users/${id}:change-password`, change))
    expect([change, (await poll(code)).body['error']]).toEqual([change, 'invalid_grant'])
  }
})

test('row 17: what was allowed is not given once the person has logged out everywhere or taken the access back', async () => {
  for (const [page, end] of [
    ['/account/sessions', '/end-all'],
    ['/account/applications', '/revoke'],
  ] as const) {
    const [first, consent] = await typed((await begun()).userCode)
    await first.submit(consent, { decision: 'allow' })
    const redeemed = await begun()
    const [again, asked] = await typed(redeemed.userCode)
    await again.submit(asked, { decision: 'allow' })
    expect((await poll(redeemed.code)).status).toBe(200)

    const { code, userCode } = await begun()
    const [browser, shown] = await typed(userCode)
    await browser.submit(shown, { decision: 'allow' })
    const own = await browser.open(page)
    const form = own.forms.find(
      ({ action, fields }) => action.endsWith(end) && (fields['client_id'] ?? television.id) === television.id,
    )
    expect((await browser.submit({ ...own, forms: form ? [form] : [] }, {})).status).toBe(200)
    expect([page, (await poll(code)).body['error']]).toEqual([page, 'invalid_grant'])
  }
})

test('row 28 (GHSA-85v8-vx4w-q684): few user codes are looked at, also if right ones are typed in between', async () => {
  const browser = provider.browser()
  const page = await atDevice(browser, BOB)
  const letters = 'BCDFGHJKLMNPQRSTVWXZ'
  const guess = (index: number) => `BCDF-BC${letters[index % 20]}${letters[Math.floor(index / 20)]}`
  const looked = async (userCodes: readonly string[]) => {
    const pages = await Promise.all(userCodes.map((user_code) => browser.submit(page, { user_code })))
    expect(new Set(pages.map(({ status }) => status)).difference(new Set([200, 400, 429]))).toEqual(new Set())
    return pages.filter(({ status }) => status === 400).length
  }
  let evaluated = 0
  for (let round = 0; round < 12; round += 1) {
    const { userCode } = await begun()
    evaluated += await looked([userCode])
    evaluated += await looked([guess(4 * round), guess(4 * round + 1), guess(4 * round + 2), guess(4 * round + 3)])
  }
  evaluated += await looked(Array.from({ length: 150 }, (_, index) => guess(100 + index)))
  expect(evaluated).toBeLessThanOrEqual(8)
})
