/** Access tokens of the session workflow: those of a user, for the broker and vhost of an identity token. */
import {
  type BrokerTokenDeps,
  type BrokerTokenLimits,
  type BrokerTokenRequest,
  createBrokerTokens,
} from '../rabbitmq/broker-tokens.ts'
import type { Broker } from '../rabbitmq/records.ts'
import type { VhostGrant } from '../rabbitmq/rules.ts'
import type { User } from '../users/records.ts'
import type { Users } from '../users/users.ts'
import type { Caller } from '../world.ts'
import type { SessionTokenResponse } from './sessions.ts'

export interface AccessTokenDeps extends BrokerTokenDeps {
  readonly users: Users
}
export interface AccessRequest {
  readonly user: User
  /** All groups of the user, if they are known. */
  readonly userGroups?: readonly string[] | undefined
  readonly vhost: string
  readonly broker: Broker
  readonly caller: Caller
}

export interface AccessTokens {
  /** What the rules give as of now; refuses with `no_rule`, and says to the audit log which rule is missing. */
  decide(request: AccessRequest): Promise<VhostGrant>
  /** `notAfter` (epoch milliseconds) shortens the token's life; `session` is for the audit log. */
  issue(
    request: AccessRequest,
    limits?: { readonly notAfter: number; readonly session: string },
  ): Promise<SessionTokenResponse>
}

export function createAccessTokens(deps: AccessTokenDeps): AccessTokens {
  const tokens = createBrokerTokens(deps)

  async function asked({ user, userGroups, ...request }: AccessRequest): Promise<BrokerTokenRequest> {
    const { groups, roles } = await deps.users.subject(user, userGroups)
    return { ...request, subject: { kind: 'user', name: user.username, groups, roles } }
  }

  return {
    decide: async (request) => tokens.decide(await asked(request)),
    async issue(request, limits) {
      const narrow: BrokerTokenLimits = limits ? { notAfter: limits.notAfter, detail: { session: limits.session } } : {}
      const { token, claims } = await tokens.issue(await asked(request), narrow)
      return {
        access_token: token,
        token_type: 'bearer',
        expires_in: claims.exp - claims.iat,
        scope: claims.scope,
        vhost: request.vhost,
        broker: request.broker.name,
      }
    },
  }
}
