/** Every collection that core declares: what a storage is asked to migrate. */
import type { AnyCollection } from '#plugin'
import { auditEvents } from './audit/audit.ts'
import { begunByStrangers } from './authorization/beginnings.ts'
import { consents, interactions, pushedRequests, sessionClients } from './authorization/records.ts'
import { browserSessions } from './browser/records.ts'
import { clients, registrationTokens } from './clients/records.ts'
import { deviceCodes } from './device/records.ts'
import {
  factorDemands,
  mailCodes,
  mailFactors,
  mailsSent,
  mfaTokens,
  passkeyChallenges,
  passkeys,
  recoveryCodes,
  totpFactors,
} from './factors/records.ts'
import { signingKeys } from './keys/records.ts'
import { resyncRuns } from './login/resync.ts'
import { networkFailures } from './login/network-ceiling.ts'
import { loginFailures } from './login/name-failures.ts'
import { endedLogins, logoutNotices } from './logout/records.ts'
import { outgoingMails } from './mail/records.ts'
import { brokers, rules } from './rabbitmq/records.ts'
import { identityTokens } from './session/records.ts'
import { codes, grants, opaqueTokens, refreshTokens, revokedTokens, shownOnce } from './token/records.ts'
import { claimedNames } from './users/claimed-names.ts'
import { credentials, groups, memberships, users } from './users/records.ts'

export const collections: readonly AnyCollection[] = [
  users,
  groups,
  memberships,
  credentials,
  claimedNames,
  identityTokens,
  signingKeys,
  loginFailures,
  networkFailures,
  resyncRuns,
  brokers,
  rules,
  clients,
  registrationTokens,
  browserSessions,
  sessionClients,
  begunByStrangers,
  logoutNotices,
  endedLogins,
  deviceCodes,
  pushedRequests,
  interactions,
  consents,
  grants,
  codes,
  refreshTokens,
  opaqueTokens,
  revokedTokens,
  shownOnce,
  totpFactors,
  mailFactors,
  mailCodes,
  mailsSent,
  recoveryCodes,
  passkeys,
  passkeyChallenges,
  factorDemands,
  mfaTokens,
  outgoingMails,
  auditEvents,
]
