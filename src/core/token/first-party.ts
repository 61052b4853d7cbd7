/** The client of whoever logs in without one: first-party use of the password grant, where the configuration allows it. */
import { CLIENT_DEFAULTS } from '../clients/client-input.ts'
import type { Client } from '../clients/records.ts'

const GRANTS = [
  'password',
  'refresh_token',
  'http://auth0.com/oauth/grant-type/mfa-otp',
  'http://auth0.com/oauth/grant-type/mfa-oob',
  'http://auth0.com/oauth/grant-type/mfa-recovery-code',
]

export const FIRST_PARTY: Client = {
  ...CLIENT_DEFAULTS,
  id: 'first-party:password',
  name: 'First-party login',
  managedBy: 'config',
  confidential: false,
  authMethod: 'none',
  grants: GRANTS,
  secrets: [],
  registrationDigest: null,
  unusedSince: null,
  createdAt: 0,
  updatedAt: 0,
}
