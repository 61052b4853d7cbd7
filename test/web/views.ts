/** One view of every page, with the words that a stranger may have a say in. */
import type { View } from '../../src/web/view.ts'
import { accountViewsWith } from './account-views.ts'

export interface Words {
  readonly name: string
  readonly username: string
  readonly scope: string
  readonly pattern: string
}

export const FRIENDLY: Words = {
  name: 'Order Desk',
  username: 'alice',
  scope: 'orders:read',
  pattern: 'billing.*',
}

export function viewsWith(words: Words): readonly View[] {
  return [...loginViewsWith(words), ...accountViewsWith(words)]
}

function loginViewsWith({ name, username, scope, pattern }: Words): readonly View[] {
  const form = { action: '/auth/somewhere', csrf: 'csrf-token', fields: { state: name } }
  const client = { name, logo: 'https://client.example/logo.png', policyUri: 'https://client.example/privacy' }
  const account = { username, displayName: name }
  const scopes = ['openid', 'profile', 'offline_access', scope]
  const vhosts = [
    { vhost: name, broker: name, configure: [], write: [pattern], read: ['*'], tags: ['management', pattern] },
  ]
  const asked = { client, account, scopes, vhosts, form, otherAccountUrl: '/auth/login?again' }
  const leadsTo = 'https://client.example/callback'
  const passkey = { optionsUrl: '/auth/passkey' }
  return [
    {
      version: 1,
      page: 'login',
      form,
      client,
      username,
      password: true,
      passkey,
      sources: [{ label: name, url: '/auth/login?source=corp' }],
      cancellable: true,
      notice: { kind: 'error', code: 'invalid_credentials' },
      leadsTo,
    },
    {
      version: 1,
      page: 'second-factor',
      form,
      method: 'email',
      mail: { to: username, sent: true },
      others: [
        { method: 'otp', url: '/auth/login/factor?method=otp' },
        { method: 'recovery_code', url: '/auth/login/factor?method=recovery_code' },
      ],
      leadsTo,
    },
    { version: 1, page: 'second-factor', form, method: 'passkey', passkey, others: [], leadsTo },
    { version: 1, page: 'consent', ...asked, leadsTo },
    {
      version: 1,
      page: 'device',
      form,
      userCode: name,
      completeUri: `https://login.example/auth/device?user_code=BCDF-GHJK#${name}`,
      notice: { kind: 'error', code: 'invalid_user_code' },
    },
    {
      version: 1,
      page: 'device-confirm',
      ...asked,
      userCode: 'BCDF-GHJK',
      requestedAt: 0,
      now: 180_000,
      requestedFrom: username,
    },
    { version: 1, page: 'device-done', allowed: true, client },
    { version: 1, page: 'logout', form, account, client, leadsTo },
    { version: 1, page: 'logged-out', client, returnUrl: 'https://client.example/' },
    { version: 1, page: 'refusal', status: 400, code: name, detail: name, requestId: name, backUrl: '/account' },
    {
      version: 1,
      page: 'form-post',
      action: 'https://client.example/callback',
      fields: { code: scope, state: name, iss: 'https://login.example' },
    },
  ]
}

/** What a view shows, for the name of its test. */
export function titleOf(view: View): string {
  return view.page === 'second-factor' ? `${view.page} by ${view.method}` : view.page
}
