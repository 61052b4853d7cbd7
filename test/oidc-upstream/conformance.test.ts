/** The login kit on an upstream that is somebody else's: `oidc-provider`. */
import oidc from '../../plugins/login/oidc/index.ts'
import { loginConformance } from '../conformance/login-source.ts'
import { startUpstream } from '../harness/upstream.ts'
import { afterAll } from 'bun:test'

const CALLBACK = 'https://login.example/auth/oauth/callback'
const upstream = await startUpstream(CALLBACK)
afterAll(() => upstream[Symbol.asyncDispose]())

const config = {
  issuer: upstream.issuer,
  allowHttp: true,
  clientId: 'leveret',
  clientSecret: 'upstream-secret',
  clientAuthentication: 'basic' as const,
  claims: {},
  endpoints: {},
  userinfo: true,
  groupsPrefix: 'x-',
  timeout: 2_000,
}

loginConformance('oidc', {
  open: (context) => oidc.open(config, context),
  accounts: { right: { username: 'anna', password: '', externalId: 'anna', groups: ['billing', 'dev'] } },
  offers: ['health'],
  redirect: { visit: (url) => upstream.visit(url, 'anna') },
  faults: { 'no answer': async () => upstream.freeze() },
  plugin: { plugin: oidc, config },
  without: {
    password: 'people type their passwords at the upstream',
    refresh: 'the upstream tells at a login only',
  },
})
