/** `oidc-provider` as an upstream, in a process of its own: `upstream-provider.ts PORT CALLBACK`. Says "ready" when it listens. */
import Provider from 'oidc-provider'

const [port = '0', callback = ''] = process.argv.slice(2)
const people: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  anna: {
    preferred_username: 'anna',
    name: 'Anna A',
    email: 'anna@example.org',
    email_verified: true,
    groups: ['x-billing', 'x-dev', 'other'],
  },
  otto: { preferred_username: 'otto', email: 'otto@elsewhere.example', email_verified: false, groups: [] },
}

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: 'leveret',
      client_secret: 'upstream-secret',
      redirect_uris: [callback],
      post_logout_redirect_uris: ['https://login.example/auth/logout'],
      grant_types: ['authorization_code'],
      response_types: ['code'],
    },
  ],
  claims: { openid: ['sub'], profile: ['preferred_username', 'name', 'groups'], email: ['email', 'email_verified'] },
  pkce: { required: () => true },
  cookies: { keys: ['for-tests-only'] },
  findAccount: (_, id) => (people[id] ? { accountId: id, claims: () => ({ sub: id, ...people[id] }) } : undefined),
})
provider.listen(Number(port), '127.0.0.1', () => console.log('ready'))
