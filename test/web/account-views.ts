/** One view of every page of the account. */
import type { View } from '../../src/web/view.ts'
import type { Words } from './views.ts'

export function accountViewsWith({ name, username, scope, pattern }: Words): readonly View[] {
  const form = { action: '/account/somewhere', csrf: 'csrf-token', fields: { id: name } }
  const urls = {
    profile: '/account',
    password: '/account/password',
    factors: '/account/factors',
    applications: '/account/applications',
    sessions: '/account/sessions',
    brokers: '/account/brokers',
  }
  const nav = { account: { username, displayName: name }, urls, logout: form }
  const shared = { version: 1, nav, notice: { kind: 'success', code: 'saved' } } as const
  const backUrl = urls.factors
  const vhosts = [{ vhost: name, configure: [pattern], write: ['*'], read: [], tags: [pattern] }]
  return [
    {
      ...shared,
      page: 'account-profile',
      form,
      email: name,
      values: { name, website: scope },
      fixed: ['name'],
      faulty: ['locale'],
    },
    { ...shared, page: 'account-password', form, minLength: 12 },
    {
      ...shared,
      page: 'account-factors',
      demanded: true,
      factors: [
        { method: 'passkey', name, createdAt: 0, remove: form },
        { method: 'otp', name: '', createdAt: 0, lastUsedAt: 1_000, remove: form },
        { method: 'email', name: username, createdAt: 0, remove: form },
      ],
      recovery: { left: 3, renew: form },
      add: { otp: form, passkey: form, email: form },
    },
    {
      ...shared,
      page: 'enrol-otp',
      form,
      uri: `otpauth://totp/${encodeURIComponent(name).slice(0, 60)}?secret=ABCDEFGH`,
      secret: 'ABCDEFGHABCDEFGH',
      backUrl,
    },
    { ...shared, page: 'enrol-passkey', form, passkey: { optionsUrl: '/account/factors/passkey/options' }, backUrl },
    { ...shared, page: 'enrol-email', form, to: name, backUrl },
    {
      version: 1,
      page: 'recovery-codes',
      nav,
      codes: ['aaaa-bbbb-cccc-dddd', 'eeee-ffff-gggg-hhhh'],
      doneUrl: backUrl,
    },
    {
      ...shared,
      page: 'account-applications',
      applications: [
        {
          client: { name, logo: 'https://client.example/logo.png' },
          scopes: ['openid', scope],
          vhosts,
          grantedAt: 0,
          revoke: form,
        },
      ],
    },
    { ...shared, page: 'account-brokers', places: [{ broker: name, vhost: scope, tags: [pattern], open: form }] },
    {
      version: 1,
      page: 'management-login',
      broker: name,
      vhost: scope,
      action: 'https://rabbit.example/login',
      fields: { access_token: pattern },
    },
    {
      ...shared,
      page: 'account-sessions',
      sessions: [
        {
          current: true,
          ip: name,
          userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
          createdAt: 0,
          lastSeenAt: 0,
          end: form,
        },
        { current: false, userAgent: name, createdAt: 0, lastSeenAt: 0, end: form },
      ],
      endAll: form,
    },
  ]
}
