/** Who of an upstream may log in, as whom, and what of it is believed. */
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import type { LoginSource, Verdict } from '#plugin'
import { config as schema } from '../../plugins/login/oidc/config.ts'
import oidc from '../../plugins/login/oidc/index.ts'
import { loginContext } from '../harness/login-context.ts'
import { startUpstream, type Upstream } from '../harness/upstream.ts'

const CALLBACK = 'https://login.example/auth/oauth/callback'
let upstream: Upstream
beforeAll(async () => {
  upstream = await startUpstream(CALLBACK)
})
afterAll(() => upstream[Symbol.asyncDispose]())

const open = (changes: Readonly<Record<string, unknown>> = {}) => {
  const given = {
    issuer: upstream.issuer,
    allowHttp: true,
    clientId: 'leveret',
    clientSecret: 'upstream-secret',
    ...changes,
  }
  return oidc.open(Value.Decode(schema, Value.Default(schema, given)), loginContext())
}

type Visit = (url: string, username: string) => Promise<string>
const throughUpstream: Visit = (url, username) => upstream.visit(url, username)

async function login(source: LoginSource, username: string, visit = throughUpstream): Promise<Verdict> {
  if (!source.redirect) throw new Error('Expected a source that redirects')
  const begun = await source.redirect.begin({ callbackUrl: CALLBACK, state: 'state-1' })
  const url = await visit(begun.url, username)
  return source.redirect.complete({
    url,
    callbackUrl: CALLBACK,
    state: begun.state,
    signal: new AbortController().signal,
  })
}
const whyOf = (verdict: Verdict) => (verdict.ok ? 'ok' : verdict.why)

test('claims become an identity, the prefix chooses groups, and what the upstream did not check is not verified', async () => {
  const verdict = await login(await open({ groupsPrefix: 'x-' }), 'anna')
  expect(verdict).toMatchObject({
    ok: true,
    identity: {
      externalId: 'anna',
      username: 'anna',
      displayName: 'Anna A',
      email: 'anna@example.org',
      emailVerified: true,
      groups: ['billing', 'dev'],
      amr: [],
    },
  })
  const otto = await login(await open(), 'otto')
  expect(otto).toMatchObject({ ok: true, identity: { email: 'otto@elsewhere.example', emailVerified: false } })
})

test('groups and domains bar people, and an unverified address is in no domain', async () => {
  expect(whyOf(await login(await open({ requiredGroups: ['x-dev'] }), 'anna'))).toBe('ok')
  expect(whyOf(await login(await open({ requiredGroups: ['x-dev'] }), 'otto'))).toBe('not-allowed')
  expect(whyOf(await login(await open({ allowedDomains: ['EXAMPLE.org'] }), 'anna'))).toBe('ok')
  expect(whyOf(await login(await open({ allowedDomains: ['elsewhere.example'] }), 'otto'))).toBe('not-allowed')
  expect(
    whyOf(await login(await open({ preset: 'entra', allowedDomains: ['example.org'], claims: { id: 'sub' } }), 'anna')),
  ).toBe('not-allowed')
})

test('row 45: an answer of another issuer, another nonce or another browser is refused', async () => {
  const source = await open()
  const complete = async (change: (url: URL, state: Record<string, unknown>) => void) => {
    const begun = await source.redirect?.begin({ callbackUrl: CALLBACK, state: 'state-1' })
    if (!begun || !source.redirect) throw new Error('Expected a source that redirects')
    const [url, state] = [new URL(await upstream.visit(begun.url, 'anna')), { ...begun.state }]
    change(url, state)
    const signal = new AbortController().signal
    return whyOf(await source.redirect.complete({ url: url.href, callbackUrl: CALLBACK, state, signal }))
  }
  expect(await complete(() => undefined)).toBe('ok')
  expect(await complete((url) => url.searchParams.set('iss', 'https://evil.example'))).toBe('credentials')
  expect(await complete((url) => url.searchParams.set('state', 'other'))).toBe('credentials')
  expect(await complete((_, state) => Object.assign(state, { nonce: 'other' }))).toBe('credentials')
  expect(await complete((_, state) => Object.assign(state, { codeVerifier: 'a'.repeat(43) }))).toBe('credentials')
  expect(await complete((_, state) => Object.assign(state, { state: 1 }))).toBe('credentials')
})

test("a wrong secret of ours is nobody's bad password, and neither is an upstream that is away", async () => {
  expect(whyOf(await login(await open({ clientSecret: 'wrong' }), 'anna'))).toBe('unavailable')
  await using other = await startUpstream(CALLBACK)
  const source = await open({ issuer: other.issuer })
  const begun = await source.redirect?.begin({ callbackUrl: CALLBACK, state: 's' })
  const url = await other.visit(begun?.url ?? '', 'anna')
  await other.kill()
  const callback = { url, callbackUrl: CALLBACK, state: begun?.state ?? {}, signal: new AbortController().signal }
  expect(whyOf((await source.redirect?.complete(callback)) ?? { ok: false, why: 'locked' })).toBe('unavailable')
  expect(await source.health?.()).toMatchObject({ ok: false })
})

test('the logout goes on at the upstream, with its own ID token as the hint', async () => {
  const source = await open()
  const verdict = await login(source, 'anna')
  const session = verdict.ok ? (verdict.identity.session ?? {}) : {}
  const url = await source.redirect?.end?.({ session, returnUrl: 'https://login.example/auth/logout', state: 'out' })
  const { origin, searchParams } = new URL(url ?? '')
  expect(origin).toBe(upstream.issuer)
  expect(searchParams.get('id_token_hint')).toMatch(/^ey/)
  expect(searchParams.get('post_logout_redirect_uri')).toBe('https://login.example/auth/logout')
})

test.each([
  [{ issuer: undefined }, 'issuer is required'],
  [{ issuer: undefined, preset: 'entra' }, 'tenant is required'],
  [{ issuer: 'http://sso.example', allowHttp: false }, 'https'],
  [{ endpoints: { token: 'https://x.example' } }, 'endpoints must name'],
  [{ caFile: '/does/not/exist' }, 'caFile cannot be read'],
])('the configuration %p is refused with "%s"', async (changes, words) => {
  const thrown = await open(changes).then(
    () => 'opened',
    (error: unknown) => String(error),
  )
  expect(thrown).toContain(words)
})

/** GitHub cannot be run here: a small server that answers as its documentation says. */
test('GitHub: the number is the identity, teams are groups, and the address is the primary verified one', async () => {
  using github = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    routes: {
      '/login/oauth/access_token': async (request) => {
        const form = new URLSearchParams(await request.text())
        expect(form.get('code_verifier')).toMatch(/^[\w-]{43}$/)
        return Response.json({ access_token: 'gho_1', token_type: 'bearer', scope: 'read:user' })
      },
      '/user': Response.json({ id: 583231, login: 'octocat', name: 'The Octocat', email: 'public@example.org' }),
      '/user/emails': Response.json([
        { email: 'old@example.org', primary: false, verified: true },
        { email: 'octocat@example.org', primary: true, verified: true },
      ]),
      '/user/teams': Response.json([{ slug: 'core', organization: { login: 'acme' } }]),
    },
    fetch: () => new Response(null, { status: 404 }),
  })
  const at = `http://127.0.0.1:${github.port}`
  const endpoints = {
    authorization: `${at}/login/oauth/authorize`,
    token: `${at}/login/oauth/access_token`,
    userinfo: `${at}/user`,
    emails: `${at}/user/emails`,
    teams: `${at}/user/teams`,
  }
  const source = await open({ preset: 'github', issuer: undefined, endpoints })
  const verdict = await login(source, 'octocat', async (url) => {
    const { searchParams } = new URL(url)
    expect(searchParams.get('scope')).toBe('read:user user:email read:org')
    expect(searchParams.get('code_challenge_method')).toBe('S256')
    return `${CALLBACK}?code=c&state=${searchParams.get('state')}`
  })
  expect(verdict).toMatchObject({
    ok: true,
    identity: {
      externalId: '583231',
      username: 'octocat',
      email: 'octocat@example.org',
      emailVerified: true,
      groups: ['acme/core'],
    },
  })
})
