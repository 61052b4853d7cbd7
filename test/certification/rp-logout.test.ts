/** RP-Initiated Logout OP: `oidcc-rp-initiated-logout-certification-test-plan`. */
import { expect, test } from 'bun:test'
import { generateKeyPair, SignJWT, UnsecuredJWT } from 'jose'
import type { Landing } from '../harness/html-browser.ts'
import { bodyOf, OPERATOR, startTestServer } from '../harness/server.ts'
import { type Query, queryOf } from '../oauth-front/desk.ts'
import { fieldsOf, type Issued, openPlan, type Plan } from './basic-client.ts'

const GOODBYE = 'https://app.example/post_logout_redirect'
/** The suite takes long ones, to see whether they are kept whole. */
const STATE = 'A1~_-.'.repeat(22).slice(0, 128)

/** A login, a logout as `query` says over what a right one has, and where the browser is then. */
async function logOut(query: Query = {}, change: (issued: Issued) => Query | Promise<Query> = () => ({})) {
  await using stack = new AsyncDisposableStack()
  const plan = stack.use(await openPlan())
  await plan.desk.server.instance.core.clients.update(
    plan.desk.client.id,
    { postLogoutRedirectUris: [GOODBYE] },
    OPERATOR,
  )
  const issued = await plan.tokens()
  const right = { id_token_hint: String(issued.body['id_token']), post_logout_redirect_uri: GOODBYE, state: STATE }
  const asked = queryOf({ ...right, ...query, ...(await change(issued)) })
  const page = await plan.browser.open(`/auth/oauth/end_session?${asked}`)
  const disposal = stack.move()
  return { plan, issued, page, [Symbol.asyncDispose]: () => disposal.disposeAsync() }
}

/** The suite looks whether somebody is still there. */
async function errorOfNext(plan: Plan): Promise<string | undefined> {
  const { fields } = await plan.authorize({ prompt: 'none' })
  expect(fields['iss']).toBe(plan.desk.server.issuer)
  return fields['error']
}

/** Asked, the person says yes, and is told that it is done. */
async function confirmed(plan: Plan, page: Landing): Promise<void> {
  expect([page.status, page.away]).toEqual([200, undefined])
  const done = await plan.browser.submit(page, { action: 'logout' })
  expect([done.status, done.away]).toEqual([200, undefined])
  expect(done.html).toContain('logged out')
  expect(await errorOfNext(plan)).toBe('login_required')
}

test('oidcc-rp-initiated-logout-discovery-endpoint-verification', async () => {
  await using server = await startTestServer({ tls: true })
  const metadata = await bodyOf(await server.fetch('/.well-known/openid-configuration'))
  expect(metadata['end_session_endpoint']).toBe(`${server.issuer}/auth/oauth/end_session`)
  expect(server.issuer).toStartWith('https://')
})

test('oidcc-rp-initiated-logout', async () => {
  await using module = await logOut()
  const { away } = module.page
  expect(`${away?.origin}${away?.pathname}`).toBe(GOODBYE)
  expect([...(away?.searchParams ?? [])]).toEqual([['state', STATE]])
  expect(await errorOfNext(module.plan)).toBe('login_required')
})

test('oidcc-rp-initiated-logout-no-state', async () => {
  await using module = await logOut({ state: undefined })
  expect(module.page.away?.href).toBe(GOODBYE)
  expect(await errorOfNext(module.plan)).toBe('login_required')
})

for (const [name, query] of [
  ['bad-post-logout-redirect-uri', { post_logout_redirect_uri: `${GOODBYE}/of-nobody` }],
  ['query-added-to-post-logout-redirect-uri', { post_logout_redirect_uri: `${GOODBYE}?foo=bar` }],
  ['no-id-token-hint', { id_token_hint: undefined }],
] as const)
  test(`oidcc-rp-initiated-logout-${name}`, async () => {
    await using module = await logOut(query)
    expect([module.page.status, module.page.away]).toEqual([400, undefined])
    expect(module.page.html).toContain('id_token_hint' in query ? 'id_token_hint' : 'post_logout_redirect_uri')
  })

for (const [name, hintOf] of [
  ['modified-id-token-hint', ({ claims }: Issued) => new UnsecuredJWT(claims).encode()],
  [
    'bad-id-token-hint',
    async ({ claims, body }: Issued) => {
      const { privateKey } = await generateKeyPair('RS256')
      const [header = ''] = String(body['id_token']).split('.')
      const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string }
      return await new SignJWT(claims).setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid }).sign(privateKey)
    },
  ],
] as const)
  test(`oidcc-rp-initiated-logout-${name}`, async () => {
    await using module = await logOut({}, async (issued) => ({ id_token_hint: await hintOf(issued) }))
    expect([module.page.status, module.page.away]).toEqual([400, undefined])
    expect(module.page.html).toContain('id_token_hint')
  })

test('oidcc-rp-initiated-logout-no-post-logout-redirect-uri', async () => {
  await using module = await logOut({ post_logout_redirect_uri: undefined })
  expect([module.page.status, module.page.away]).toEqual([200, undefined])
  expect(module.page.html).toContain('logged out')
  expect(await errorOfNext(module.plan)).toBe('login_required')
})

test('oidcc-rp-initiated-logout-no-params', async () => {
  await using module = await logOut({ id_token_hint: undefined, post_logout_redirect_uri: undefined, state: undefined })
  await confirmed(module.plan, module.page)
})

test('oidcc-rp-initiated-logout-only-state', async () => {
  await using module = await logOut({ id_token_hint: undefined, post_logout_redirect_uri: undefined })
  await confirmed(module.plan, module.page)
})

test('whoever is sent away keeps what was asked for: nothing was ended by a request that was refused', async () => {
  await using module = await logOut({ id_token_hint: undefined })
  expect(fieldsOf((await module.plan.authorize({ prompt: 'none' })).landing)['code']).toBeDefined()
})
