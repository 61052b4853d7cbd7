/** The pages of the account: for whom, what they change, and what they refuse. */
import { expect, test } from 'bun:test'
import { insert } from '#plugin'
import { consents } from '../../src/core/authorization/records.ts'
import { grants } from '../../src/core/token/records.ts'
import { codeOf, appOf } from '../harness/core-factors.ts'
import { elementsOf } from '../harness/markup.ts'
import { startMailServer } from '../harness/mail-server.ts'
import { OPERATOR, startTestServer, type TestServer } from '../harness/server.ts'
import { until } from '../harness/until.ts'
import { PASSWORD, visitorOf } from '../harness/visitor.ts'

const PAGES = ['/account', '/account/password', '/account/factors', '/account/applications', '/account/sessions']

async function formsIn(answer: Response): Promise<readonly Readonly<Record<string, string>>[]> {
  const html = await answer.text()
  return html
    .split('<form ')
    .slice(1)
    .map((form) => {
      const fields = elementsOf(`<form ${form}`).filter(({ name }) => name === 'input')
      const pairs = fields.map(({ attributes: { name = '', value = '' } }) => [name, value])
      return { action: /action="([^"]*)"/.exec(form)?.[1] ?? '', ...Object.fromEntries(pairs) }
    })
}

async function alice(server: TestServer) {
  const user = await server.instance.core.users.get('alice')
  if (!user) throw new Error('Expected alice')
  return user
}

test('who is not logged in is sent to the login and comes back to the page, under the path of the public URL', async () => {
  await using server = await startTestServer({ path: '/idp' })
  for (const path of PAGES) {
    const answer = await server.fetch(path)
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe(`/idp/auth/login-page?next=${encodeURIComponent(path)}`)
  }
  const visitor = await visitorOf(server)
  for (const path of PAGES) {
    const answer = await visitor.get(path)
    expect(answer.status).toBe(200)
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(await answer.text()).toContain(`href="/idp${path}" aria-current="page"`)
  }
})

test('row 33: a form without the token, with that of another session, or from another site changes nothing', async () => {
  await using server = await startTestServer()
  const [visitor, other] = [await visitorOf(server), await visitorOf(server, 'bob')]
  const theirs = (await formsIn(await other.get('/account')))[1]?.['csrf'] ?? ''
  const fields = { name: 'Mallory' }
  for (const csrf of ['', 'x', theirs]) {
    const answer = await visitor.send('/account', { ...fields, csrf })
    expect(answer.status).toBe(403)
    expect(await answer.text()).toContain('You may not do this.')
  }
  const elsewhere = await visitor.send('/account', fields, { 'sec-fetch-site': 'cross-site' })
  expect(elsewhere.status).toBe(403)
  expect((await visitor.send('/account', fields, { origin: 'https://evil.example' })).status).toBe(403)
  expect((await alice(server)).displayName).toBeNull()
  expect((await visitor.send('/account', { name: 'Alice' })).status).toBe(303)
  expect((await alice(server)).displayName).toBe('Alice')
})

test('the profile is saved as standard claims, other claims stay, and nonsense is refused in its place', async () => {
  await using server = await startTestServer()
  const visitor = await visitorOf(server)
  const { core } = server.instance
  const claims = { department: 'Sales', phone_number: '+1 555', phone_number_verified: true, nickname: 'Al' }
  await core.users.update((await alice(server)).id, { claims }, OPERATOR)
  const good = {
    name: ' Alice A. ',
    website: 'https://alice.example',
    birthdate: '1990-12-31',
    zoneinfo: 'Europe/Berlin',
    locale: 'de-AT',
    phone_number: '+49 1',
  }
  const saved = await visitor.send('/account', good)
  expect(saved.headers.get('location')).toBe('/account?notice=saved')
  expect(await alice(server)).toMatchObject({ displayName: 'Alice A.' })
  const { name: _, ...rest } = good
  expect((await alice(server)).claims).toEqual({ department: 'Sales', ...rest })
  const bad = {
    website: 'javascript:alert(1)',
    picture: 'data:,',
    birthdate: '31.12.',
    zoneinfo: 'Mars/Base',
    locale: '<b>',
    phone_number: 'call me',
  }
  const refused = await visitor.send('/account', bad)
  expect(refused.status).toBe(400)
  expect((await refused.text()).match(/aria-invalid/g)).toHaveLength(6)
  expect((await alice(server)).claims).toEqual({ department: 'Sales', ...rest })
})

test('a notice is one that a change made, not what a link says', async () => {
  await using server = await startTestServer()
  const visitor = await visitorOf(server)
  expect(await (await visitor.get('/account?notice=saved')).text()).toContain('Saved.')
  const other = await (await visitor.get('/account?notice=%3Cscript%3E')).text()
  expect(elementsOf(other).some(({ attributes }) => attributes['class']?.includes('notice'))).toBe(false)
})

test('a new password takes the current one, goes on in this browser and ends every other login', async () => {
  await using server = await startTestServer()
  const [visitor, elsewhere] = [await visitorOf(server), await visitorOf(server)]
  const before = visitor.cookie()
  const next = 'another horse battery'
  const change = (fields: Record<string, string>) => visitor.send('/account/password', fields)
  const wrong = await change({ current_password: 'x', password: next, password_again: next })
  expect(await wrong.text()).toContain('The current password is wrong.')
  const differ = await change({ current_password: PASSWORD, password: next, password_again: 'x' })
  expect(await differ.text()).toContain('The two passwords differ.')
  const weak = await change({ current_password: PASSWORD, password: 'short', password_again: 'short' })
  expect(await weak.text()).toContain('This password cannot be used.')
  const changed = await change({ current_password: PASSWORD, password: next, password_again: next })
  expect(changed.headers.get('location')).toBe('/account/password?notice=password_changed')
  expect(visitor.cookie()).not.toBe(before)
  expect((await visitor.get('/account')).status).toBe(200)
  expect((await elsewhere.get('/account')).status).toBe(303)
  await server.instance.core.login.withPassword({ username: 'alice', password: next }, OPERATOR)
})

test('an authenticator app is added and makes the session one of two factors; recovery codes are shown once', async () => {
  await using server = await startTestServer()
  const visitor = await visitorOf(server)
  const begun = await visitor.send('/account/factors/otp')
  const html = await begun.text()
  const id = /name="id" value="([^"]+)"/.exec(html)?.[1] ?? ''
  const secret = /<code>([A-Z2-7 ]{20,})<\/code>/.exec(html)?.[1]?.replaceAll(' ', '') ?? ''
  const app = appOf(`otpauth://totp/x?secret=${secret}`)
  const wrong = await visitor.send('/account/factors/otp', { id, otp: '000000' })
  expect(await wrong.text()).toContain(secret.slice(0, 4))
  const code = codeOf(app, server.clock.now())
  const added = await visitor.send('/account/factors/otp', { id, otp: code, name: 'Phone <1>' })
  expect(added.headers.get('location')).toBe('/account/factors?notice=factor_added')
  const list = await (await visitor.get('/account/factors')).text()
  expect(list).toContain('Phone &lt;1>')
  expect(await server.instance.core.browserSessions.find(visitor.cookie())).toMatchObject({
    session: { acr: '2', amr: ['pwd', 'otp', 'mfa'] },
  })
  const codes = await (await visitor.send('/account/factors/recovery-codes')).text()
  expect(codes.match(/<li><code>/g)).toHaveLength(10)
  const forms = await formsIn(await visitor.get('/account/factors'))
  const remove = forms.find(({ action }) => action === '/account/factors/remove')
  expect(
    (await visitor.send('/account/factors/remove', { id: remove?.['id'] ?? '' })).headers.get('location'),
  ).toContain('factor_removed')
  expect(await server.instance.core.factors.list(await alice(server))).toEqual([])
})

test('row 24: changing factors takes a fresh login, and one with the second factor where there is one', async () => {
  await using server = await startTestServer()
  const stale = await visitorOf(server, 'alice', { age: 11 * 60_000 })
  const again = '/auth/login-page?next=%2Faccount%2Ffactors&prompt=login'
  for (const path of ['otp', 'passkey', 'passkey/options', 'email', 'recovery-codes', 'remove'])
    expect((await stale.send(`/account/factors/${path}`, { id: 'x' })).headers.get('location')).toBe(again)
  const { factors } = server.instance.core
  const user = await alice(server)
  const { id, uri } = await factors.enrolTotp(user)
  await factors.confirmTotp(user, { id, code: codeOf(appOf(uri), server.clock.now()) }, OPERATOR)
  const single = await visitorOf(server)
  expect((await single.send('/account/factors/remove', { id })).headers.get('location')).toBe(again)
  expect(await factors.list(user)).toHaveLength(1)
  const both = await visitorOf(server, 'alice', { amr: ['pwd', 'otp', 'mfa'] })
  expect((await both.send('/account/factors/remove', { id })).status).toBe(303)
  expect(await factors.list(user)).toEqual([])
})

test('codes by mail are added with the code that was sent', async () => {
  await using smtp = await startMailServer()
  const mail = { host: '127.0.0.1', port: smtp.port, tls: 'off', username: 'mailer', password: { env: 'MAIL' } }
  await using server = await startTestServer({ config: { mail }, env: { MAIL: 'post' } })
  const visitor = await visitorOf(server)
  const page = await (await visitor.send('/account/factors/email')).text()
  const handle = /name="handle" value="([^"]+)"/.exec(page)?.[1] ?? ''
  expect(await until(() => smtp.mails.length === 1)).toBe(true)
  const otp = /^ {4}(\d{6})\r$/m.exec(smtp.mails[0] ?? '')?.[1] ?? ''
  const fields = { handle, to: 'a***@corp.example' }
  expect(await (await visitor.send('/account/factors/email', { ...fields, otp: '1' })).text()).toContain(
    'This code is wrong',
  )
  expect((await visitor.send('/account/factors/email', { ...fields, otp })).headers.get('location')).toContain(
    'factor_added',
  )
})

test('an application is listed with all that it was given, and taking it back ends grant and consent', async () => {
  await using server = await startTestServer()
  const visitor = await visitorOf(server)
  const { core } = server.instance
  await core.clients.create({ id: 'desk', name: 'Order <Desk>', redirectUris: ['https://desk.example/cb'] }, OPERATOR)
  const { id: userId } = await alice(server)
  const now = core.world.now()
  const grant = {
    id: 'g_1',
    clientId: 'desk',
    userId,
    sid: null,
    scopes: ['openid', 'email'],
    resources: [],
    broker: 'main',
    vhost: 'prod',
    authorizationDetails: [],
    claims: null,
    authTime: now,
    acr: '1',
    amr: ['pwd'],
    dpopJkt: null,
    createdAt: now,
    expiresAt: now + 60_000,
  }
  const consent = {
    userId,
    clientId: 'desk',
    scopes: ['openid', 'phone'],
    targets: ['{"resource":"https://api.example"}'],
    grantedAt: now,
  }
  await core.storage.commit([insert(grants, grant), insert(consents, consent)])
  const page = await (await visitor.get('/account/applications')).text()
  for (const text of [
    'Order &lt;Desk>',
    'see your e-mail address',
    'see your telephone number',
    'Virtual host prod on main',
  ])
    expect(page).toContain(text)
  const bob = await visitorOf(server, 'bob')
  await bob.send('/account/applications/revoke', { client_id: 'desk' })
  expect(await core.storage.get(grants, { id: 'g_1' })).toBeDefined()
  const revoked = await visitor.send('/account/applications/revoke', { client_id: 'desk' })
  expect(revoked.headers.get('location')).toBe('/account/applications?notice=consent_revoked')
  expect(await core.storage.get(grants, { id: 'g_1' })).toBeUndefined()
  expect(await core.storage.get(consents, { userId, clientId: 'desk' })).toBeUndefined()
})

test('sessions are listed and ended, one or all, tokens too', async () => {
  await using server = await startTestServer()
  const [here, there] = [await visitorOf(server), await visitorOf(server)]
  const page = await here.get('/account/sessions')
  const html = await page.clone().text()
  expect(html.match(/This browser/g)).toHaveLength(1)
  const ends = (await formsIn(page)).filter(({ action }) => action === '/account/sessions/end')
  const { session } = (await server.instance.core.browserSessions.find(there.cookie())) ?? {}
  expect(ends.map(({ sid }) => sid)).toContain(session?.sid)
  await here.send('/account/sessions/end', { sid: session?.sid ?? '' })
  expect((await there.get('/account')).status).toBe(303)
  const third = await visitorOf(server)
  const all = await here.send('/account/sessions/end-all')
  expect(await all.text()).toContain('You are logged out')
  expect(all.headers.get('set-cookie')).toContain('Max-Age=0')
  for (const visitor of [here, third]) expect((await visitor.get('/account')).status).toBe(303)
})

test('over https the cookie belongs to this host alone', async () => {
  await using server = await startTestServer({ tls: true })
  const visitor = await visitorOf(server)
  const next = 'another horse battery'
  const answer = await visitor.send('/account/password', {
    current_password: PASSWORD,
    password: next,
    password_again: next,
  })
  expect(answer.headers.get('set-cookie')).toMatch(
    /^__Host-leveret=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure; Max-Age=2592000$/,
  )
})
