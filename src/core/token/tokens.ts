/** The token side of OAuth 2, composed: one list of grants, and what looks at tokens afterwards. */
import type { Storage } from '#plugin'
import type { Audit } from '../audit/audit.ts'
import type { ClientAuthentication } from '../clients/authentication.ts'
import type { Clients } from '../clients/clients.ts'
import type { Factors } from '../factors/factors.ts'
import type { MfaTokens } from '../factors/mfa-tokens.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import type { Sealer } from '../keys/sealing.ts'
import type { Login } from '../login/login.ts'
import type { Outbound } from '../outbound.ts'
import type { Brokers, Rules } from '../rabbitmq/rules.ts'
import type { Settings } from '../settings.ts'
import type { Users } from '../users/users.ts'
import type { World } from '../world.ts'
import { createAccessTokenHolders } from './access-token-holder.ts'
import { createDpop, type Dpop } from './dpop.ts'
import { createTokenEndpoint, type TokenEndpoint } from './endpoint.ts'
import { authorizationCodeGrant } from './grants/authorization-code.ts'
import { clientCredentialsGrant } from './grants/client-credentials.ts'
import { type DeviceCodes, deviceCodeGrant } from './grants/device-code.ts'
import { jwtBearerGrant } from './grants/jwt-bearer.ts'
import { passwordGrants } from './grants/password.ts'
import { refreshTokenGrant } from './grants/refresh-token.ts'
import { tokenExchangeGrant } from './grants/token-exchange.ts'
import { createIntrospections, type Introspections } from './introspection.ts'
import { createIssuer } from './issuer.ts'
import { createRevocations, type Revocations } from './revocation.ts'
import { createTargets, type Targets } from './target.ts'
import { createUserinfo, type UserinfoEndpoint } from './userinfo.ts'

export interface Tokens extends TokenEndpoint, Introspections, Revocations, UserinfoEndpoint {
  readonly dpop: Dpop
  readonly targets: Targets
}

export interface TokensDeps {
  readonly storage: Storage
  readonly world: World
  readonly settings: () => Settings
  readonly audit: Audit
  readonly keys: KeyRing
  readonly sealer: Sealer
  readonly users: Users
  readonly login: Login
  readonly brokers: Brokers
  readonly rules: Rules
  readonly clients: Clients
  readonly clientAuthentication: ClientAuthentication
  readonly factors: Factors
  readonly mfaTokens: MfaTokens
  readonly outbound: Outbound
  /** Absent as long as nothing gives out device codes. */
  readonly devices?: DeviceCodes
}

export function createTokens(given: TokensDeps): Tokens {
  const targets = createTargets(given)
  const issuer = createIssuer(given)
  const holders = createAccessTokenHolders(given)
  const dpop = createDpop(given)
  const deps = { ...given, targets, issuer, holders, dpop }
  const grants = [
    authorizationCodeGrant(deps),
    refreshTokenGrant(deps),
    clientCredentialsGrant(deps),
    ...(given.devices ? [deviceCodeGrant({ ...deps, devices: given.devices })] : []),
    ...passwordGrants(deps),
    tokenExchangeGrant(deps),
    jwtBearerGrant(deps),
  ]
  return {
    ...createTokenEndpoint({ ...deps, grants }),
    ...createIntrospections(deps),
    ...createRevocations(deps),
    ...createUserinfo(deps),
    dpop,
    targets,
  }
}
