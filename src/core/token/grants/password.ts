/** RFC 6749 section 4.3, for older systems: off unless a client, or the configuration, allows it. */
import type { Factors, Proof } from '../../factors/factors.ts'
import type { MfaTokens } from '../../factors/mfa-tokens.ts'
import { newId } from '../../identifier.ts'
import type { Authentication, Login } from '../../login/login.ts'
import { OAuthError } from '../../oauth/oauth-error.ts'
import type { Parameters } from '../../oauth/parameters.ts'
import type { Users } from '../../users/users.ts'
import type { World } from '../../world.ts'
import { FIRST_PARTY } from '../first-party.ts'
import type { Issuer, TokenResponse } from '../issuer.ts'
import type { Target, Targets } from '../target.ts'
import { userAuthorization } from './authorizations.ts'
import type { GrantHandler, GrantRequest } from './grant.ts'

export interface PasswordGrantDeps {
  readonly world: World
  readonly login: Login
  readonly users: Users
  readonly factors: Factors
  readonly mfaTokens: MfaTokens
  readonly issuer: Issuer
  readonly targets: Targets
}
type Proven = Pick<Authentication, 'user' | 'amr' | 'authTime'>

const MFA = 'http://auth0.com/oauth/grant-type/mfa-'

export function passwordGrants(deps: PasswordGrantDeps): readonly GrantHandler[] {
  const { world, login, users, factors, mfaTokens, issuer, targets } = deps

  async function issue({ client, jkt, caller }: GrantRequest, proven: Proven, target: Target): Promise<TokenResponse> {
    const issued = await issuer.issue({
      authorization: userAuthorization(client, proven, target),
      client,
      jkt,
      caller,
      grantId: newId('g', world),
      idToken: { nonce: undefined },
      ...(client.grants.includes('refresh_token') && { refresh: 'new' }),
    })
    if (!issued.ok) throw new OAuthError('invalid_grant', 'The user may no longer log in')
    return issued.response
  }

  /** The second half of the login: the factor that the `mfa_token` waits for. */
  function completedBy(
    kind: 'otp' | 'oob' | 'recovery-code',
    proofIn: (parameters: Parameters) => Proof,
  ): GrantHandler {
    return {
      type: `${MFA}${kind}`,
      async handle(request) {
        const { client, parameters, caller } = request
        const clientId = client === FIRST_PARTY ? null : client.id
        const done = await mfaTokens.redeem(parameters.need('mfa_token'), clientId, proofIn(parameters), caller)
        return await issue(request, done, done.requested as unknown as Target)
      },
    }
  }

  return [
    {
      type: 'password',
      async handle(request) {
        const { client, parameters, caller } = request
        const target = await targets.read(parameters, client)
        const credentials = { username: parameters.need('username'), password: parameters.need('password') }
        const proven = await login.withPassword(credentials, caller)
        const groups = () => users.groupsOf(proven.user.id)
        const { step } = await factors.next(proven.user, { groups, client })
        if (step === 'none') return await issue(request, proven, target)
        const clientId = client === FIRST_PARTY ? null : client.id
        const token = await mfaTokens.start(proven, clientId, { ...target })
        throw new OAuthError('mfa_required', 'Show a second factor: GET /mfa/authenticators with the mfa_token', {
          members: { mfa_token: token },
        })
      },
    },
    completedBy('otp', (parameters) => ({ method: 'otp', code: parameters.need('otp') })),
    completedBy('oob', (parameters) => ({
      method: 'email',
      handle: parameters.need('oob_code'),
      code: parameters.need('binding_code'),
    })),
    completedBy('recovery-code', (parameters) => ({ method: 'recovery_code', code: parameters.need('recovery_code') })),
  ]
}
