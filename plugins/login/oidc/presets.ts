/** What is special about well-known upstreams. */
import type { Config } from './config.ts'
import type { ClaimPaths } from './options.ts'

export interface Preset {
  readonly issuer?: string
  readonly issuerOf?: (tenant: string) => string
  readonly scopes?: readonly string[]
  readonly claims?: Partial<ClaimPaths>
  readonly endpoints?: Config['endpoints']
  readonly believesMail?: boolean
}

export const PRESETS: Readonly<Record<string, Preset>> = {
  /** Plain OAuth 2. The numeric id stays when somebody changes the login name; a verified address comes from a list. */
  github: {
    issuer: 'https://github.com',
    scopes: ['read:user', 'user:email', 'read:org'],
    claims: { id: 'id', username: 'login' },
    endpoints: {
      authorization: 'https://github.com/login/oauth/authorize',
      token: 'https://github.com/login/oauth/access_token',
      userinfo: 'https://api.github.com/user',
      emails: 'https://api.github.com/user/emails',
      teams: 'https://api.github.com/user/teams',
    },
  },
  google: { issuer: 'https://accounts.google.com', claims: { username: 'email' } },
  /**
   * `oid` is the same for every application of the directory. Administrators of any directory may write any mail address
   * into it, so none is believed.
   */
  entra: {
    issuerOf: (tenant) => `https://login.microsoftonline.com/${encodeURIComponent(tenant)}/v2.0`,
    claims: { id: 'oid' },
    believesMail: false,
  },
  gitlab: { issuer: 'https://gitlab.com', claims: { groups: 'groups_direct' } },
  /** The issuer names the realm: https://sso.example/realms/staff. Groups need a mapper; roles are there without one. */
  keycloak: {},
}
