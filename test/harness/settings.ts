/** Settings of the domain for tests that do not start a whole server. */
import type { Settings } from '../../src/core/settings.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

export const SETTINGS: Settings = {
  issuer: 'https://login.example',
  session: {
    identityTokenTtl: DAY,
    accessTokenTtl: 300_000,
    bindIp: 'exact',
    maxIdentityTokens: 1,
    defaultVhost: 'prod',
  },
  oauth: {
    accessTokenTtl: 300_000,
    idTokenTtl: HOUR,
    codeTtl: 60_000,
    pushedRequestTtl: 90_000,
    deviceCodeTtl: 600_000,
    refreshIdleTtl: 30 * DAY,
    refreshAbsoluteTtl: 180 * DAY,
    firstPartyPassword: false,
    registration: 'off',
    unusedClientTtl: 30 * DAY,
    dpopNonce: false,
    corsOrigins: [],
    resources: [],
    trustedIssuers: [],
  },
  browser: { idleTtl: 12 * HOUR, absoluteTtl: 30 * DAY },
  factors: { demandGroups: [], rpId: 'login.example', passwordless: true },
  passwords: { minLength: 12, maxLength: 256 },
  patterns: {
    username: '[a-zA-Z0-9][a-zA-Z0-9._@-]{0,63}',
    email: '[^\\s@]{1,64}@[^\\s@]{1,120}',
    group: '[a-zA-Z0-9_-]{1,50}',
    password: '.*',
  },
  groups: { admin: 'admin' },
  throttle: { freeAttempts: 5, firstDelay: 1_000, maxDelay: 300_000, forgetAfter: DAY, networkAttempts: 200 },
  keys: { rotateEvery: 1, publishAhead: 1, keepFor: 1 },
  audit: { keepFor: 90 * DAY, tokens: 'store' },
}
